// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { RunningEngine } from '../../boot/start-engine.ts';
import { type CliContext, EXIT, type StopSignal } from '../context.ts';
import { CLI_VERSION } from '../version.ts';

export interface RunArguments {
  /** As given; relative to the working directory. */
  readonly configPath: string;
}

/** `iii`: starts the engine and keeps it until a signal comes. */
export async function runEngine({ configPath }: RunArguments, ctx: CliContext): Promise<number> {
  const [{ createStarterConfig, loadConfig }, { startEngine }, { createStderrLog }] =
    await Promise.all([
      import('../../boot/load-config.ts'),
      import('../../boot/start-engine.ts'),
      import('../../boot/stderr-log.ts'),
    ]);
  if (!existsSync(resolve(ctx.cwd, configPath))) {
    if (!(await mayCreate(configPath, ctx))) return EXIT.failed;
    createStarterConfig(configPath, ctx.cwd);
    ctx.stderr.write(
      `Created ${configPath}. Add workers with \`iii worker add <name>\` — the engine picks them up live.\n`,
    );
  }
  const config = loadConfig(configPath, { cwd: ctx.cwd, env: ctx.env, engineVersion: CLI_VERSION });
  const log = createStderrLog({
    write: (text) => ctx.stderr.write(text),
    now: ctx.now,
    ...config.log,
  });

  let engine: RunningEngine | undefined;
  const stopped = untilSignal(ctx, () => engine?.terminate());
  try {
    engine = await startEngine(config, { log });
    const signal = await stopped.signal;
    log.info('Engine stopping', { signal });
    await engine.stop();
    log.info('Engine stopped');
    return EXIT.ok;
  } finally {
    stopped.dispose();
  }
}

/** On a terminal, asks before it writes a file where there may be the wrong folder. */
async function mayCreate(configPath: string, ctx: CliContext): Promise<boolean> {
  if (!ctx.stdin.isTTY || !ctx.stderr.isTTY) return true;
  ctx.stderr.write(`No ${configPath} found in ${ctx.cwd}. Create it and start the engine? [Y/n] `);
  const answer = (await ctx.stdin.readLine())?.trim().toLowerCase();
  if (answer === '' || answer === 'y' || answer === 'yes') return true;
  ctx.stderr.write(
    'Aborted. Run `iii` from your project directory, or pass --config <path> to an existing config file.\n',
  );
  return false;
}

/** The first signal asks for an orderly stop, the second ends the process. */
function untilSignal(ctx: CliContext, terminate: () => void) {
  let isAsked = false;
  let dispose = (): void => {};
  const signal = new Promise<StopSignal>((resolveSignal) => {
    dispose = ctx.onSignal((received) => {
      if (isAsked) {
        terminate();
        ctx.exitNow(EXIT[received]);
        return;
      }
      isAsked = true;
      resolveSignal(received);
    });
  });
  return { signal, dispose: () => dispose() };
}
