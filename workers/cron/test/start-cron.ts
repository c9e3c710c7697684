// SPDX-License-Identifier: Apache-2.0
import { type FakeFunction, startFakeEngine } from '@iii-dev/client-core/testing';
import { runWorker } from '@iii-dev/worker-kit';
import { recordingLog } from '@iii-dev/worker-kit/testing';
import { createMemoryCronStore } from '../src/adapters/memory.ts';
import { cronWorker } from '../src/index.ts';
import { startCron } from '../src/start.ts';
import { FakeClock } from './schedule/fake-clock.ts';

export const IN_MEMORY = { adapter: { name: 'kv', config: { store_method: 'in_memory' } } };

/** The worker on a fake engine, over a real socket, on a clock that the test moves. */
export async function start(config: unknown = IN_MEMORY) {
  const clock = new FakeClock('2026-03-04T10:15:30.500Z');
  const engine = await startFakeEngine();
  const log = recordingLog();
  const store = createMemoryCronStore();
  const worker = await runWorker(
    { ...cronWorker, start: (context) => startCron(context, { clock, store }) },
    { connect: { url: engine.address }, config, dataDir: '/nonexistent', log },
  );
  return {
    clock,
    engine,
    log,
    worker,
    bind: (
      id: string,
      config: unknown,
      extra: { function_id?: string; metadata?: unknown; namespace?: string } = {},
    ) => engine.bind({ trigger_type: 'cron', id, config, function_id: 'jobs::x', ...extra }),
    /** Serves a function and keeps what it was called with. */
    serve(id: string, answer: FakeFunction = () => undefined) {
      const calls: { data: unknown; metadata: unknown; namespace: unknown }[] = [];
      engine.serve(id, (data, metadata, frame) => {
        calls.push({ data, metadata, namespace: frame.namespace });
        return answer(data, metadata, frame);
      });
      return calls;
    },
    /** Frames keep their order, so this comes after everything sent before. */
    settled: () => engine.call('cron::list'),
    async [Symbol.asyncDispose]() {
      await worker.close();
      await engine.close();
    },
  };
}

export const EVERY_SECOND = { expression: '* * * * * *' };
