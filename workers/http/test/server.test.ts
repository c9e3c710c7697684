// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createGate, startHttp } from './start-http.ts';

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

describe('the server', () => {
  it('malformed bytes are answered 400 and closed, and the next request is served', async () => {
    await using http = await startHttp();
    await http.route('GET ok', () => ({ body: 1 }));
    for (const bytes of [
      '\x00\x01garbage\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'GET /ok HTTP/1.1\r\nBad Header\r\n\r\n',
    ]) {
      const socket = connect(http.port, '127.0.0.1');
      socket.write(bytes);
      expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 400 /);
    }
    expect((await http.fetch('/ok')).status).toBe(200);
  });

  it('requests sent in one go are answered in order on one connection, each in one piece', async () => {
    await using http = await startHttp();
    await http.route('GET n/:n', (req) => ({ body: Number(req.path_params.n) }));
    const socket = connect(http.port, '127.0.0.1');
    socket.write(
      'GET /n/1 HTTP/1.1\r\nhost: x\r\n\r\nGET /n/2 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    );
    const text = await readAll(socket);
    expect(text.match(/\r\n\r\n(\d)/g)).toEqual(['\r\n\r\n1', '\r\n\r\n2']);
  });

  it('http:48 a port in use is an error that names it, who wants it and how to change it', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    await expect(startHttp({ port })).rejects.toThrow(
      new RegExp(`address 127\\.0\\.0\\.1:${port} is already in use.*iii-http.*config\\.port`),
    );
    holder.close();
  });

  it('http:49 closing finishes what is in flight, takes nothing new and may be called twice', async () => {
    await using http = await startHttp();
    const gate = createGate();
    const entered = createGate();
    await http.route('GET c', async () => {
      entered.open();
      await gate.opened;
      return { body: 'done' };
    });
    const inFlight = http.fetch('/c');
    await entered.opened;
    const { port } = http;
    const closing = http.worker.close();
    gate.open();
    expect(await (await inFlight).json()).toBe('done');
    await closing;
    await http.worker.close();
    await expect(fetch(`http://127.0.0.1:${port}/c`)).rejects.toThrow();
  });

  it('an upload is asked for once it is wanted, and refused before it is sent', async () => {
    await using http = await startHttp({ body_limit: 10 });
    await http.route('POST c', (req) => ({ body: req.body }));
    const ask = async (length: number, body: string) => {
      const socket = connect(http.port, '127.0.0.1');
      socket.write(
        `POST /c HTTP/1.1\r\nhost: x\r\nconnection: close\r\nexpect: 100-continue\r\n` +
          `content-type: application/json\r\ncontent-length: ${length}\r\n\r\n`,
      );
      const [first] = (await once(socket, 'data')) as [Buffer];
      socket.end(body);
      return String(first).slice(0, 12);
    };
    expect(await ask(3, '[1]')).toBe('HTTP/1.1 100');
    expect(await ask(1000, '')).toBe('HTTP/1.1 413');
  });

  it('a client that leaves cancels the call', async () => {
    await using http = await startHttp();
    const gate = createGate();
    const entered = createGate();
    await http.route('GET c', async () => {
      entered.open();
      await gate.opened;
    });
    const leave = new AbortController();
    const request = http.fetch('/c', { signal: leave.signal });
    await entered.opened;
    leave.abort();
    await expect(request).rejects.toThrow();
    await http.engine.waitForFrame('cancelinvocation' as never);
    gate.open();
  });
});

describe('the connection to the engine', () => {
  it('channels work again after it was lost', async () => {
    await using http = await startHttp();
    await http.route('GET s', (req) => {
      http.writer(req).stream.end('streamed');
    });
    expect(await (await http.fetch('/s')).text()).toBe('streamed');
    http.engine.connection.terminate();
    await http.engine.waitForConnection(2);
    expect(await (await http.fetch('/s')).text()).toBe('streamed');
    const grants = http.engine
      .framesOf('invokefunction')
      .filter((frame) => frame.function_id === 'engine::channels::grant');
    expect(grants).toHaveLength(2);
  });
});
