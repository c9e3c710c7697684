// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { startPubsub } from './start-pubsub.ts';

describe('publish', () => {
  it('pubsub:P01 a subscriber hears a message once, as it is', async () => {
    await using pubsub = await startPubsub();
    const heard = await pubsub.listen('a', { topic: 'orders' });
    await pubsub.publish('orders', { message: 'hello' });
    await pubsub.settled();
    expect(heard.map(({ data }) => data)).toEqual([{ message: 'hello' }]);
  });

  it('pubsub:P02 topics are exact: another topic, case or star hears nothing', async () => {
    await using pubsub = await startPubsub();
    const a = await pubsub.listen('a', { topic: 'A' });
    const others = await Promise.all(
      ['B', 'a', '*', 'A.*', 'A '].map((topic, n) => pubsub.listen(`o${n}`, { topic })),
    );
    await pubsub.publish('A', 1);
    await pubsub.settled();
    expect(a).toHaveLength(1);
    expect(others.flat()).toEqual([]);
  });

  it('pubsub:P03 answers null, and all listeners get the raw data', async () => {
    await using pubsub = await startPubsub();
    const a = await pubsub.listen('a', { topic: 't' });
    const b = await pubsub.listen('b', { topic: 't' });
    expect(await pubsub.publish('t', { id: 42 })).toBeNull();
    await pubsub.settled();
    expect([a, b].map((heard) => heard.map(({ data }) => data))).toEqual([
      [{ id: 42 }],
      [{ id: 42 }],
    ]);
  });

  it('pubsub:P04 pubsub:P10 an empty topic fails with topic_not_set', async () => {
    await using pubsub = await startPubsub();
    await expect(pubsub.publish('', 1)).rejects.toMatchObject({
      code: 'topic_not_set',
      message: expect.stringContaining('Topic is not set'),
    });
  });

  it.each([
    [{ data: 1 }, 'missing field `topic`'],
    [{ topic: 't' }, 'missing field `data`'],
    [{ topic: 5, data: 1 }, 'invalid type for `topic`'],
    ['text', 'expected an object'],
    [null, 'expected an object'],
  ])('input %j is refused', async (input, cause) => {
    await using pubsub = await startPubsub();
    await expect(pubsub.engine.call('publish', input)).rejects.toMatchObject({
      code: 'deserialization_error',
      message: expect.stringMatching(
        new RegExp(`Failed to deserialize input for publish: .*${cause}`),
      ),
    });
  });

  it('pubsub:P05 the caller id the engine adds stays outside of the data', async () => {
    await using pubsub = await startPubsub();
    const heard = await pubsub.listen('a', { topic: 't' });
    await pubsub.engine.call('publish', { topic: 't', data: { x: 1 }, _caller_worker_id: 'w' });
    await pubsub.settled();
    expect(heard[0]?.data).toEqual({ x: 1 });
  });

  it('data goes through digit for digit, whatever JSON it is', async () => {
    await using pubsub = await startPubsub();
    await pubsub.listen('a', { topic: 't' });
    const connection = pubsub.engine.connection;
    connection.sendText(
      '{"type":"invokefunction","invocation_id":"i","function_id":"publish","data":{"topic":"t","data":12345678901234567890}}',
    );
    await pubsub.engine.waitForFrame('invokefunction', (f) => f.function_id === 'listener::a');
    expect(connection.texts.find((text) => /invokefunction.*listener::a/.test(text))).toContain(
      '12345678901234567890',
    );
  });

  it('pubsub:P15 without subscribers it is a success', async () => {
    await using pubsub = await startPubsub();
    expect(await pubsub.publish('nobody', [1])).toBeNull();
  });
});

describe('the trigger type subscribe', () => {
  it('pubsub:P11 pubsub:P30 unsubscribing one leaves the others of the topic', async () => {
    await using pubsub = await startPubsub();
    const a = await pubsub.listen('a', { topic: 't' });
    const b = await pubsub.listen('b', { topic: 't' });
    const c = await pubsub.listen('c', { pattern: 't' });
    const d = await pubsub.listen('d', { pattern: '*' });
    pubsub.unbind('a');
    pubsub.unbind('c');
    await pubsub.publish('t', 1);
    await pubsub.settled();
    expect([a.length, b.length, c.length]).toEqual([0, 1, 0]);
    expect(d.map(({ data }) => data)).toContain(1);
  });

  it('pubsub:P12 without a topic it is accepted, warned about, and never fires', async () => {
    await using pubsub = await startPubsub();
    const heard = await pubsub.listen('a', {});
    const empty = await pubsub.listen('b', { topic: '' });
    await pubsub.publish('undefined', 1);
    await pubsub.settled();
    expect([heard, empty]).toEqual([[], []]);
    expect(pubsub.log.records).toContainEqual({
      level: 'warn',
      message: 'Topic is not set for trigger',
      fields: { trigger_id: 'a', function_id: 'listener::a' },
    });
  });

  it('pubsub:P13 it is offered without a namespace of its own', async () => {
    await using pubsub = await startPubsub();
    const frame = await pubsub.engine.waitForFrame('registertriggertype');
    expect(frame).toMatchObject({ id: 'subscribe' });
    expect(frame.namespace).toBeUndefined();
  });

  it('a config of the wrong shape is refused with what is wrong', async () => {
    await using pubsub = await startPubsub();
    const extra = { function_id: 'f' };
    const answer = await pubsub.bind('a', { topic: 5 }, extra);
    expect(JSON.stringify(answer)).toContain('`topic` of a subscribe trigger must be a text');
    const both = await pubsub.bind('b', { topic: 'a', pattern: 'b' }, extra);
    expect(JSON.stringify(both)).toContain('not both');
  });

  it('one copy per trigger, and the same id replaces', async () => {
    await using pubsub = await startPubsub();
    const heard = await pubsub.listen('a', { topic: 't' }, { function_id: 'f' });
    await pubsub.bind('b', { topic: 't' }, { function_id: 'f' });
    await pubsub.bind('b', { topic: 't' }, { function_id: 'f' });
    await pubsub.publish('t', 1);
    await pubsub.settled();
    expect(heard).toHaveLength(2);
  });

  it('pubsub:P14 pubsub:P35 the namespace and the metadata of the trigger go along', async () => {
    await using pubsub = await startPubsub();
    const heard = await pubsub.listen(
      'a',
      { topic: 't' },
      { metadata: { team: 'x' }, namespace: 'orders' },
    );
    await pubsub.publish('t', 1);
    await pubsub.settled();
    expect(heard).toEqual([{ data: 1, metadata: { team: 'x' }, namespace: 'orders' }]);
  });

  it('pubsub:P34 a condition that answers false skips; true, null and nothing deliver', async () => {
    await using pubsub = await startPubsub();
    const verdicts: unknown[] = [false, true, null, undefined, 0];
    pubsub.engine.serve('condition', (data) => verdicts[data as number]);
    const heard = await pubsub.listen('a', { topic: 't', condition_function_id: 'condition' });
    for (const n of verdicts.keys()) await pubsub.publish('t', n);
    await pubsub.engine.waitFor(() => heard.length === 4, 'four messages');
    expect(heard.map(({ data }) => data)).toEqual([1, 2, 3, 4]);
  });

  it('a condition that fails skips, and the next message is asked about again', async () => {
    await using pubsub = await startPubsub();
    pubsub.engine.serve('condition', (data) => {
      if (data === 0) throw new Error('broken');
    });
    const heard = await pubsub.listen('a', { topic: 't', condition_function_id: 'condition' });
    await pubsub.publish('t', 0);
    await pubsub.publish('t', 1);
    await pubsub.engine.waitFor(() => heard.length === 1, 'one message');
    expect(heard[0]?.data).toBe(1);
    expect(pubsub.log.records.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  it('patterns take one part with * and any number with **', async () => {
    await using pubsub = await startPubsub();
    const one = await pubsub.listen('one', { pattern: 'orders.*' });
    const many = await pubsub.listen('many', { pattern: 'orders.**' });
    for (const topic of ['orders', 'orders.a', 'orders.a.b', 'other.a']) {
      await pubsub.publish(topic, topic);
    }
    await pubsub.settled();
    expect(one.map(({ data }) => data)).toEqual(['orders.a']);
    expect(many.map(({ data }) => data)).toEqual(['orders', 'orders.a', 'orders.a.b']);
  });
});
