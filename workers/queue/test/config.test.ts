// SPDX-License-Identifier: Apache-2.0
import { resolveConfig } from '@iii-dev/worker-kit';
import { describe, expect, it } from 'vitest';
import { queueConfig } from '../src/config.ts';
import { queueWorker } from '../src/index.ts';

const resolve = (raw: unknown) => resolveConfig(queueConfig, raw, { worker: 'iii-queue' });
const withQueue = (entry: object) => () => resolve({ queue_configs: { q: entry } });

describe('the config', () => {
  it('always has the queue "default"', () => {
    expect([...resolve({}).queues.keys()]).toEqual(['default']);
    expect(
      resolve({ queue_configs: { default: { concurrency: 3 } } }).queues.get('default'),
    ).toMatchObject({ concurrency: 3, maxAttempts: 3 });
  });

  it('names what is wrong with a queue', () => {
    expect(withQueue({ type: 'lifo' })).toThrow(
      "Queue 'q' has invalid type 'lifo'. Must be 'standard' or 'fifo'",
    );
    expect(withQueue({ type: 'fifo' })).toThrow(
      "Queue 'q' is of type 'fifo' but 'message_group_field' is not set",
    );
    expect(withQueue({ concurrency: 0 })).toThrow(
      "Queue 'q' has 'concurrency' 0; it must be at least 1",
    );
    expect(withQueue({ max_priority: 0 })).toThrow(
      "Queue 'q' has 'max_priority' 0; it must be between 1 and 255",
    );
    expect(withQueue({ max_retry: 1 })).toThrow('unknown key');
  });

  it('takes old adapter names, and says which adapters there are', () => {
    const storage = (name: string) => resolve({ adapter: { name } }).storage.kind;
    expect(storage('modules::queue::BuiltinQueueAdapter')).toBe('files');
    expect(storage('in_memory')).toBe('memory');
    for (const name of ['redis', 'rabbitmq', 'bridge']) {
      expect(() => storage(name)).toThrow(
        `Adapter factory '${name}' not found. Available: ["builtin"`,
      );
    }
    const config = { store_methd: 'in_memory' };
    expect(() => resolve({ adapter: { name: 'builtin', config } })).toThrow('store_methd');
  });

  it('answers to the names of every generation', () => {
    expect(queueWorker.name).toBe('iii-queue');
    expect(queueWorker.aliases).toEqual([
      'queue',
      'modules::queue::QueueModule',
      'workers::queue::QueueModule',
    ]);
  });
});
