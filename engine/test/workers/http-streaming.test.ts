// SPDX-License-Identifier: Elastic-2.0
import { httpWorker } from '@iii-dev/worker-http';
import { runWorker } from '@iii-dev/worker-kit';
import { type IIIClient, registerWorker } from 'iii-sdk';
import type { ChannelReader, ChannelWriter } from 'iii-sdk/channel';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestEngine, type TestEngine } from '../../src/testing/index.ts';
import { eventually, startWireEngine } from '../support/wire-engine.ts';

const QUIET = { otel: { enabled: false }, enableMetricsReporting: false } as const;
const QUIET_LOG = { info() {}, warn() {}, error() {} };

interface HttpRequest {
  readonly body: unknown;
  readonly request_body: ChannelReader;
  readonly response: ChannelWriter;
}

function serve(iii: IIIClient, line: string, handler: (request: HttpRequest) => unknown): void {
  const [method, path] = line.split(' ');
  iii.registerFunction(line, async (request: HttpRequest) => handler(request));
  iii.registerTrigger({
    type: 'http',
    function_id: line,
    config: { api_path: path, http_method: method },
  });
}

/** The binding travels on the worker's connection; until it has arrived the path is unknown. */
async function untilBound(url: string): Promise<void> {
  const until = Date.now() + 8_000;
  while ((await fetch(url, { method: 'PATCH' })).status !== 405) {
    if (Date.now() > until) throw new Error(`${url} was never bound`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The same promises, wherever the worker runs. The process placement uses the built engine. */
describe.each(['inline', 'process'] as const)('placement %s', (placement) => {
  let engine: TestEngine;
  let iii: IIIClient;

  beforeAll(async () => {
    engine = await startTestEngine({ placement, workers: ['iii-http'] });
    iii = registerWorker(engine.url, { ...QUIET, workerName: `streams-${placement}` });
  });

  afterAll(async () => {
    await iii?.shutdown();
    await engine?.stop();
  });

  test('a handler streams its response through the channel', async () => {
    serve(iii, 'GET /stream', ({ response }) => {
      const headers = { 'content-type': 'text/plain', 'x-streamed': 'yes' };
      response.sendMessage(JSON.stringify({ type: 'set_status', status_code: 206 }));
      response.sendMessage(JSON.stringify({ type: 'set_headers', headers }));
      for (let n = 0; n < 5; n++) response.stream.write(`line ${n}\n`);
      response.stream.end();
    });
    const url = `${engine.httpUrl}/stream`;
    await untilBound(url);
    for (let n = 0; n < 10; n++) {
      const response = await fetch(url);
      expect(response.status).toBe(206);
      expect(response.headers.get('x-streamed')).toBe('yes');
      expect(await response.text()).toBe('line 0\nline 1\nline 2\nline 3\nline 4\n');
    }
  });

  test('a handler that has returned nothing may open its response a little later', async () => {
    serve(iii, 'GET /late', (request) => {
      setTimeout(() => request.response.stream.end('late'), 50);
    });
    await untilBound(`${engine.httpUrl}/late`);
    expect(await (await fetch(`${engine.httpUrl}/late`)).text()).toBe('late');
  });

  test('the exact bytes of any body can be read through the channel', async () => {
    serve(iii, 'POST /read', async ({ request_body }) => {
      const bytes = await request_body.readAll();
      return { status_code: 200, body: { size: bytes.length, last: bytes.at(-1) ?? null } };
    });
    const url = `${engine.httpUrl}/read`;
    await untilBound(url);
    const bytes = Buffer.alloc(3_000_000, Buffer.from([0, 255, 7]));
    for (const [type, body, size, last] of [
      ['application/octet-stream', bytes, bytes.length, 7],
      ['application/json', '{"a": 1}', 8, 0x7d],
      ['text/plain', '', 0, null],
    ] as const) {
      const init = { method: 'POST', body, headers: { 'content-type': type } };
      const response = await fetch(url, init);
      expect(await response.json()).toEqual({ size, last });
    }
  });

  test('an upload nobody reads does not keep its answer back', async () => {
    serve(iii, 'POST /ignore', () => ({ status_code: 202, body: 'ok' }));
    const url = `${engine.httpUrl}/ignore`;
    await untilBound(url);
    for (let n = 0; n < 3; n++) {
      const response = await fetch(url, { method: 'POST', body: Buffer.alloc(2_000_000) });
      expect(response.status).toBe(202);
      await response.arrayBuffer();
    }
  });
});

test('requests that use no channel leave none, and streams are gone when they are over', async () => {
  await using engine = await startWireEngine();
  const worker = await runWorker(httpWorker, {
    connect: { url: engine.url },
    config: { port: 0 },
    dataDir: '/nonexistent',
    log: QUIET_LOG,
  });
  const iii = registerWorker(engine.url, { ...QUIET, workerName: 'user' });
  try {
    const url = `http://127.0.0.1:${worker.ports?.http}`;
    serve(iii, 'POST /plain', ({ body }) => ({ status_code: 200, body }));
    serve(iii, 'GET /stream', (request) => {
      request.response.stream.end('streamed');
    });
    await untilBound(`${url}/plain`);
    await untilBound(`${url}/stream`);
    const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '[1]' };
    let most = 0;
    for (let n = 0; n < 20; n++) {
      const responses = Array.from({ length: 10 }, () => fetch(`${url}/plain`, post));
      for (const response of responses) expect(await (await response).json()).toEqual([1]);
      most = Math.max(most, engine.hub.channels.size);
    }
    expect(most).toBe(0);
    const streams = Array.from({ length: 20 }, () => fetch(`${url}/stream`));
    for (const response of streams) expect(await (await response).text()).toBe('streamed');
    await eventually(() => engine.hub.channels.size === 0);

    // Ends that are opened after the answer are let go of, too.
    let isBodyOver = false;
    serve(iii, 'POST /after', ({ request_body, response, body }) => {
      setTimeout(() => {
        response.stream.on('error', () => {}).end('too late');
        void request_body.readAll().then(() => {
          isBodyOver = true;
        });
      }, 50);
      return { status_code: 200, body };
    });
    await untilBound(`${url}/after`);
    expect(await (await fetch(`${url}/after`, post)).json()).toEqual([1]);
    await eventually(() => isBodyOver && engine.hub.channels.size === 0);
  } finally {
    await iii.shutdown();
    await worker.close();
  }
});
