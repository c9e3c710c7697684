// SPDX-License-Identifier: Apache-2.0
import { type FakeEngine, startFakeEngine } from '@iii-dev/client-core/testing';
import { runWorker } from '@iii-dev/worker-kit';
import { type RecordingLog, recordingLog } from '@iii-dev/worker-kit/testing';
import { kvWorker } from '../src/index.ts';
import { startKv } from '../src/start.ts';

/** The worker on a fake engine, at a time that the test sets. */
export interface KvFixture {
  readonly engine: FakeEngine;
  readonly log: RecordingLog;
  now: number;
  call(name: string, data: unknown): Promise<unknown>;
  close(): Promise<void>;
}

export async function start(config: unknown, dataDir: string): Promise<KvFixture> {
  const engine = await startFakeEngine();
  const log = recordingLog();
  const fixture: KvFixture = {
    engine,
    log,
    now: 1_000_000,
    call: (name, data) => engine.call(`kv_server::${name}`, data),
    async close() {
      await worker.close();
      await engine.close();
    },
  };
  const worker = await runWorker(
    { ...kvWorker, start: (context) => startKv(context, () => fixture.now) },
    { connect: { url: engine.address }, config, dataDir, log },
  ).catch(async (error) => {
    await engine.close();
    throw error;
  });
  return fixture;
}
