// SPDX-License-Identifier: Elastic-2.0
import { describe, expect, test } from 'vitest';
import { ListenError } from '../../src/listener/listen-error.ts';
import { connectRaw, receivedBy, startTestListener, upgradeRaw, waitFor } from './harness.ts';

const HANDSHAKE_WARNING =
  'closed worker socket: WS upgrade not completed within handshake deadline';

describe('before the upgrade', () => {
  test('protocol:T1 a client that sends nothing is closed, and others still connect', async () => {
    await using engine = await startTestListener({ handshakeTimeoutMs: 50 });
    const silent = await connectRaw(engine.port);
    await waitFor(silent.isClosed);
    expect(engine.warnings).toEqual([HANDSHAKE_WARNING]);
    await engine.connectWorker();
  });

  test('protocol:T1 a client that sends part of its headers is closed', async () => {
    await using engine = await startTestListener({ handshakeTimeoutMs: 50 });
    const partial = await connectRaw(engine.port);
    partial.socket.write('GET / HTTP/1.1\r\nHost: engine\r\nUpgrade: webso');
    await waitFor(partial.isClosed);
    expect(engine.warnings).toEqual([HANDSHAKE_WARNING]);
  });

  test('protocol:T2 the deadline does not apply after the upgrade', async () => {
    await using engine = await startTestListener({ handshakeTimeoutMs: 50 });
    const client = await engine.connect();
    const silent = await connectRaw(engine.port); // opened later, so its end proves the time is over
    await waitFor(silent.isClosed);
    const pongs: string[] = [];
    client.on('pong', (payload) => pongs.push(payload.toString()));
    client.ping('same payload');
    await waitFor(() => pongs.length > 0);
    expect(pongs).toEqual(['same payload']);
  });

  test('protocol:T4 an unknown path gets 404 with a text that helps', async () => {
    await using engine = await startTestListener();
    const response = await fetch(`http://127.0.0.1:${engine.port}/nope`);
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('/nope');
    await expect(engine.connect('/nope')).rejects.toThrow('404');
  });

  test('a plain GET is told to upgrade', async () => {
    await using engine = await startTestListener();
    for (const path of ['/', '/ws', '/otel']) {
      const response = await fetch(`http://127.0.0.1:${engine.port}${path}`);
      expect(response.status).toBe(426);
      expect(response.headers.get('upgrade')).toBe('websocket');
      expect(await response.text()).toContain('WebSocket');
    }
  });

  test('an upgrade to something else than a WebSocket is refused', async () => {
    await using engine = await startTestListener();
    const client = await connectRaw(engine.port);
    client.socket.write('GET / HTTP/1.1\r\nHost: e\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    await waitFor(client.isClosed);
    expect(client.text()).toMatch(/^HTTP\/1\.1 426 /);
  });

  test('garbage is answered with 400 and closed', async () => {
    await using engine = await startTestListener();
    const client = await connectRaw(engine.port);
    client.socket.write('\x16\x03\x01\x02\x00\x01\x00\r\n\r\n');
    await waitFor(client.isClosed);
    expect(client.text()).toMatch(/^HTTP\/1\.1 400 /);
    await engine.connectWorker();
  });

  test('a reset in the middle of an upgrade harms nobody', async () => {
    await using engine = await startTestListener();
    for (let i = 0; i < 20; i++) {
      const client = await connectRaw(engine.port);
      client.socket.write(
        'GET /nope HTTP/1.1\r\nHost: e\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      );
      client.socket.resetAndDestroy();
    }
    await engine.connectWorker();
  });

  test('a message sent together with the upgrade request arrives', async () => {
    await using engine = await startTestListener();
    const client = await upgradeRaw(engine.port);
    client.socket.destroy();
    const eager = await connectRaw(engine.port);
    const text = '{"type":"ping"}';
    eager.socket.write(
      Buffer.concat([
        Buffer.from(
          'GET / HTTP/1.1\r\nHost: e\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
            'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
        ),
        Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]),
        Buffer.from(text),
      ]),
    );
    await waitFor(() => engine.links[1]?.frames.length);
    expect(engine.links[1]?.frames).toEqual([{ type: 'ping' }]);
  });

  test('no subprotocol and no extension is agreed on', async () => {
    await using engine = await startTestListener();
    const client = await engine.connect('/', { perMessageDeflate: true });
    expect(client.extensions).toBe('');
    expect(client.protocol).toBe('');
  });

  test('a port in use says who wants it and what to change', async () => {
    await using first = await startTestListener();
    const error = await startTestListener({ port: first.port }).catch((failure) => failure);
    expect(error).toBeInstanceOf(ListenError);
    expect(error).toMatchObject({ code: 'EADDRINUSE', host: '127.0.0.1', port: first.port });
    expect(error.message).toContain(`address 127.0.0.1:${first.port} is already in use`);
    expect(error.message).toContain('iii-worker-manager');
  });
});

describe('paths', () => {
  test('protocol:T6 /otel gives telemetry and no worker, / exactly one worker', async () => {
    await using engine = await startTestListener();
    const client = await engine.connect('/otel');
    const received = receivedBy(client);
    client.send('{"type":"ping"}');
    client.send(Buffer.from('OTLP{}'));
    await waitFor(() => engine.telemetry.length);
    expect(engine.telemetry).toEqual(['OTLP{}']);
    expect(engine.links).toHaveLength(0);
    expect(received).toEqual([]);
    await engine.connectWorker();
    expect(engine.links).toHaveLength(1);
  });

  test('protocol:T7 unknown prefixes on /otel are dropped, with one warning for many', async () => {
    await using engine = await startTestListener();
    const client = await engine.connect('/otel');
    for (let i = 0; i < 10; i++) client.send(Buffer.from('NOPE{}'));
    client.send(Buffer.from('LOGS{}'));
    await waitFor(() => engine.telemetry.length);
    expect(engine.telemetry).toEqual(['LOGS{}']);
    expect(engine.warnings).toHaveLength(1);
  });

  test('the owner of a link sees headers and query of its request', async () => {
    await using engine = await startTestListener();
    await engine.connect('/?token=abc', { headers: { 'x-key': 'k' } });
    await engine.connect('/ws');
    expect(engine.links[0]?.request.url).toBe('/?token=abc');
    expect(engine.links[0]?.request.headers['x-key']).toBe('k');
    expect(engine.links[0]?.request.remoteAddress).toBe('127.0.0.1');
    expect(engine.links).toHaveLength(2);
  });
});
