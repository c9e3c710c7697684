// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { startFakeEngine } from '@iii-dev/client-core/testing';
import { registerWorker } from 'iii-sdk';
import { type ChannelReader, ChannelWriter } from 'iii-sdk/channel';
import { ChannelItem, createChannel, extractChannelRefs, isChannelRef } from 'iii-sdk/helpers';
import { describe, expect, test } from 'vitest';
import { channelUrl } from '../src/channel-ends.ts';
import { reviveChannels } from '../src/channel-refs.ts';

const logger = { debug: () => {}, warn: () => {}, error: () => {} };
const ref = { channel_id: 'c', access_key: 'k/?', direction: 'read' } as const;

async function startWorker() {
  const engine = await startFakeEngine();
  const iii = registerWorker(engine.address, { logger });
  return {
    engine,
    iii,
    async [Symbol.asyncDispose]() {
      await iii.shutdown({ drainTimeoutMs: 0 });
      await engine.close();
    },
  };
}

describe('a channel', () => {
  test('carries bytes in order to the end', async () => {
    await using worker = await startWorker();
    const { writer, reader } = await createChannel(worker.iii);
    const bytes = randomBytes(300_000);
    writer.stream.end(bytes);
    expect((await reader.readAll()).equals(bytes)).toBe(true);
  });

  test('carries messages beside the bytes', async () => {
    await using worker = await startWorker();
    const { writer, reader } = await createChannel(worker.iii, 16);
    const messages: string[] = [];
    reader.onMessage((message) => messages.push(message));
    writer.sendMessage('{"progress":1}');
    writer.stream.write('bytes');
    writer.sendMessage('{"progress":2}');
    writer.stream.end();
    expect((await reader.readAll()).toString()).toBe('bytes');
    expect(messages).toEqual(['{"progress":1}', '{"progress":2}']);
  });

  test('that ends empty ends for its reader too', async () => {
    await using worker = await startWorker();
    const { writer, reader } = await createChannel(worker.iii);
    writer.stream.end();
    expect(await reader.readAll()).toHaveLength(0);
  });

  test('hands its live end to a handler in place of the reference', async () => {
    await using worker = await startWorker();
    const { engine, iii } = worker;
    iii.registerFunction('read', async ({ nested }: { nested: { input: ChannelReader } }) =>
      (await nested.input.readAll()).toString(),
    );
    const { writer, readerRef } = await createChannel(iii);
    const result = engine.call('read', { nested: { input: readerRef } });
    writer.stream.write('hello ');
    writer.stream.end('world');
    expect(await result).toBe('hello world');
  });

  test('that broke before its end is an error for its reader', async () => {
    await using worker = await startWorker();
    const { engine, iii } = worker;
    const { reader } = await createChannel(iii);
    const read = reader.readAll();
    const failed = expect(read).rejects.toThrow(/channel|socket|ECONN/i);
    reader.onMessage(() => {});
    await expect
      .poll(() =>
        engine.frames.some(
          (f) => f.type === 'invokefunction' && f.function_id.includes('channels'),
        ),
      )
      .toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await engine.close();
    await failed;
  });

  test('tells its writer when it cannot be reached', async () => {
    const writer = new ChannelWriter('ws://127.0.0.1:1', { ...ref, direction: 'write' });
    const failed = new Promise<Error>((resolve) => writer.stream.once('error', resolve));
    writer.stream.write('x');
    expect(await failed).toBeInstanceOf(Error);
  });
});

describe('references', () => {
  test('are found with their paths', () => {
    expect(isChannelRef(ref)).toBe(true);
    expect(isChannelRef({ ...ref, direction: 'both' })).toBe(false);
    expect(extractChannelRefs({ a: { b: [1, ref] }, c: ref })).toEqual([
      ['a.b[1]', ref],
      ['c', ref],
    ]);
    expect(extractChannelRefs([ref])).toEqual([['[0]', ref]]);
  });

  test('become ends in a copy; values without any stay the same object', () => {
    const plain = { a: [1, { b: 2 }] };
    expect(reviveChannels(plain, 'ws://h', {})).toBe(plain);
    const value = { keep: plain, list: [ref] };
    const live = reviveChannels(value, 'ws://h', {}) as { keep: unknown; list: unknown[] };
    expect(live.keep).toBe(plain);
    expect(live.list[0]).toHaveProperty('readAll');
    expect(value.list[0]).toBe(ref);
  });

  test('make an address below the worker address, query kept', () => {
    expect(channelUrl('ws://h:1/', ref)).toBe('ws://h:1/ws/channels/c?key=k%2F%3F&dir=read');
    expect(channelUrl('ws://h:1/x?t=1', ref)).toBe(
      'ws://h:1/x/ws/channels/c?t=1&key=k%2F%3F&dir=read',
    );
  });
});

test('ChannelItem makes tagged items', () => {
  expect(ChannelItem.Text('a')).toEqual({ type: 'text', value: 'a' });
  const bytes = new Uint8Array([1]);
  expect(ChannelItem.Binary(bytes)).toEqual({ type: 'binary', value: bytes });
});
