// SPDX-License-Identifier: Elastic-2.0
// Entry of a worker process: `node worker-host.mjs iii-state`. Started by `placements/process.ts`.
//
// I1 It never outlives its engine: the IPC channel closes with the engine, however that ended.
import { BUILTIN_WORKERS } from './builtin-workers.ts';
import { BUILT_IN_HEADER, type HostMessage } from './placements/host-messages.ts';
import { within } from './placements/placement.ts';

/** Time to store what is in hand when the engine has gone, ms. */
const ORPHAN_DEADLINE_MS = 3_000;

const name = process.argv[2] ?? '';
// As in the engine's own process: chatter of libraries is for nobody.
console.debug = () => {};

async function runHost(): Promise<void> {
  const builtin = BUILTIN_WORKERS[name];
  if (builtin?.kind !== 'worker') throw new Error(`"${name}" is not a worker of this build`);
  const [definition, { lineLog, runWorker }] = await Promise.all([
    builtin.load(),
    import('@iii-dev/worker-kit'),
  ]);
  const { III_URL: url, III_DATA_DIR: dataDir, III_WORKER_CONFIG: config } = process.env;
  const token = process.env.III_BUILT_IN_TOKEN;
  if (!url || !dataDir || !token) {
    throw new Error('III_URL, III_DATA_DIR and III_BUILT_IN_TOKEN must be set');
  }
  const worker = await runWorker(definition, {
    connect: { url, headers: { [BUILT_IN_HEADER]: token } },
    config: JSON.parse(config || '{}'),
    dataDir,
    log: lineLog(name, process.stderr),
  });
  const stop = async (deadlineMs: number | null): Promise<void> => {
    const closed = worker.close();
    await (deadlineMs === null ? closed : within(deadlineMs, closed));
    process.exit(0);
  };
  process.off('disconnect', exitUnstarted);
  process.once('disconnect', () => void stop(ORPHAN_DEADLINE_MS)); // I1
  process.once('SIGTERM', () => void stop(null));
  await say({ kind: 'ready', ports: worker.ports ?? {} });
}

function exitUnstarted(): void {
  process.exit(1);
}

function say(message: HostMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, () => resolve());
  });
}

process.once('disconnect', exitUnstarted); // I1
runHost().catch(async (error: unknown) => {
  // The config error of the kit, which may stand in another bundle; so it goes by its code.
  const failure = error as { message: string; code?: unknown; problems?: unknown };
  const problems = failure.code === 'CONFIG_INVALID' ? failure.problems : null;
  await say({ kind: 'failed', message: failure.message, problems: problems as never });
  process.exit(1);
});
