// SPDX-License-Identifier: Apache-2.0
import { makeTempDir } from '@iii-dev/worker-kit/testing';
import { describe, expect, it } from 'vitest';
import { laneId } from '../src/lane.ts';
import { failing, startQueue } from './start-queue.ts';

describe('a topic', () => {
  it('Q30 Q31 Q32 gives each function one copy, however many triggers it has', async () => {
    await using queue = await startQueue();
    const a = queue.collect('a');
    const b = queue.collect('b');
    await queue.subscribe('t', 'a');
    await queue.subscribe('t', 'b');
    await queue.subscribe('t', 'b');
    const data = [1, { two: [3] }, 'x', null, 4.5];
    for (const each of data) await queue.publish('t', each);
    await queue.drained('t');
    expect([a, b]).toEqual([data, data]);
  });

  it('Q33 stops to deliver when the trigger goes, and goes on when it comes back', async () => {
    await using queue = await startQueue();
    const a = queue.collect('a');
    const b = queue.collect('b');
    await queue.subscribe('t', 'a');
    await queue.subscribe('t', 'b', {}, 'tb');
    queue.engine.connection.send({
      type: 'unregistertrigger',
      id: 'tb',
      trigger_type: 'durable:subscriber',
    });
    await queue.publish('t', 1);
    await queue.grown(a, 1);
    expect(b).toEqual([]);
    await queue.subscribe('t', 'b', {}, 'tb');
    await queue.grown(b, 1);
    expect([a, b]).toEqual([[1], [1]]);
  });

  it('Q34 Q36 asks the condition in the namespace of the trigger; only false skips', async () => {
    await using queue = await startQueue();
    const asked: unknown[] = [];
    const seen = queue.collect('f');
    queue.collect('cond', (data, metadata, frame) => {
      asked.push([frame.namespace, metadata]);
      return data === 1 ? false : data === 2 ? null : 0;
    });
    await queue.subscribe('t', 'f', { condition_function_id: 'cond', namespace: 'orders' });
    for (const data of [1, 2, 3]) await queue.publish('t', data);
    await queue.drained('t');
    expect(seen.sort()).toEqual([2, 3]);
    expect(asked).toEqual(Array.from({ length: 3 }, () => ['orders', undefined]));
  });

  it('Q35 Q37 tells equal functions of different namespaces apart', async () => {
    await using queue = await startQueue();
    const spaces: unknown[] = [];
    queue.collect('f', (_data, _metadata, frame) => spaces.push(frame.namespace));
    await queue.subscribe('t', 'f', { namespace: 'orders' });
    await queue.subscribe('t', 'f', { namespace: 'analytics' });
    await queue.publish('t', 1);
    await queue.drained('t');
    expect(spaces.sort()).toEqual(['analytics', 'orders']);
    const of = (functionId: string, namespace: string) =>
      laneId({ kind: 'subscriber', name: 't', functionId, namespace });
    expect(of('task@blue', 'green')).not.toBe(of('task', 'blue@green'));
    expect(of('fn', 'default')).toBe('t::fn@default');
  });

  it('Q38 refuses an empty topic and a call without data', async () => {
    await using queue = await startQueue();
    await expect(queue.publish('', 1)).rejects.toThrow('topic_not_set: Topic is not set');
    await expect(queue.call('iii::durable::publish', { topic: 't' })).rejects.toThrow(
      'deserialization_error: Failed to deserialize input for iii::durable::publish: missing field `data`',
    );
  });

  it('Q39 follows the subscription of the day in its retries', async () => {
    await using queue = await startQueue();
    await queue.publish('t', 1);
    const seen = queue.collect('f', failing);
    await queue.subscribe('t', 'f', { queue_config: { maxRetries: 3, backoffDelayMs: 1 } });
    expect((await queue.drained('t')).dlq_depth).toBe(1);
    expect(seen).toHaveLength(4);
  });

  it('Q40 keeps what was published before the first subscriber, also over a restart', async () => {
    await using dir = await makeTempDir();
    {
      await using queue = await startQueue({}, dir.path);
      for (const n of [1, 2, 3]) await queue.publish('t', n);
    }
    await using queue = await startQueue({}, dir.path);
    const seen = queue.collect('f');
    await queue.publish('t', 4);
    await queue.subscribe('t', 'f', { queue_config: { type: 'fifo' } });
    await queue.drained('t');
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  it('collects for a subscriber that is away over a restart', async () => {
    await using dir = await makeTempDir();
    {
      await using queue = await startQueue({}, dir.path);
      queue.collect('f');
      await queue.subscribe('t', 'f');
    }
    await using queue = await startQueue({}, dir.path);
    await queue.publish('t', 'while away');
    const seen = queue.collect('f');
    await queue.subscribe('t', 'f');
    await queue.grown(seen, 1);
    expect(seen).toEqual(['while away']);
  });

  it('serves the names of old clients, and hands a trigger its metadata', async () => {
    await using queue = await startQueue();
    let told: unknown;
    const seen = queue.collect('f', (_data, metadata) => {
      told = metadata;
    });
    await queue.engine.bind({
      trigger_type: 'queue',
      function_id: 'f',
      config: { queue: 't' },
      metadata: { m: 1 },
    });
    await queue.call('enqueue', { topic: 't', data: 5 });
    await queue.grown(seen, 1);
    expect([seen, told]).toEqual([[5], { m: 1 }]);
  });

  it('refuses a trigger without a topic', async () => {
    await using queue = await startQueue();
    const result = await queue.engine.bind({
      trigger_type: 'durable:subscriber',
      function_id: 'f',
      config: {},
    });
    expect(JSON.stringify(result.error)).toContain(
      'queue is required for durable:subscriber trigger',
    );
  });
});
