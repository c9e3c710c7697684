// SPDX-License-Identifier: Elastic-2.0
import { createHmac } from 'node:crypto';
import { CHANNEL_BUFFER_MESSAGES, CHANNEL_ORPHAN_MS } from '@iii-dev/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ChannelMessage, ChannelReader, ChannelWriter } from '../../src/hub/channel.ts';
import { type ChannelRef, Channels } from '../../src/hub/channels.ts';

let channels: Channels;
let now = 0;

beforeEach(() => {
  now = 1_000_000;
  channels = new Channels({ now: () => now });
});
afterEach(() => channels.close());

const text = (value: string): ChannelMessage => ({ data: Buffer.from(value), isBinary: false });

function attachWriter(ref: ChannelRef): ChannelWriter {
  const outcome = channels.attach(ref.channel_id, ref.access_key, 'write');
  if (outcome.kind !== 'writer') throw new Error(outcome.kind);
  return outcome.writer;
}

function attachReader(ref: ChannelRef): ChannelReader {
  const outcome = channels.attach(ref.channel_id, ref.access_key, 'read');
  if (outcome.kind !== 'reader') throw new Error(outcome.kind);
  return outcome.reader;
}

/** Resolves with how the channel ended for its reader. */
function endOf(reader: ChannelReader): Promise<string> {
  return new Promise((resolve) => {
    reader.onEnd = resolve;
  });
}

describe('references', () => {
  test('engine:H1 both refs share id and key and name their direction', () => {
    const { writer, reader } = channels.create();
    expect(reader).toEqual({ ...writer, direction: 'read' });
    expect(writer.direction).toBe('write');
    expect(writer.channel_id).not.toBe(writer.access_key);
    expect(Object.keys(writer)).toEqual(['channel_id', 'access_key', 'direction']);
  });

  test.each([
    [undefined, CHANNEL_BUFFER_MESSAGES.default],
    [2048, CHANNEL_BUFFER_MESSAGES.max],
    [0, 1],
    [3, 3],
  ])('engine:H1 a buffer of %s holds %s messages before its writer waits', (asked, size) => {
    const writer = attachWriter(channels.create(asked).writer);
    for (let i = 1; i < size; i++) expect(writer.write(text('x'))).toBe('sent');
    expect(writer.write(text('x'))).toBe('full');
  });

  test('engine:H1 a wrong key finds nothing, whatever its length', () => {
    const { writer } = channels.create();
    const other = channels.create().writer.access_key;
    for (const key of ['', 'short', other, `${writer.access_key}x`]) {
      expect(channels.has(writer.channel_id, key)).toBe(false);
      expect(channels.attach(writer.channel_id, key, 'read').kind).toBe('unknown');
    }
    expect(channels.attach('nobody', writer.access_key, 'read').kind).toBe('unknown');
    expect(channels.has(writer.channel_id, writer.access_key)).toBe(true);
  });

  test('engine:H2 each end is taken once', () => {
    const { writer, reader } = channels.create();
    attachWriter(writer);
    attachReader(reader);
    for (const direction of ['read', 'write'] as const) {
      const again = channels.attach(writer.channel_id, writer.access_key, direction);
      expect(again.kind).toBe('taken');
    }
  });
});

describe('messages', () => {
  test('engine:H2 kind and order stay, and the end comes last', async () => {
    const refs = channels.create();
    const writer = attachWriter(refs.writer);
    const messages = [text('a'), { data: Buffer.from([0, 255]), isBinary: true }, text('')];
    for (const message of messages) writer.write(message);
    writer.end();
    const reader = attachReader(refs.reader);
    const ended = endOf(reader);
    const received: ChannelMessage[] = [];
    for (let one = reader.read(); one; one = reader.read()) received.push(one);
    expect(received).toEqual(messages);
    expect(await ended).toBe('complete');
    expect(channels.size).toBe(0);
  });

  test('a writer that leaves without a message ends its reader', async () => {
    const refs = channels.create();
    attachWriter(refs.writer).end();
    expect(channels.size).toBe(1);
    expect(await endOf(attachReader(refs.reader))).toBe('complete');
    expect(channels.size).toBe(0);
  });

  test('a full channel lets its writer go on when a message is read', () => {
    const refs = channels.create(2);
    const writer = attachWriter(refs.writer);
    let rooms = 0;
    writer.onRoom = () => rooms++;
    const reader = attachReader(refs.reader);
    writer.write(text('1'));
    expect(writer.write(text('2'))).toBe('full');
    reader.read();
    reader.read();
    expect(rooms).toBe(1);
    expect(writer.write(text('3'))).toBe('sent');
  });

  test('few but huge messages fill a channel too', () => {
    const writer = attachWriter(channels.create(1024).writer);
    expect(writer.write({ data: Buffer.alloc(9 * 1024 * 1024), isBinary: true })).toBe('full');
  });

  test('many messages pass through without piling up', () => {
    const refs = channels.create(1024);
    const writer = attachWriter(refs.writer);
    const reader = attachReader(refs.reader);
    let next = 0;
    reader.onMessage = () => {
      if (next % 3 === 0) return; // leaves some behind, so that the queue wanders
      for (let one = reader.read(); one; one = reader.read()) {
        expect(String(one.data)).toBe(String(next - behind()));
        taken++;
      }
    };
    let taken = 0;
    const behind = () => next - taken;
    for (; next < 10_000; next++) writer.write(text(String(next)));
    expect(taken).toBeGreaterThan(9_990);
  });

  test('a reader that leaves ends the channel for its writer', () => {
    const refs = channels.create();
    const writer = attachWriter(refs.writer);
    let isGone = false;
    writer.onGone = () => {
      isGone = true;
    };
    attachReader(refs.reader).end();
    expect(isGone).toBe(true);
    expect(writer.write(text('x'))).toBe('gone');
    expect(channels.size).toBe(0);
  });
});

describe('removal', () => {
  test('engine:H3 orphans older than the limit are swept, fresh and attached channels stay', async () => {
    const halfAttached = channels.create();
    const ended = endOf(attachReader(halfAttached.reader));
    const untouched = channels.create();
    const attached = channels.create();
    attachWriter(attached.writer);
    attachReader(attached.reader);
    now += CHANNEL_ORPHAN_MS + 1;
    const fresh = channels.create();
    channels.sweep();
    expect(await ended).toBe('removed');
    const has = ({ writer }: { writer: ChannelRef }) =>
      channels.has(writer.channel_id, writer.access_key);
    expect([halfAttached, untouched, attached, fresh].map(has)).toEqual([false, false, true, true]);
  });

  test('an attached writer without a reader is told when the channel is swept', () => {
    const writer = attachWriter(channels.create().writer);
    let isGone = false;
    writer.onGone = () => {
      isGone = true;
    };
    now += CHANNEL_ORPHAN_MS + 1;
    channels.sweep();
    expect(isGone).toBe(true);
  });

  test('what a worker made leaves with it, nothing else does', () => {
    channels.create(1, 'w1');
    attachReader(channels.create(1, 'w1').reader);
    channels.create(1, 'w2');
    channels.create(1);
    channels.removeOwnedBy('w1');
    expect(channels.size).toBe(2);
  });

  test('a stream that has begun outlives its maker', async () => {
    const refs = channels.create(4, 'w1');
    const writer = attachWriter(refs.writer);
    writer.write(text('kept'));
    writer.end();
    channels.removeOwnedBy('w1');
    const reader = attachReader(refs.reader);
    const ended = endOf(reader);
    expect(String(reader.read()?.data)).toBe('kept');
    expect(await ended).toBe('complete');
    expect(channels.size).toBe(0);
  });

  test('closing tells attached ends and may be repeated', async () => {
    const refs = channels.create();
    const ended = endOf(attachReader(refs.reader));
    channels.close();
    channels.close();
    expect(await ended).toBe('removed');
    expect(channels.size).toBe(0);
  });
});

describe('granted channels', () => {
  const onAttachFunctionId = 'h::opened';

  function refsOf(grant: { issuer: string; secret: string }, nonce: string): ChannelRef[] {
    const access_key = createHmac('sha256', grant.secret)
      .update(`${grant.issuer}.${nonce}`)
      .digest('base64url');
    const channel_id = `${grant.issuer}.${nonce}.out`;
    return [
      { channel_id, access_key, direction: 'write' },
      { channel_id, access_key, direction: 'read' },
    ];
  }

  function grantTo(ownerId: string, nonce = '1') {
    const grant = channels.grant({ ownerId, onAttachFunctionId });
    const [writer, reader] = refsOf(grant, nonce) as [ChannelRef, ChannelRef];
    return { grant, writer, reader };
  }

  test('a granted channel exists once it is attached, and its holder hears of it once', () => {
    const heard: unknown[] = [];
    channels.onGrantedAttach = (...args) => heard.push(args);
    const { writer, reader } = grantTo('w1');
    expect(channels.has(writer.channel_id, writer.access_key)).toBe(true);
    expect(channels.size).toBe(0);
    attachWriter(writer).write(text('a'));
    expect(channels.size).toBe(1);
    expect(attachReader(reader).read()).toEqual(text('a'));
    expect(heard).toEqual([[{ ownerId: 'w1', onAttachFunctionId }, writer.channel_id, 'write']]);
  });

  test('a key is good for one nonce of one grant', () => {
    const { grant, writer } = grantTo('w1');
    const other = refsOf(grant, '2')[0] as ChannelRef;
    for (const [id, key] of [
      [writer.channel_id, other.access_key],
      [writer.channel_id, ''],
      [writer.channel_id.replace('.out', ''), writer.access_key],
      [writer.channel_id.replace('.out', '.more'), writer.access_key],
      [`nobody.1.out`, writer.access_key],
    ] as const) {
      expect(channels.has(id, key)).toBe(false);
      expect(channels.attach(id, key, 'write').kind).toBe('unknown');
    }
    expect(channels.size).toBe(0);
  });

  test('a granted channel that is over cannot be had again', async () => {
    const { writer, reader } = grantTo('w1');
    attachWriter(writer).end();
    expect(await endOf(attachReader(reader))).toBe('complete');
    expect(channels.has(writer.channel_id, writer.access_key)).toBe(false);
    expect(channels.attach(writer.channel_id, writer.access_key, 'write').kind).toBe('unknown');
  });

  test('with its holder a grant ends, and what waits for the holder', () => {
    const { grant, writer } = grantTo('w1');
    const attached = attachWriter(writer);
    let isGone = false;
    attached.onGone = () => {
      isGone = true;
    };
    channels.removeOwnedBy('w1');
    expect(isGone).toBe(true);
    expect(channels.size).toBe(0);
    const next = refsOf(grant, '2')[0] as ChannelRef;
    expect(channels.attach(next.channel_id, next.access_key, 'write').kind).toBe('unknown');
  });
});
