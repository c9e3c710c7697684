// SPDX-License-Identifier: Apache-2.0
import { type FakeEngine, startFakeEngine } from '@iii-dev/client-core/testing';
import { runWorker, type StartedWorker } from '@iii-dev/worker-kit';
import { type RecordingLog, recordingLog } from '@iii-dev/worker-kit/testing';
import { pubsubWorker } from '../src/index.ts';

/** The worker on a fake engine, over a real socket. */
export class PubsubFixture {
  readonly engine: FakeEngine;
  readonly worker: StartedWorker;
  readonly log: RecordingLog;

  constructor(engine: FakeEngine, worker: StartedWorker, log: RecordingLog) {
    this.engine = engine;
    this.worker = worker;
    this.log = log;
  }

  publish(topic: string, data: unknown): Promise<unknown> {
    return this.engine.call('publish', { topic, data });
  }

  /** Binds a function that keeps what it is called with. */
  async listen(
    id: string,
    config: unknown,
    extra: { metadata?: unknown; namespace?: string; function_id?: string } = {},
  ): Promise<{ data: unknown; metadata: unknown; namespace: string | undefined }[]> {
    const heard: { data: unknown; metadata: unknown; namespace: string | undefined }[] = [];
    const functionId = extra.function_id ?? `listener::${id}`;
    this.engine.serve(functionId, (data, metadata, frame) => {
      heard.push({ data, metadata, namespace: frame.namespace });
    });
    await this.bind(id, config, { ...extra, function_id: functionId });
    return heard;
  }

  bind(
    id: string,
    config: unknown,
    extra: { function_id: string; metadata?: unknown; namespace?: string },
  ) {
    return this.engine.bind({ trigger_type: 'subscribe', id, config, ...extra });
  }

  /** Removes a binding; frames keep their order, so a later call comes after it. */
  unbind(id: string): void {
    this.engine.connection.send({ type: 'unregistertrigger', id, trigger_type: 'subscribe' });
  }

  /** Resolves once everything published so far has been heard. */
  async settled(): Promise<void> {
    const barrier = await this.listen('barrier', { topic: 'barrier' });
    await this.publish('barrier', null);
    await this.engine.waitFor(() => barrier.length === 1, 'the barrier');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker.close();
    await this.engine.close();
  }
}

export async function startPubsub(config: unknown = {}): Promise<PubsubFixture> {
  const engine = await startFakeEngine();
  const log = recordingLog();
  const worker = await runWorker(pubsubWorker, {
    connect: { url: engine.address },
    config,
    dataDir: '/nonexistent',
    log,
    configPath: 'config.yaml: workers[0].config',
  });
  return new PubsubFixture(engine, worker, log);
}
