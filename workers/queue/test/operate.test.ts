// SPDX-License-Identifier: Apache-2.0
import { makeTempDir } from '@iii-dev/worker-kit/testing';
import { describe, expect, it } from 'vitest';
import { failing, startQueue } from './start-queue.ts';

const job = (id: string) => ({ messageReceiptId: id });

describe('an operator', () => {
  it('Q41 Q42 lists topics and queues under the names people gave them', async () => {
    await using queue = await startQueue({ queue_configs: { pay: { concurrency: 4 } } });
    await queue.subscribe('t', 'f');
    await queue.publish('nobody', 1);
    expect(await queue.call('engine::queue::list_topics', 'ignored')).toEqual([
      { name: 't', broker_type: 'builtin', subscriber_count: 1 },
      { name: 'default', broker_type: 'builtin', subscriber_count: 10 },
      { name: 'pay', broker_type: 'builtin', subscriber_count: 4 },
    ]);
    expect(await queue.call('engine::queue::dlq_topics')).toEqual([]);
  });

  it('pauses and resumes, also over a restart', async () => {
    await using dir = await makeTempDir();
    {
      await using queue = await startQueue({}, dir.path);
      await queue.call('engine::queue::pause', { queue: 'default' });
      await queue.enqueue('default', 'f', 1);
    }
    await using queue = await startQueue({}, dir.path);
    const seen = queue.collect('f');
    expect(await queue.stats('default')).toMatchObject({ depth: 1, active: 0, paused: true });
    await queue.call('engine::queue::resume', { queue: 'default' });
    await queue.grown(seen, 1);
  });

  it('cancels a message that waits, and not one that runs', async () => {
    await using queue = await startQueue({ queue_configs: { q: { concurrency: 1 } } });
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const seen = queue.collect('f', () => gate);
    await queue.enqueue('q', 'f', 1, job('r1'));
    await queue.enqueue('q', 'f', 2, job('r2'));
    await queue.enqueue('q', 'f', 3, { ...job('r3'), delay_ms: 3_600_000 });
    await queue.grown(seen, 1);
    const cancel = (id: string) => queue.call('engine::queue::cancel', job(id));
    expect(await cancel('r1')).toMatchObject({ cancelled: false });
    expect(await cancel('r2')).toMatchObject({ cancelled: true });
    expect(await cancel('r3')).toMatchObject({ cancelled: true });
    expect(await cancel('none')).toMatchObject({ cancelled: false });
    open();
    await queue.drained('q');
    expect(seen).toEqual([1]);
  });

  it('sees where a message is', async () => {
    await using queue = await startQueue({
      queue_configs: { q: { concurrency: 1, max_retries: 2, backoff_ms: 3_600_000 } },
    });
    const status = (id: string) =>
      queue.call<Record<string, unknown> | null>('engine::queue::job', job(id));
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const seen = queue.collect('f', () => gate);
    queue.collect('bad', failing);
    await queue.enqueue('q', 'f', 1, job('a'));
    await queue.enqueue('q', 'bad', 1, job('b'));
    await queue.grown(seen, 1);
    expect(await status('a')).toMatchObject({ status: 'running', queue: 'q', function_id: 'f' });
    expect(await status('b')).toMatchObject({ status: 'queued', attempts: 0 });
    open();
    await queue.engine.waitForFrame('invokefunction', (frame) => frame.function_id === 'bad');
    let found = await status('b');
    while (found?.status !== 'retrying') found = await status('b');
    expect(found).toMatchObject({ attempts: 1, last_error: { code: 'boom', message: 'no luck' } });
    expect(await status('a')).toMatchObject({ status: 'succeeded', attempts: 1 });
    expect(await status('none')).toBeNull();
  });

  it('purges what waits', async () => {
    await using queue = await startQueue();
    await queue.call('engine::queue::pause', { queue: 'default' });
    const numbers = Array.from({ length: 1200 }, (_, n) => n);
    await Promise.all(numbers.map((n) => queue.enqueue('default', 'f', n)));
    await queue.enqueue('default', 'f', 1, { delay_ms: 3_600_000 });
    expect(await queue.call('engine::queue::purge', { queue: 'default' })).toEqual({
      queue: 'default',
      purged: 1201,
    });
    expect(await queue.stats('default')).toMatchObject({ depth: 0, delayed: 0 });
  });

  it('makes a queue that is there after a restart', async () => {
    await using dir = await makeTempDir();
    const ensure = { function_id: 'f', config: { concurrency: 2 } };
    {
      await using queue = await startQueue({}, dir.path);
      expect(await queue.call('engine::queue::ensure', ensure)).toEqual({
        function_id: 'f',
        queue: 'f',
        changed: true,
      });
      expect(await queue.call('engine::queue::ensure', ensure)).toMatchObject({ changed: false });
      const bad = { function_id: 'f', config: { type: 'fifo' } };
      await expect(queue.call('engine::queue::ensure', bad)).rejects.toThrow(
        "Queue 'f' is of type 'fifo' but 'message_group_field' is not set",
      );
    }
    await using queue = await startQueue({}, dir.path);
    expect((await queue.stats('f')).consumer_count).toBe(2);
  });
});

describe('a message', () => {
  it('of a repeated key is queued once within the window', async () => {
    await using queue = await startQueue();
    const seen = queue.collect('f');
    const key = { idempotency_key: 'k' };
    await queue.enqueue('default', 'f', 1, { ...key, ...job('first') });
    expect(await queue.enqueue('default', 'f', 2, { ...key, ...job('second') })).toEqual({
      messageReceiptId: 'first',
      deduplicated: true,
    });
    const metadata = { iii_queue: { idempotency_key: 'k' } };
    await queue.enqueue('default', 'f', 3, { ...job('third'), metadata });
    await queue.subscribe('t', 'f');
    await queue.publish('t', 'a', key);
    await queue.publish('t', 'b', key);
    await queue.drained('t');
    await queue.drained('default');
    expect(seen).toEqual([1, 'a']);
  });

  it('of a repeated key is queued again after the window', async () => {
    await using queue = await startQueue({
      queue_configs: { q: { idempotency_key_field: 'k', dedup_window_ms: 1 } },
    });
    const seen = queue.collect('f');
    let sent = 0;
    while (seen.length < 2) {
      await queue.enqueue('q', 'f', { k: 1 });
      sent += 1;
    }
    expect(sent).toBeGreaterThan(1);
  });

  it('waits for its time', async () => {
    await using queue = await startQueue();
    const seen = queue.collect('f');
    const far = new Date(Date.now() + 3_600_000).toISOString();
    await queue.enqueue('default', 'f', 'far', { deliver_at: far });
    await queue.enqueue('default', 'f', 'past', { deliver_at: '2020-01-01T00:00:00Z' });
    await queue.enqueue('default', 'f', 'soon', { delay_ms: 5 });
    await queue.grown(seen, 2);
    expect(seen).toEqual(['past', 'soon']);
    expect(await queue.stats('default')).toMatchObject({ delayed: 1 });
  });

  it('replaces those of its debounce key that still wait', async () => {
    await using queue = await startQueue({
      queue_configs: { q: { debounce: { wait_ms: 50, key_field: 'k' } } },
    });
    const seen = queue.collect('f');
    await Promise.all([1, 2, 3].map((n) => queue.enqueue('q', 'f', { k: 'a', n })));
    await queue.enqueue('q', 'f', { k: 'b', n: 1 });
    await queue.drained('q');
    expect(seen).toHaveLength(2);
    expect(seen).toContainEqual({ k: 'a', n: 3 });
    expect(seen).toContainEqual({ k: 'b', n: 1 });
  });

  it('waits for its turn under the rate limit of its key', async () => {
    await using queue = await startQueue({
      queue_configs: { q: { rate_limit: { limit: 1, per_ms: 3_600_000, key_field: 'k' } } },
    });
    const seen = queue.collect('f');
    for (const k of ['a', 'a', 'b']) await queue.enqueue('q', 'f', { k });
    await queue.grown(seen, 2);
    expect(seen).toEqual([{ k: 'a' }, { k: 'b' }]);
    let stats = await queue.stats('q');
    while (stats.delayed !== 1) stats = await queue.stats('q');
    expect(seen).toHaveLength(2);
  });

  it('is refused by a queue that is full', async () => {
    await using queue = await startQueue({ queue_configs: { q: { max_depth: 1 } } });
    await queue.call('engine::queue::pause', { queue: 'q' });
    await queue.enqueue('q', 'f', 1);
    await expect(queue.enqueue('q', 'f', 2)).rejects.toThrow("Queue 'q' is full");
  });
});
