// SPDX-License-Identifier: Apache-2.0
import { describeOptions, type OptionSpecs, parseArguments } from './arguments.ts';
import { type CliContext, EXIT, UsageError } from './context.ts';

/** Options in front of a command. */
const ROOT_OPTIONS: OptionSpecs = {
  config: { short: 'c', value: 'PATH', help: 'Engine config file [default: config.yaml]' },
  version: { short: 'v', help: 'Print the version' },
  'no-update-check': { help: 'Skip the check for updates (this build makes none)' },
  help: { short: 'h', help: 'Print help' },
};

/** Commands of the contract that this build has no code for. */
const COMING_COMMANDS = ['worker', 'project', 'compose', 'console', 'cloud', 'update'];
const COMMANDS = ['trigger', 't', 'version', ...COMING_COMMANDS];

/** Runs one command line and returns its exit code. */
export async function runCli(argv: readonly string[], ctx: CliContext): Promise<number> {
  try {
    return await dispatch(argv, ctx);
  } catch (error) {
    if (error instanceof UsageError) {
      ctx.stderr.write(`error: ${error.message}\n\nFor more information, try '--help'.\n`);
      return EXIT.usage;
    }
    ctx.stderr.write(`Error: ${describeFailure(error)}\n`);
    return EXIT.failed;
  }
}

async function dispatch(argv: readonly string[], ctx: CliContext): Promise<number> {
  const { options, operands, rest } = parseArguments(argv, ROOT_OPTIONS, { stopsAtOperand: true });
  if (options.has('version')) {
    return (await import('./commands/version.ts')).runVersion(ctx);
  }
  if (options.has('help')) {
    ctx.stdout.write(rootHelp());
    return EXIT.ok;
  }
  const [command] = operands;
  switch (command) {
    case undefined: {
      const { runEngine } = await import('./commands/run.ts');
      return runEngine({ configPath: options.get('config') ?? 'config.yaml' }, ctx);
    }
    case 'trigger':
    case 't':
      return (await import('./commands/trigger.ts')).runTrigger(rest, ctx);
    case 'version':
      return (await import('./commands/version.ts')).runVersion(ctx);
    default:
      return refuse(command, ctx);
  }
}

async function refuse(command: string, ctx: CliContext): Promise<number> {
  if (COMING_COMMANDS.includes(command)) {
    ctx.stderr.write(`error: \`iii ${command}\` is not part of this build yet\n`);
    return EXIT.failed;
  }
  const { suggest } = await import('../boot/suggest.ts');
  const near = suggest(command, COMMANDS);
  const hint = near === null ? '' : `\n\n  tip: did you mean '${near}'?`;
  throw new UsageError(`unrecognized subcommand '${command}'${hint}`);
}

/** The message alone: a stack says nothing to whoever typed a command. */
function describeFailure(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function rootHelp(): string {
  return `iii: one engine for functions, triggers and workers

Usage: iii [OPTIONS] [COMMAND]

Without a command, starts the engine.

Commands:
  trigger   Call a function of a running engine (alias: t)
  version   Print the version
  worker    Manage workers (not part of this build yet)
  project   Set up a project (not part of this build yet)
  compose   Run workers together (not part of this build yet)
  console   Open the web console (not part of this build yet)
  cloud     Managed hosting (not part of this build yet)
  update    Update iii (not part of this build yet)

Options:
${describeOptions(ROOT_OPTIONS)}

Exit codes: 0 done, 1 failed, 2 not understood, 130 and 143 interrupted.
`;
}
