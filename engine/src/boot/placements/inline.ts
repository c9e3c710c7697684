// SPDX-License-Identifier: Elastic-2.0
import type { Transport } from '@iii-dev/protocol';
import { BUILTIN_WORKERS } from '../builtin-workers.ts';
import { type PlacedWorker, type PlaceRequest, within } from './placement.ts';

/** Starts a worker in this process, over a link in memory that carries the same messages. */
export async function placeInline(
  { worker, log }: PlaceRequest,
  transport: Transport,
): Promise<PlacedWorker> {
  const builtin = BUILTIN_WORKERS[worker.builtin];
  if (builtin?.kind !== 'worker')
    throw new Error(`${worker.builtin} is not a worker of this build`);
  const [definition, { runWorker }] = await Promise.all([
    builtin.load(),
    import('@iii-dev/worker-kit'),
  ]);
  const running = await runWorker(definition, {
    connect: { transport },
    config: worker.config,
    dataDir: worker.dataDir,
    log,
  });
  return {
    id: worker.id,
    builtin: worker.builtin,
    ports: running.ports ?? {},
    async close(deadlineMs) {
      if (await within(deadlineMs, running.close())) return;
      log.warn('Worker did not stop in time', { worker: worker.id, deadline_ms: deadlineMs });
    },
    // It ends with the process.
    terminate() {},
  };
}
