// SPDX-License-Identifier: Apache-2.0
import { type FakeEngine, type FakeFunction, startFakeEngine } from '@iii-dev/client-core/testing';
import { runWorker, type StartedWorker } from '@iii-dev/worker-kit';
import { type RecordingLog, recordingLog } from '@iii-dev/worker-kit/testing';
import { InvocationError } from 'iii-sdk';
import { queueWorker } from '../src/index.ts';

/** The adapter without files. */
export const IN_MEMORY = { name: 'builtin', config: { store_method: 'in_memory' } };

/** The queue worker on a fake engine. */
export class QueueFixture {
  readonly engine: FakeEngine;
  readonly worker: StartedWorker;
  readonly log: RecordingLog;

  constructor(engine: FakeEngine, worker: StartedWorker, log: RecordingLog) {
    this.engine = engine;
    this.worker = worker;
    this.log = log;
  }

  call<T = unknown>(functionId: string, data?: unknown): Promise<T> {
    return this.engine.call(functionId, data) as Promise<T>;
  }

  enqueue(queue: string, functionId: string, data: unknown, more: Record<string, unknown> = {}) {
    const input = { queue, function_id: functionId, data, ...more };
    return this.call<null | { messageReceiptId: string }>('engine::queue::enqueue', input);
  }

  publish(topic: string, data: unknown, more: Record<string, unknown> = {}): Promise<unknown> {
    return this.call('iii::durable::publish', { topic, data, ...more });
  }

  subscribe(topic: string, functionId: string, more: Record<string, unknown> = {}, id?: string) {
    const { namespace, metadata, ...config } = more;
    return this.engine.bind({
      trigger_type: 'durable:subscriber',
      function_id: functionId,
      config: { topic, ...config },
      ...(id === undefined ? {} : { id }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(namespace === undefined ? {} : { namespace: namespace as string }),
    });
  }

  /** Serves a function that notes what it is called with. */
  collect(functionId: string, answer: FakeFunction = () => null): unknown[] {
    const seen: unknown[] = [];
    this.engine.serve(functionId, (data, metadata, frame) => {
      seen.push(data);
      return answer(data, metadata, frame);
    });
    return seen;
  }

  /** Resolves when a list has grown to a length. */
  async grown(seen: readonly unknown[], length: number): Promise<void> {
    await this.engine.waitFor(() => seen.length >= length, `${length} calls, got ${seen.length}`);
  }

  stats(topic: string) {
    return this.call<Record<string, number>>('engine::queue::topic_stats', { topic });
  }

  /** Resolves when nothing of a queue or topic waits, runs or is delayed. */
  async drained(topic: string): Promise<Record<string, number>> {
    for (;;) {
      const stats = await this.stats(topic);
      if (stats.depth === 0 && stats.delayed === 0) return stats;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker.close();
    await this.engine.close();
  }
}

/** Starts the worker; without a folder it keeps everything in memory. */
export async function startQueue(
  config: Record<string, unknown> = {},
  dataDir?: string,
): Promise<QueueFixture> {
  const engine = await startFakeEngine();
  const log = recordingLog();
  try {
    const worker = await runWorker(queueWorker, {
      connect: { url: engine.address },
      config: { ...(dataDir === undefined ? { adapter: IN_MEMORY } : {}), ...config },
      dataDir: dataDir ?? '/nonexistent',
      log,
    });
    return new QueueFixture(engine, worker, log);
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** An answer that fails. */
export function failing(): never {
  throw new InvocationError({ code: 'boom', message: 'no luck' });
}
