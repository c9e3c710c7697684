// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { failing, startQueue } from './start-queue.ts';

const FIFO = { type: 'fifo', message_group_field: 'g', backoff_ms: 1, concurrency: 5 };

describe('a named queue', () => {
  it('Q01 calls the function once with the identical data', async () => {
    await using queue = await startQueue();
    const data = { a: { b: [1, 2.5, null, 'x'] }, n: 7 };
    const seen = queue.collect('orders::charge');
    expect(await queue.enqueue('default', 'orders::charge', data, { messageReceiptId: 'r1' })).toBe(
      null,
    );
    await queue.drained('default');
    expect(seen).toEqual([data]);
  });

  it('keeps integers that no number holds', async () => {
    await using queue = await startQueue();
    queue.collect('f');
    const { connection } = queue.engine;
    connection.sendText(
      '{"type":"invokefunction","invocation_id":"i","function_id":"engine::queue::enqueue",' +
        '"data":{"queue":"default","function_id":"f","data":{"n":12345678901234567890}}}',
    );
    await queue.engine.waitForFrame('invokefunction', (frame) => frame.function_id === 'f');
    expect(connection.texts.some((text) => text.includes('"n":12345678901234567890'))).toBe(true);
  });

  it('Q02 Q03 Q04 refuses an unknown queue and a message without its group', async () => {
    await using queue = await startQueue({ queue_configs: { pay: FIFO } });
    await expect(queue.enqueue('none', 'f', {})).rejects.toThrow(
      "enqueue_error: Queue 'none' not found",
    );
    await expect(queue.enqueue('pay', 'f', {})).rejects.toThrow(
      "FIFO queue 'pay' requires field 'g' in data, but it was not found",
    );
    await expect(queue.enqueue('pay', 'f', { g: null })).rejects.toThrow(
      "FIFO queue 'pay': field 'g' must not be null",
    );
  });

  it('takes a queue named after its function', async () => {
    await using queue = await startQueue();
    const seen = queue.collect('jobs::run');
    await queue.enqueue('jobs::run', 'jobs::run', 1);
    await queue.grown(seen, 1);
  });

  it('Q06 Q51 hands trace and baggage on, without local tags', async () => {
    await using queue = await startQueue();
    queue.collect('f');
    const baggage = 'iii.tag.kind=x,iii.session.id=s,iii.function.id=f';
    await queue.enqueue('default', 'f', 1, { traceparent: '00-a-b-01', baggage });
    await queue.enqueue('default', 'g', 1, { traceparent: '00-a-b-01', baggage: 'iii.tag.kind=x' });
    const call = await queue.engine.waitForFrame('invokefunction', (f) => f.function_id === 'f');
    expect(call.traceparent).toBe('00-a-b-01');
    expect(call.baggage).toBe('iii.session.id=s,iii.function.id=f');
    const other = await queue.engine.waitForFrame('invokefunction', (f) => f.function_id === 'g');
    expect(other.baggage).toBeUndefined();
  });

  it('Q08 calls the function of the namespace, also after retries', async () => {
    await using queue = await startQueue({
      queue_configs: { q: { max_retries: 2, backoff_ms: 1 } },
    });
    const spaces: unknown[] = [];
    queue.collect('f', (_data, _metadata, frame) => {
      spaces.push(frame.namespace);
      return failing();
    });
    await queue.enqueue('q', 'f', 1, { namespace: 'orders' });
    await queue.grown(spaces, 2);
    expect(spaces).toEqual(['orders', 'orders']);
  });

  it('Q09 holds a message for a function that is missing, and others pass it', async () => {
    await using queue = await startQueue({ queue_configs: { q: { max_retries: 1 } } });
    const seen = queue.collect('there');
    await queue.enqueue('q', 'missing', 'early');
    await queue.enqueue('q', 'there', 1);
    await queue.grown(seen, 1);
    const late = queue.collect('missing');
    await queue.drained('q');
    expect([seen, late]).toEqual([[1], ['early']]);
    expect((await queue.stats('q')).dlq_depth).toBe(0);
  });

  it('Q10 Q11 keeps the order of a group and queues apart', async () => {
    await using queue = await startQueue({ queue_configs: { pay: FIFO, other: FIFO } });
    const pay = queue.collect('pay');
    const other = queue.collect('other');
    for (let n = 0; n < 5; n += 1) {
      await Promise.all([
        queue.enqueue('pay', 'pay', { g: 1, n }),
        queue.enqueue('other', 'other', { g: 1, n }),
      ]);
    }
    await queue.drained('pay');
    await queue.drained('other');
    const expected = [0, 1, 2, 3, 4].map((n) => ({ g: 1, n }));
    expect([pay, other]).toEqual([expected, expected]);
  });

  it('keeps the order of a group while its messages fail, and other groups go on', async () => {
    await using queue = await startQueue({ queue_configs: { pay: { ...FIFO, max_retries: 3 } } });
    const done: { g: string; n: number }[] = [];
    const failures = new Map<number, number>();
    let running = 0;
    const seen = queue.collect('f', async (data) => {
      const { g, n } = data as { g: string; n: number };
      running += g === 'a' ? 1 : 0;
      expect(running).toBeLessThanOrEqual(1);
      await new Promise((resolve) => setImmediate(resolve));
      running -= g === 'a' ? 1 : 0;
      const before = failures.get(n) ?? 0;
      failures.set(n, before + 1);
      if (g === 'a' && before < 2) return failing();
      done.push({ g, n });
      return null;
    });
    for (let n = 0; n < 20; n += 1) {
      await queue.enqueue('pay', 'f', { g: n % 2 === 0 ? 'a' : 'b', n });
    }
    await queue.drained('pay');
    expect(seen).toHaveLength(40);
    for (const g of ['a', 'b']) {
      const order = done.filter((each) => each.g === g).map(({ n }) => n);
      expect(order).toEqual([...order].sort((x, y) => x - y));
      expect(order).toHaveLength(10);
    }
  });

  it('Q12 runs as many as its concurrency allows, and no more', async () => {
    await using queue = await startQueue({ queue_configs: { q: { concurrency: 3 } } });
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const seen = queue.collect('f', () => gate);
    for (let n = 0; n < 5; n += 1) await queue.enqueue('q', 'f', n);
    await queue.grown(seen, 3);
    expect(await queue.stats('q')).toMatchObject({ active: 3, waiting: 2, depth: 5 });
    open();
    await queue.drained('q');
    expect(seen).toHaveLength(5);
  });

  it('Q14 Q15 Q16 Q17 calls as often as configured, then keeps the message as dead', async () => {
    await using queue = await startQueue({
      queue_configs: { two: { max_retries: 2, backoff_ms: 1 }, none: { max_retries: 0 } },
    });
    const seen = queue.collect('f', failing);
    const once = queue.collect('g', failing);
    await queue.enqueue('two', 'f', { n: 1 }, { messageReceiptId: 'r' });
    await queue.enqueue('none', 'g', 1);
    expect((await queue.drained('two')).dlq_depth).toBe(1);
    expect((await queue.drained('none')).dlq_depth).toBe(1);
    expect([seen.length, once.length]).toEqual([2, 1]);
    const [dead] = await queue.call<Record<string, unknown>[]>('engine::queue::dlq_messages', {
      topic: 'two',
    });
    expect(dead).toMatchObject({
      id: 'r',
      payload: { n: 1 },
      retries: 2,
      error: '{"code":"boom","message":"no luck"}',
    });
    const fine = queue.collect('h');
    await queue.enqueue('two', 'h', 1);
    await queue.grown(fine, 1);
    expect(seen).toHaveLength(2);
  });

  it('runs the highest priority first', async () => {
    await using queue = await startQueue({
      queue_configs: { q: { concurrency: 1, priority_field: 'p' } },
    });
    const seen = queue.collect('f');
    await queue.call('engine::queue::pause', { queue: 'q' });
    for (const p of [1, 9, 5, 'x']) await queue.enqueue('q', 'f', { p });
    await queue.call('engine::queue::resume', { queue: 'q' });
    await queue.drained('q');
    expect(seen).toEqual([{ p: 9 }, { p: 5 }, { p: 1 }, { p: 'x' }]);
  });

  it('runs a backlog far larger than its window in order', async () => {
    await using queue = await startQueue({ queue_configs: { q: { concurrency: 1 } } });
    const seen = queue.collect('f');
    await queue.call('engine::queue::pause', { queue: 'q' });
    const numbers = Array.from({ length: 3500 }, (_, n) => n);
    await Promise.all(numbers.map((n) => queue.enqueue('q', 'f', n)));
    await queue.call('engine::queue::resume', { queue: 'q' });
    await queue.drained('q');
    expect(seen).toEqual(numbers);
  });

  it('does not let a long group that waits keep other groups out', async () => {
    await using queue = await startQueue({ queue_configs: { q: FIFO } });
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const slow = queue.collect('slow', () => gate);
    const quick = queue.collect('quick');
    await queue.call('engine::queue::pause', { queue: 'q' });
    const numbers = Array.from({ length: 3000 }, (_, n) => n);
    await Promise.all(numbers.map((n) => queue.enqueue('q', 'slow', { g: 's', n })));
    await queue.enqueue('q', 'quick', { g: 'q' });
    await queue.call('engine::queue::resume', { queue: 'q' });
    await queue.grown(quick, 1);
    expect(slow).toHaveLength(1);
    open();
    await queue.drained('q');
    expect(slow).toEqual(numbers.map((n) => ({ g: 's', n })));
  });
});
