// SPDX-License-Identifier: Apache-2.0
import { describeOptions, type OptionSpecs, parseArguments } from '../arguments.ts';
import { type CliContext, EXIT, UsageError } from '../context.ts';
import { buildPayload } from './trigger-payload.ts';

const OPTIONS: OptionSpecs = {
  json: { value: 'JSON', help: 'Payload as JSON text; key=value operands are laid over it' },
  address: { value: 'HOST', help: 'Engine host [default: localhost]' },
  port: { value: 'PORT', help: 'Engine WebSocket port [default: 49134]' },
  'timeout-ms': { value: 'MS', help: 'Longest wait for the answer [default: 30000]' },
  namespace: { short: 'n', value: 'NS', help: "Namespace of the function [default: the engine's]" },
  help: { short: 'h', help: 'Print help; with FUNCTION_PATH, the parameters of that function' },
};
const DEFAULT_PORT = 49_134;
const LARGEST_PORT = 65_535;
const DEFAULT_TIMEOUT_MS = 30_000;
/** Help is worth a short wait only. */
const HELP_TIMEOUT_MS = 5_000;

/** Where and how to call. */
interface Target {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly namespace: string | undefined;
}

/** `iii trigger`: calls one function as any worker would, and prints its result. */
export async function runTrigger(argv: readonly string[], ctx: CliContext): Promise<number> {
  const { options, operands } = parseArguments(argv, OPTIONS);
  const [functionId, ...pairs] = operands;
  const target = resolveTarget(options);
  if (options.has('help')) {
    if (functionId === undefined) {
      ctx.stdout.write(triggerHelp());
      return EXIT.ok;
    }
    return printFunctionHelp(functionId, target, ctx);
  }
  if (functionId === undefined) {
    throw new Error('iii trigger: missing FUNCTION_PATH. Try: `iii trigger <fn-path> [args]`');
  }
  const payload = buildPayload(options.get('json'), pairs);
  const { callEngine } = await import('./engine-call.ts');
  const outcome = await callEngine(target, functionId, payload);
  switch (outcome.kind) {
    case 'result':
      if (outcome.value !== null && outcome.value !== undefined) {
        ctx.stdout.write(`${JSON.stringify(outcome.value, null, 2)}\n`);
      }
      return EXIT.ok;
    case 'error':
      ctx.stderr.write(`Error: ${JSON.stringify(outcome.error, null, 2)}\n`);
      return EXIT.failed;
    case 'unreachable':
      ctx.stderr.write(`Error: ${outcome.reason}\n`);
      return EXIT.failed;
    default:
      return outcome satisfies never;
  }
}

async function printFunctionHelp(
  functionId: string,
  target: Target,
  ctx: CliContext,
): Promise<number> {
  const [{ callEngine }, { describeFunction }] = await Promise.all([
    import('./engine-call.ts'),
    import('./function-help.ts'),
  ]);
  const question = {
    function_id: functionId,
    ...(target.namespace === undefined ? {} : { namespace: target.namespace }),
  };
  const timeoutMs = Math.min(target.timeoutMs, HELP_TIMEOUT_MS);
  const inDefault = { ...target, timeoutMs, namespace: undefined };
  const outcome = await callEngine(inDefault, 'engine::functions::info', question);
  switch (outcome.kind) {
    case 'result':
      ctx.stdout.write(`${describeFunction(functionId, outcome.value)}\nOptions:\n${optionRows()}`);
      return EXIT.ok;
    case 'error':
      ctx.stderr.write(
        `error: function \`${functionId}\` not found in engine registry.\n` +
          'Run `iii trigger engine::functions::list` to see what is there.\n',
      );
      return EXIT.failed;
    case 'unreachable':
      ctx.stderr.write(`warning: ${outcome.reason}\n`);
      ctx.stdout.write(triggerHelp());
      return EXIT.ok;
    default:
      return outcome satisfies never;
  }
}

function resolveTarget(options: ReadonlyMap<string, string>): Target {
  return {
    host: options.get('address') ?? 'localhost',
    port: wholeNumber(options, 'port', LARGEST_PORT) ?? DEFAULT_PORT,
    timeoutMs: wholeNumber(options, 'timeout-ms', Number.MAX_SAFE_INTEGER) ?? DEFAULT_TIMEOUT_MS,
    namespace: options.get('namespace'),
  };
}

function wholeNumber(
  options: ReadonlyMap<string, string>,
  name: string,
  largest: number,
): number | undefined {
  const text = options.get(name);
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text) && Number(text) <= largest) return Number(text);
  throw new UsageError(`invalid value '${text}' for '--${name}': a whole number is wanted`);
}

function optionRows(): string {
  return `${describeOptions(OPTIONS)}\n`;
}

function triggerHelp(): string {
  return `Call a function of a running engine and print its result as JSON

Usage: iii trigger [OPTIONS] [FUNCTION_PATH] [KEY=VALUE]...

Arguments:
  FUNCTION_PATH   Id of the function, such as orders::validate
  KEY=VALUE       A field of the payload; the value is JSON where it parses, text otherwise

Options:
${optionRows()}
Examples:
  iii trigger math::add a=2 b=3
  iii trigger orders::create --json '{"items":[1,2]}' urgent=true

The result goes to stdout, errors to stderr. Exit codes: 0 answered, 1 failed, 2 not understood.
`;
}
