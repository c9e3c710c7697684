// SPDX-License-Identifier: Elastic-2.0
import { expect, test } from 'vitest';
import {
  closeOf,
  connectRaw,
  receivedBy,
  startTestListener,
  upgradeRaw,
  waitFor,
} from './harness.ts';

const NEVER_MS = 100_000_000;

test('protocol:T3 an idle keep-alive HTTP connection ends with the listener', async () => {
  await using engine = await startTestListener({ handshakeTimeoutMs: NEVER_MS });
  const idle = await connectRaw(engine.port);
  idle.socket.write('GET /nope HTTP/1.1\r\nHost: engine\r\nConnection: keep-alive\r\n\r\n');
  await waitFor(() => idle.text().includes('404'));
  const silent = await connectRaw(engine.port);
  await engine.listener.close(NEVER_MS);
  await waitFor(() => idle.isClosed() && silent.isClosed());
});

test('every socket gets Close 1012 behind what was sent to it', async () => {
  await using engine = await startTestListener();
  const { client, accepted } = await engine.connectWorker();
  const telemetry = await engine.connect('/otel');
  const refs = engine.channels.create();
  const reader = await engine.connect(
    `/ws/channels/${refs.reader.channel_id}?key=${refs.reader.access_key}&dir=read`,
  );
  const received = receivedBy(client);
  const closes = [client, telemetry, reader].map(closeOf);
  expect(engine.listener.connectionCount).toBe(3);
  accepted.link.send({ type: 'pong' });
  await engine.listener.close(NEVER_MS);
  for (const closed of closes) {
    expect(await closed).toEqual({ code: 1012, reason: 'service restart' });
  }
  expect(received).toHaveLength(1);
  expect(engine.listener.connectionCount).toBe(0);
  expect(accepted.closes).toBe(1);
});

test('a peer that does not answer Close is gone at the deadline', async () => {
  await using engine = await startTestListener();
  const mute = await upgradeRaw(engine.port);
  const accepted = await waitFor(() => engine.links[0]);
  await engine.listener.close(30);
  await waitFor(mute.isClosed);
  expect(accepted.closes).toBe(1);
});

test('closing twice is closing once, and nobody connects afterwards', async () => {
  await using engine = await startTestListener();
  await Promise.all([engine.listener.close(NEVER_MS), engine.listener.close(0)]);
  await expect(engine.connect()).rejects.toThrow('ECONNREFUSED');
});
