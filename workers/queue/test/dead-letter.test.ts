// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { failing, type QueueFixture, startQueue } from './start-queue.ts';

const ONCE = { queue_configs: { orders: { max_retries: 1 } } };

async function bury(queue: QueueFixture, count: number): Promise<void> {
  queue.collect('f', failing);
  for (let n = 0; n < count; n += 1) {
    await queue.enqueue('orders', 'f', n, { messageReceiptId: `r${n}` });
    await queue.drained('orders');
  }
}

describe('dead messages', () => {
  it('Q20 Q21 Q22 Q24 are delivered again by a redrive', async () => {
    await using queue = await startQueue(ONCE);
    await bury(queue, 2);
    const seen = queue.collect('f');
    expect(await queue.call('iii::queue::redrive', { queue: 'orders' })).toEqual({
      queue: 'orders',
      redriven: 2,
    });
    await queue.drained('orders');
    expect(seen.sort()).toEqual([0, 1]);
    expect(await queue.call('iii::queue::redrive', { topic: 'orders' })).toEqual({
      queue: 'orders',
      redriven: 0,
    });
  });

  it('Q23 Q26 Q28 refuse calls that name nothing', async () => {
    await using queue = await startQueue();
    await expect(queue.call('iii::queue::redrive', { queue: '' })).rejects.toThrow(
      'queue_not_set: Queue name is required',
    );
    const noId = { queue: 'q', message_id: '' };
    await expect(queue.call('iii::queue::redrive_message', noId)).rejects.toThrow(
      'message_id_not_set: Message ID is required',
    );
    await expect(queue.call('engine::queue::dlq_messages', { topic: '' })).rejects.toThrow(
      'topic_required: topic is required',
    );
  });

  it('Q26 Q29 are redriven and discarded one by one', async () => {
    await using queue = await startQueue(ONCE);
    await bury(queue, 3);
    const seen = queue.collect('f');
    const one = (id: string) => ({ topic: 'orders', message_id: id });
    expect(await queue.call('iii::queue::redrive_message', one('r1'))).toEqual({
      queue: 'orders',
      message_id: 'r1',
      redriven: 1,
    });
    await queue.grown(seen, 1);
    expect(await queue.call('iii::queue::discard_message', one('r0'))).toMatchObject({
      redriven: 1,
    });
    expect(await queue.call('iii::queue::discard_message', one('r9'))).toMatchObject({
      redriven: 0,
    });
    expect((await queue.drained('orders')).dlq_depth).toBe(1);
    expect(seen).toEqual([1]);
  });

  it('are redriven and discarded by filter', async () => {
    await using queue = await startQueue(ONCE);
    await bury(queue, 2);
    queue.collect('g', failing);
    await queue.enqueue('orders', 'g', 7);
    await queue.drained('orders');
    const filter = { function_id: 'g' };
    const all = { queue: 'orders' };
    expect(await queue.call('iii::queue::discard', { ...all, filter })).toEqual({
      queue: 'orders',
      discarded: 1,
    });
    const none = { ...all, filter: { error_contains: 'something else' } };
    expect(await queue.call('iii::queue::redrive', none)).toMatchObject({ redriven: 0 });
    expect(await queue.call('iii::queue::discard', all)).toMatchObject({ discarded: 2 });
  });

  it('Q27 are looked at in pages, newest first, and stay', async () => {
    await using queue = await startQueue(ONCE);
    await bury(queue, 5);
    const page = async (more: object) =>
      (
        await queue.call<{ id: string }[]>('engine::queue::dlq_messages', {
          topic: 'orders',
          ...more,
        })
      ).map(({ id }) => id);
    const all = await page({});
    expect([...all].sort()).toEqual(['r0', 'r1', 'r2', 'r3', 'r4']);
    expect(await page({ offset: 0, limit: 2 })).toEqual(all.slice(0, 2));
    expect(await page({ offset: 2, limit: 2 })).toEqual(all.slice(2, 4));
    expect(await page({ offset: 9 })).toEqual([]);
    expect((await queue.stats('orders')).dlq_depth).toBe(5);
  });

  it('of topics are reached by the topic, also without a live subscriber', async () => {
    await using queue = await startQueue();
    queue.collect('f', failing);
    await queue.subscribe('t', 'f', { queue_config: { maxRetries: 0 } }, 'x');
    await queue.publish('t', { a: 1 });
    await queue.drained('t');
    queue.engine.connection.send({
      type: 'unregistertrigger',
      id: 'x',
      trigger_type: 'durable:subscriber',
    });
    expect(await queue.call('engine::queue::dlq_topics')).toEqual([
      { topic: 't', broker_type: 'builtin', message_count: 1 },
    ]);
    expect(await queue.call('iii::queue::redrive', { queue: 't' })).toMatchObject({ redriven: 1 });
  });
});
