// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { type FakeEngine, startFakeEngine } from '@iii-dev/client-core/testing';
import { runWorker } from '@iii-dev/worker-kit';
import { recordingLog } from '@iii-dev/worker-kit/testing';
import { InvocationError } from 'iii-sdk/errors';
import { describe, expect, it } from 'vitest';
import { httpWorker } from '../src/index.ts';
import { HttpFixture } from './start-http.ts';

/** A configuration store of one entry. */
class FakeStore {
  value: unknown;
  registered: Record<string, unknown>[] = [];

  constructor(engine: FakeEngine, value?: unknown) {
    this.value = value;
    engine.serve('configuration::get', () => {
      if (this.value === undefined) throw new InvocationError({ code: 'NOT_FOUND', message: 'x' });
      return { id: 'iii-http', value: this.value };
    });
    engine.serve('configuration::register', (data) => {
      const entry = data as Record<string, unknown>;
      this.registered.push(entry);
      if (entry.initial_value) this.value = entry.initial_value;
      return entry;
    });
  }
}

async function start(config: Record<string, unknown>, stored?: unknown) {
  const engine = await startFakeEngine();
  const store = new FakeStore(engine, stored);
  const log = recordingLog();
  try {
    const worker = await runWorker(httpWorker, {
      connect: { url: engine.address },
      config,
      dataDir: '/nonexistent',
      log,
    });
    const http = new HttpFixture(engine, worker, log);
    const set = async (value: unknown) => {
      store.value = value;
      await engine.call('iii-http::on-config-change');
    };
    return { http, store, set, [Symbol.asyncDispose]: () => http[Symbol.asyncDispose]() };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** A port that was free a moment ago. */
async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function takePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.dispose]: () => server.close() };
}

describe('settings in the store', () => {
  it('http:39 the first boot stores the whole seed with its schema', async () => {
    await using t = await start({ port: 0, default_timeout: 1234 });
    expect(t.store.registered[0]).toMatchObject({
      id: 'iii-http',
      schema: {
        additionalProperties: false,
        properties: { concurrency_request_limit: { minimum: 1 } },
        definitions: {
          MiddlewareConfig: { additionalProperties: false },
          CorsConfig: { additionalProperties: false },
        },
      },
      initial_value: { port: 0, host: '127.0.0.1', default_timeout: 1234, cors: null },
    });
  });

  it('http:41 what is stored wins over the config file and is not overwritten', async () => {
    await using t = await start({ port: 0, health_path: '/a' }, { port: 0, health_path: '/b' });
    expect(t.store.registered[0]).not.toHaveProperty('initial_value');
    expect((await t.http.fetch('/b')).status).toBe(200);
  });

  it('http:37 http:40 new settings are live without a new listener', async () => {
    await using t = await start({ port: 0 });
    await t.http.route('GET x', () => ({ body: 1 }));
    t.http.engine.serve('guard', () => ({ action: 'respond', response: { status_code: 401 } }));
    await t.set({ port: 0, middleware: [{ function_id: 'guard' }] });
    expect((await t.http.fetch('/x')).status).toBe(401);
  });

  it('http:42 a new port is taken, the old one left, and its idle connections end', async () => {
    const [from, to] = [await findFreePort(), await findFreePort()];
    await using t = await start({ port: from });
    await t.http.route('GET x', () => ({ body: 1 }));
    const idle = connect(from, '127.0.0.1');
    idle.write('GET /x HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(idle, 'data');
    const ended = once(idle, 'close');
    await t.set({ port: to });
    await ended;
    expect((await fetch(`http://127.0.0.1:${to}/x`)).status).toBe(200);
    await expect(fetch(`http://127.0.0.1:${from}/x`)).rejects.toThrow();
  });

  it('http:45 a port that is taken changes nothing', async () => {
    using taken = await takePort();
    await using t = await start({ port: 0, health_path: '/h' });
    await t.set({ port: taken.port, health_path: '/other' });
    expect((await t.http.fetch('/h')).status).toBe(200);
    expect(t.http.log.records.at(-1)?.level).toBe('error');
  });

  it('http:47 a value that is malformed keeps the previous settings', async () => {
    await using t = await start({ port: 0, health_path: '/h' });
    await t.set({ port: 'x' });
    expect((await t.http.fetch('/h')).status).toBe(200);
  });

  it('http:46 a stored address that is taken falls back to the config file, never to an open one', async () => {
    using taken = await takePort();
    const stored = { port: taken.port, host: '127.0.0.1', health_path: '/h' };
    await using t = await start({ port: 0 }, stored);
    expect((await t.http.fetch('/h')).status).toBe(200);
    await expect(start({ port: 0, host: '0.0.0.0' }, stored)).rejects.toThrow('already in use');
  });
});
