// SPDX-License-Identifier: Elastic-2.0
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ChannelRef } from '../../src/hub/channels.ts';
import {
  closeOf,
  connectRaw,
  receivedBy,
  startTestListener,
  type TestListener,
  waitFor,
} from './harness.ts';

const pathOf = (ref: ChannelRef) =>
  `/ws/channels/${ref.channel_id}?key=${ref.access_key}&dir=${ref.direction}`;

async function openChannel(engine: TestListener, bufferSize?: number) {
  const refs = engine.channels.create(bufferSize);
  const writer = await engine.connect(pathOf(refs.writer));
  const reader = await engine.connect(pathOf(refs.reader));
  return { refs, writer, reader };
}

describe('attaching', () => {
  test('key and direction are asked for before anything else', async () => {
    await using engine = await startTestListener();
    const { channel_id: id, access_key: key } = engine.channels.create().writer;
    for (const query of [
      '',
      '?dir=read',
      `?key=${key}`,
      `?key=${key}&dir=sideways`,
      '?key=&dir=read',
    ]) {
      await expect(engine.connect(`/ws/channels/${id}${query}`)).rejects.toThrow('400');
    }
    const plain = await fetch(
      `http://127.0.0.1:${engine.port}/ws/channels/${id}?key=${key}&dir=read`,
    );
    expect(plain.status).toBe(426);
  });

  test('engine:H1 an unknown id or a wrong key is 404 with the fixed text', async () => {
    await using engine = await startTestListener();
    const ref = engine.channels.create().reader;
    const wrong = [
      { ...ref, access_key: 'nope' },
      { ...ref, channel_id: 'nope' },
    ];
    for (const one of wrong) {
      await expect(engine.connect(pathOf(one))).rejects.toThrow('404');
    }
    const raw = await connectRaw(engine.port);
    raw.socket.write(
      `GET ${pathOf(wrong[0]!)} HTTP/1.1\r\nHost: e\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await waitFor(raw.isClosed);
    expect(raw.text()).toContain('Channel not found');
  });

  test('engine:H2 a second attach is upgraded and closed without a code', async () => {
    await using engine = await startTestListener();
    const { refs, writer, reader } = await openChannel(engine);
    for (const ref of [refs.writer, refs.reader]) {
      const second = await engine.connect(pathOf(ref));
      expect((await closeOf(second)).code).toBe(1005);
    }
    const received = receivedBy(reader);
    writer.send('still here');
    await waitFor(() => received.length);
  });
});

describe('streaming', () => {
  test('protocol:L3 engine:H2 text and binary arrive in order with their boundaries, then Close', async () => {
    await using engine = await startTestListener();
    const { writer, reader } = await openChannel(engine);
    const received = receivedBy(reader);
    const closed = closeOf(reader);
    const sent = [
      { data: Buffer.from('{"type":"ping"}'), isBinary: false },
      { data: Buffer.from([0, 1, 2, 255]), isBinary: true },
      { data: Buffer.alloc(0), isBinary: true },
      { data: Buffer.from('é漢🙂'), isBinary: false },
      { data: randomBytes(200_000), isBinary: true },
    ];
    for (const one of sent) writer.send(one.data, { binary: one.isBinary });
    writer.close(1000, 'stream_complete');
    expect((await closed).code).toBe(1000);
    expect(received).toEqual(sent);
    expect(engine.channels.size).toBe(0);
    expect(engine.links).toHaveLength(0);
  });

  test('engine:H2 what was written before the reader came is delivered after the writer left', async () => {
    await using engine = await startTestListener();
    const refs = engine.channels.create();
    const writer = await engine.connect(pathOf(refs.writer));
    for (let i = 0; i < 20; i++) writer.send(String(i));
    writer.close(1000, 'channel_close');
    await closeOf(writer);
    const reader = await engine.connect(pathOf(refs.reader));
    const received = receivedBy(reader);
    await closeOf(reader);
    expect(received.map((one) => Number(one.data))).toEqual([...Array(20).keys()]);
  });

  test('a writer that destroys its socket behind the Close frame loses nothing', async () => {
    await using engine = await startTestListener();
    const { writer, reader } = await openChannel(engine);
    const received = receivedBy(reader);
    const closed = closeOf(reader);
    for (let i = 0; i < 50; i++) writer.send(Buffer.alloc(1000, i));
    writer.close(1000, 'stream_complete');
    await waitFor(() => writer.bufferedAmount === 0);
    writer.terminate();
    await closed;
    expect(received).toHaveLength(50);
  });

  test('protocol:L3 a slow reader slows its writer down, and gets every byte', async () => {
    await using engine = await startTestListener();
    const { writer, reader } = await openChannel(engine, 4);
    const received = receivedBy(reader);
    reader.pause();
    const chunk = 64 * 1024;
    const count = 600; // 37 MiB: more than the buffers of kernel, window and channel
    for (let i = 0; i < count; i++) writer.send(Buffer.alloc(chunk, i % 251));
    writer.close(1000, 'stream_complete');
    const pong = new Promise((resolve) => reader.once('pong', resolve));
    const other = await engine.connectWorker(); // others go on meanwhile
    other.client.send(Buffer.from('LOGS{}'));
    await waitFor(() => other.accepted.telemetry.length);
    expect(writer.bufferedAmount).toBeGreaterThan(chunk);
    reader.resume();
    reader.ping();
    await pong; // the reader's socket is read as well
    const { code } = await closeOf(reader);
    expect(code).toBe(1000);
    expect(received).toHaveLength(count);
    expect(received.every((one, i) => one.data.length === chunk && one.data[0] === i % 251)).toBe(
      true,
    );
  });

  test('a reader that leaves is noticed at once and ends the writer', async () => {
    await using engine = await startTestListener();
    const { writer, reader } = await openChannel(engine);
    const ended = closeOf(writer);
    reader.close();
    await ended;
    expect(engine.channels.size).toBe(0);
  });

  test('pings of both ends are answered', async () => {
    await using engine = await startTestListener();
    const { writer, reader } = await openChannel(engine);
    for (const end of [writer, reader]) {
      const pong = new Promise<Buffer>((resolve) => end.once('pong', resolve));
      end.ping('abc');
      expect(String(await pong)).toBe('abc');
    }
  });

  test('engine:H3 a reader whose channel is removed gets Close, its sibling channel does not', async () => {
    await using engine = await startTestListener();
    const owned = engine.channels.create(1, 'worker');
    const reader = await engine.connect(pathOf(owned.reader));
    const other = await openChannel(engine);
    const closed = closeOf(reader);
    engine.channels.removeOwnedBy('worker');
    expect(await closed).toEqual({ code: 1001, reason: 'channel removed' });
    expect(other.reader.readyState).toBe(other.reader.OPEN);
  });
});
