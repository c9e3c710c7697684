// SPDX-License-Identifier: Apache-2.0
import { Payload } from 'iii-sdk/internal';
import { describe, expect, it } from 'vitest';
import { startPubsub } from './start-pubsub.ts';

describe('delivery', () => {
  it('pubsub:P32 a hanging or failing subscriber delays neither others nor the publisher', async () => {
    await using pubsub = await startPubsub();
    pubsub.engine.serve('hangs', () => new Promise(() => {}));
    pubsub.engine.serve('fails', () => {
      throw new Error('no');
    });
    await pubsub.bind('a', { topic: 't' }, { function_id: 'hangs' });
    await pubsub.bind('b', { topic: 't' }, { function_id: 'fails' });
    const heard = await pubsub.listen('c', { topic: 't' });
    for (let n = 0; n < 20; n += 1) expect(await pubsub.publish('t', n)).toBeNull();
    await pubsub.settled();
    expect(heard).toHaveLength(20);
    // Counted, not repeated.
    expect(pubsub.log.records.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  it('pubsub:P33 a thousand subscribers all hear', async () => {
    await using pubsub = await startPubsub();
    const heard = await pubsub.listen('0', { topic: 't' }, { function_id: 'f' });
    for (let n = 1; n < 1000; n += 1) {
      pubsub.engine.connection.send({
        type: 'registertrigger',
        id: String(n),
        trigger_type: 'subscribe',
        function_id: 'f',
        config: Payload.ofValue({ topic: 't' }),
      });
    }
    await pubsub.publish('t', 1);
    await pubsub.engine.waitFor(() => heard.length === 1000, 'a thousand deliveries');
  });

  it('pubsub:P37 messages keep their order, with a condition and past the limit in flight', async () => {
    await using pubsub = await startPubsub({ max_in_flight: 3 });
    pubsub.engine.serve('condition', () => true);
    const asked = await pubsub.listen('a', { topic: 't', condition_function_id: 'condition' });
    const plain = await pubsub.listen('b', { topic: 't' });
    const numbers = Array.from({ length: 100 }, (_, n) => n);
    await Promise.all(numbers.map((n) => pubsub.publish('t', n)));
    await pubsub.engine.waitFor(() => asked.length === 100 && plain.length === 100, 'all');
    expect(asked.map(({ data }) => data)).toEqual(numbers);
    expect(plain.map(({ data }) => data)).toEqual(numbers);
  });

  it('what one subscription has waiting is bounded, and what is dropped is told', async () => {
    await using pubsub = await startPubsub({ max_in_flight: 1, max_waiting: 2 });
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const heard: unknown[] = [];
    pubsub.engine.serve('slow', async (data) => {
      heard.push(data);
      await held;
    });
    await pubsub.bind('a', { topic: 't' }, { function_id: 'slow' });
    for (let n = 0; n < 6; n += 1) await pubsub.publish('t', n);
    release();
    await pubsub.engine.waitFor(() => heard.length === 3, 'what was kept');
    await pubsub.engine.waitFor(
      () => pubsub.log.records.some(({ fields }) => fields?.dropped === 3),
      'the count of what was dropped',
    );
    expect(heard).toEqual([0, 1, 2]);
  });

  it('pubsub:P25 closing takes every subscription along and may happen twice', async () => {
    await using pubsub = await startPubsub();
    await pubsub.listen('a', { topic: 't' });
    await pubsub.worker.close();
    await pubsub.worker.close();
  });
});
