// SPDX-License-Identifier: Elastic-2.0
import { describe, expect, test } from 'vitest';
import { closeOf, receivedBy, startTestListener, upgradeRaw, waitFor } from './harness.ts';

const error = (message: string) =>
  ({ type: 'error', error: { code: 'TIMEOUT', message } }) as const;

describe('frames', () => {
  test('protocol:H1 protocol:H2 the first frame is the one sent on accept, and ping arrives', async () => {
    await using engine = await startTestListener();
    const { client, accepted } = await engine.connectWorker();
    const received = receivedBy(client);
    accepted.link.send({ type: 'workerregistered', worker_id: 'w', reattach_token: 't' });
    client.send('{"type":"ping"}');
    await waitFor(() => received.length && accepted.frames.length);
    expect(received[0]?.isBinary).toBe(false);
    expect(JSON.parse(String(received[0]?.data))).toMatchObject({
      type: 'workerregistered',
      worker_id: 'w',
    });
    expect(accepted.frames).toEqual([{ type: 'ping' }]);
  });

  test('JSON may come in a binary message, and telemetry on a worker link', async () => {
    await using engine = await startTestListener();
    const { client, accepted } = await engine.connectWorker();
    client.send(Buffer.from('{"type":"pong"}'));
    client.send(Buffer.from('MTRC{}'));
    client.send('   ');
    client.send('{"type":"draining"}');
    await waitFor(() => accepted.frames.length === 2);
    expect(accepted.frames).toEqual([{ type: 'pong' }, { type: 'draining' }]);
    expect(accepted.telemetry).toEqual(['MTRC{}']);
    expect(accepted.malformed).toEqual([]);
  });

  test('protocol:T7 an empty or broken telemetry frame closes nothing, an unknown prefix is not telemetry', async () => {
    await using engine = await startTestListener();
    const { client, accepted } = await engine.connectWorker();
    client.send(Buffer.from('OTLP'));
    client.send(Buffer.from([0x4c, 0x4f, 0x47, 0x53, 0xff, 0xfe]));
    client.send(Buffer.from('NOPE{}'));
    client.send('{"type":"ping"}');
    await waitFor(() => accepted.frames.length);
    expect(accepted.telemetry).toEqual(['OTLP', 'LOGS\xff\xfe']);
    expect(accepted.malformed).toHaveLength(1);
    expect(accepted.closes).toBe(0);
  });

  test('frames of all header sizes arrive whole and in order', async () => {
    await using engine = await startTestListener();
    const { client, accepted } = await engine.connectWorker();
    const received = receivedBy(client);
    const texts = [0, 10, 125, 126, 127, 60_000, 65_535, 65_536, 70_000].map((n) => 'x'.repeat(n));
    texts.push('é', '漢字🙂'.repeat(50_000), 'last');
    for (const text of texts) expect(accepted.link.send(error(text)).kind).toBe('sent');
    await waitFor(() => received.length === texts.length);
    const messages = received.map((one) => JSON.parse(String(one.data)).error.message);
    expect(messages).toEqual(texts);
    await waitFor(() => accepted.link.bufferedBytes === 0);
  });

  test('frames sent in one turn leave in one write', async () => {
    await using engine = await startTestListener();
    const client = await upgradeRaw(engine.port);
    const accepted = await waitFor(() => engine.links[0]);
    let chunks = 0;
    client.socket.on('data', () => chunks++);
    for (let i = 0; i < 100; i++) accepted.link.send({ type: 'pong' });
    await waitFor(() => client.text().split('"pong"').length === 101);
    expect(chunks).toBe(1);
  });
});

describe('too large', () => {
  test('an oversize message is reported with its ids, and the link lives on', async () => {
    await using engine = await startTestListener({ maxMessageBytes: 10_000 });
    const { client, accepted } = await engine.connectWorker();
    client.send(
      JSON.stringify({
        type: 'invokefunction',
        invocation_id: 'call-1',
        function_id: 'a::"b"',
        data: 'x'.repeat(20_000),
      }),
    );
    client.send('{"type":"ping"}');
    await waitFor(() => accepted.frames.length);
    expect(accepted.malformed).toHaveLength(1);
    expect(accepted.malformed[0]?.reason).toMatch(/^message_too_large: .*10000/);
    expect(accepted.malformed[0]?.recovered).toEqual({
      type: 'invokefunction',
      invocation_id: 'call-1',
      function_id: 'a::"b"',
    });
  });

  test('beyond the hard cap the socket is closed with 1009 and the limit', async () => {
    await using engine = await startTestListener({ maxMessageBytes: 10_000 });
    const { client, accepted } = await engine.connectWorker();
    const closed = closeOf(client);
    client.send('x'.repeat(40_001));
    expect(await closed).toEqual({
      code: 1009,
      reason: 'message_too_large: the limit is 10000 bytes per message',
    });
    await waitFor(() => accepted.closes === 1);
  });
});

describe('a slow reader', () => {
  test('fills its buffer, is refused more, and drains when it reads again', async () => {
    await using engine = await startTestListener();
    const { client, accepted } = await engine.connectWorker();
    const received = receivedBy(client);
    client.pause();
    const { link } = accepted;
    let sent = 0;
    await waitFor(() => {
      while (link.send(error('x'.repeat(50_000))).kind === 'sent') sent++;
      return link.bufferedBytes > 900_000; // the kernel's buffers are full as well
    });
    const before = link.bufferedBytes;
    expect(link.send(error('x'.repeat(200_000)))).toEqual({ kind: 'full' });
    expect(link.bufferedBytes).toBe(before);
    let isDrained = false;
    link.onceDrained(() => {
      isDrained = true;
    });
    expect(isDrained).toBe(false);
    client.resume();
    await waitFor(() => isDrained);
    expect(link.bufferedBytes).toBeLessThan(256 * 1024);
    await waitFor(() => received.length === sent);
  });

  test('who waits for a drain is let go when the link ends', async () => {
    await using engine = await startTestListener();
    const { client, accepted } = await engine.connectWorker();
    client.pause();
    await waitFor(() => {
      while (accepted.link.send(error('x'.repeat(50_000))).kind === 'sent');
      return accepted.link.bufferedBytes > 900_000;
    });
    let isDrained = false;
    accepted.link.onceDrained(() => {
      isDrained = true;
    });
    accepted.link.terminate();
    await waitFor(() => isDrained && accepted.closes === 1);
    expect(accepted.link.send({ type: 'pong' })).toEqual({ kind: 'gone' });
    let isLetGo = false;
    accepted.link.onceDrained(() => {
      isLetGo = true;
    });
    await waitFor(() => isLetGo);
  });
});

describe('pausing', () => {
  test('a paused link leaves messages with the peer until every pause is lifted', async () => {
    await using engine = await startTestListener();
    const { client, accepted } = await engine.connectWorker();
    accepted.link.pause();
    accepted.link.pause();
    const text = `{"type":"unregisterfunction","id":"${'x'.repeat(100_000)}"}`;
    for (let i = 0; i < 200; i++) client.send(text);
    await waitFor(() => client.bufferedAmount > 0);
    accepted.link.resume();
    const other = await engine.connectWorker(); // a full round trip of somebody else
    other.client.send('{"type":"ping"}');
    await waitFor(() => other.accepted.frames.length);
    expect(accepted.frames.length).toBe(0);
    accepted.link.resume();
    await waitFor(() => accepted.frames.length === 200);
  });
});

describe('signs of life', () => {
  test('a peer that answers pings stays, one that does not is evicted', async () => {
    await using engine = await startTestListener({ pingIntervalMs: 20, pingsMissed: 2 });
    const alive = await engine.connectWorker();
    const dead = await upgradeRaw(engine.port); // a bare socket answers no pings
    await waitFor(() => engine.links[1]?.closes === 1);
    await waitFor(dead.isClosed);
    expect(alive.accepted.closes).toBe(0);
    expect(alive.client.readyState).toBe(alive.client.OPEN);
    expect(engine.warnings).toEqual(['closed worker socket: the peer answers no pings']);
  });

  test('a link that we have paused is not taken for dead', async () => {
    await using engine = await startTestListener({ pingIntervalMs: 20, pingsMissed: 1 });
    const paused = await engine.connectWorker();
    paused.accepted.link.pause();
    await upgradeRaw(engine.port);
    await waitFor(() => engine.links[1]?.closes === 1); // as long as a dead peer would have had
    expect(paused.accepted.closes).toBe(0);
  });

  test('a probe is true for a live peer and false for a mute or closed one', async () => {
    await using engine = await startTestListener();
    const { accepted } = await engine.connectWorker();
    expect(await accepted.link.probe(20_000)).toBe(true);
    await upgradeRaw(engine.port);
    const mute = await waitFor(() => engine.links[1]);
    expect(await mute.link.probe(30)).toBe(false);
    const pending = mute.link.probe(60_000);
    mute.link.terminate();
    expect(await pending).toBe(false);
    expect(await mute.link.probe(1)).toBe(false);
  });
});

describe('the end', () => {
  test('close comes behind what was sent, with code and reason, and is told once', async () => {
    await using engine = await startTestListener();
    const { client, accepted } = await engine.connectWorker();
    const received = receivedBy(client);
    const closed = closeOf(client);
    accepted.link.pause(); // even a paused link hears the peer's Close
    accepted.link.send(error('last words'));
    accepted.link.close(4000, 'bye');
    accepted.link.close();
    expect(accepted.link.send({ type: 'pong' })).toEqual({ kind: 'gone' });
    expect(await closed).toEqual({ code: 4000, reason: 'bye' });
    expect(received).toHaveLength(1);
    await waitFor(() => accepted.closes);
    accepted.link.terminate();
    expect(accepted.closes).toBe(1);
  });

  test('a Close without code stays without code', async () => {
    await using engine = await startTestListener();
    const { client, accepted } = await engine.connectWorker();
    const closed = closeOf(client);
    accepted.link.close();
    expect((await closed).code).toBe(1005);
  });

  test('nothing but the end is heard after close', async () => {
    await using engine = await startTestListener();
    const { client, accepted } = await engine.connectWorker();
    client.send('{"type":"ping"}');
    accepted.link.close();
    await waitFor(() => accepted.closes);
    expect(accepted.frames).toEqual([]);
  });

  test('a link may be refused while it is accepted', async () => {
    let closes = 0;
    await using engine = await startTestListener({
      accept(link) {
        link.send(error('no'));
        link.close();
        return {
          onFrame() {},
          onMalformed() {},
          onTelemetry() {},
          onClose: () => closes++,
        };
      },
    });
    const client = await engine.connect();
    const received = receivedBy(client);
    await closeOf(client);
    expect(received).toHaveLength(1);
    await waitFor(() => closes === 1);
    expect(engine.listener.connectionCount).toBe(0);
  });

  test('a peer that vanishes is told once', async () => {
    await using engine = await startTestListener();
    const { client, accepted } = await engine.connectWorker();
    client.terminate();
    await waitFor(() => accepted.closes);
    accepted.link.close();
    accepted.link.terminate();
    expect(accepted.closes).toBe(1);
  });
});
