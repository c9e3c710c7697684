// SPDX-License-Identifier: Apache-2.0
import { Payload } from 'iii-sdk/internal';
import { describe, expect, it } from 'vitest';
import { createGate, type Request, startHttp } from './start-http.ts';

const json = { 'content-type': 'application/json' };
const post = (body: NonNullable<RequestInit['body']>, type?: string): RequestInit => ({
  method: 'POST',
  body,
  headers: type === undefined ? {} : { 'content-type': type },
});

describe('bodies', () => {
  it('http:02 a JSON body arrives parsed and the status of the handler is used', async () => {
    await using http = await startHttp();
    await http.route('POST p', (req) => ({ status_code: 201, body: req.body }));
    const response = await http.fetch('/p', post('{"a":[1,2]}', 'application/json'));
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ a: [1, 2] });
  });

  it('integers beyond 2^53 keep their digits on both ways', async () => {
    let seen = '';
    await using http = await startHttp(
      {},
      {
        onFrame(frame, connection) {
          if (frame.type !== 'invokefunction' || frame.function_id !== 'big') return;
          seen = frame.data.text;
          connection.send({
            type: 'invocationresult',
            invocation_id: frame.invocation_id as string,
            function_id: 'big',
            result: Payload.ofText('{"status_code":200, "body": {"n": 9007199254740993} }'),
          });
          return true;
        },
      },
    );
    await http.engine.bind({
      trigger_type: 'http',
      function_id: 'big',
      config: { api_path: 'big', http_method: 'POST' },
    });
    const response = await http.fetch(
      '/big',
      post('{"n": 18446744073709551615}', 'application/json'),
    );
    expect(seen).toContain('"body":{"n": 18446744073709551615}');
    expect(await response.text()).toBe('{"n": 9007199254740993}');
  });

  it('http:16 the exact bytes of a JSON body can be read beside the parsed body', async () => {
    await using http = await startHttp();
    await http.route('POST raw', async (req) => ({
      body: { raw: (await http.readBody(req)).toString(), parsed: req.body },
    }));
    const text = '{"z":2, "a":1}';
    const response = await http.fetch('/raw', post(text, 'application/json; charset=utf-8'));
    expect(await response.json()).toEqual({ raw: text, parsed: { z: 2, a: 1 } });
  });

  it('http:17 an empty JSON body is null and its channel ends without bytes', async () => {
    await using http = await startHttp();
    await http.route('POST e', async (req) => ({
      body: [req.body, (await http.readBody(req)).length],
    }));
    const response = await http.fetch('/e', { method: 'POST', headers: json });
    expect(await response.json()).toEqual([null, 0]);
  });

  it.each([
    ['http:18 JSON that is not valid', '{"a":', 'application/json'],
    ['http:19 plain text', 'hello', 'text/plain'],
    ['JSON behind a byte order mark', '\uFEFF{}', 'application/json'],
    [
      'JSON nested deeper than other languages read',
      `${'['.repeat(129)}${']'.repeat(129)}`,
      'application/json',
    ],
  ])('%s reaches the handler as null', async (_, body, type) => {
    await using http = await startHttp();
    await http.route('POST b', (req) => ({ body: [req.body] }));
    const response = await http.fetch('/b', post(body, type));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual([null]);
  });

  it('http:20 http:21 form, multipart and binary bodies arrive whole through the channel', async () => {
    await using http = await startHttp();
    await http.route('POST up', async (req) => ({
      headers: { 'content-type': 'text/plain' },
      body: (await http.readBody(req)).toString('base64'),
    }));
    const bytes = Buffer.alloc(300_000, Buffer.from([0, 1, 2, 250, 255, 13, 10]));
    for (const type of [
      'application/x-www-form-urlencoded',
      'application/octet-stream',
      'multipart/form-data; boundary=x',
    ]) {
      const response = await http.fetch('/up', post(bytes, type));
      expect(Buffer.from(await response.text(), 'base64').equals(bytes)).toBe(true);
    }
  });

  it('http:57 a body over the limit is refused, announced or not', async () => {
    await using http = await startHttp({ body_limit: 1000 });
    let calls = 0;
    await http.route('POST l', () => {
      calls += 1;
      return { body: 1 };
    });
    const big = JSON.stringify('x'.repeat(2000));
    const chunked = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from(big));
        controller.close();
      },
    });
    const announced = await http.fetch('/l', post(big, 'application/json'));
    const streamed = await http.fetch('/l', {
      ...post(chunked, 'application/json'),
      duplex: 'half',
    } as RequestInit);
    for (const response of [announced, streamed]) {
      expect(response.status).toBe(413);
      expect(await response.json()).toMatchObject({ error: { code: 'PAYLOAD_TOO_LARGE' } });
    }
    expect(calls).toBe(0);
  });
});

describe('buffered responses', () => {
  it.each<[string, unknown, number, string | null, string]>([
    [
      'http:05 a status of the handler passes',
      { status_code: 404, body: { e: 1 } },
      404,
      'application/json',
      '{"e":1}',
    ],
    [
      'http:22 a text body stays as it is under its own type',
      { headers: { 'Content-Type': 'text/xml' }, body: '<a/>' },
      200,
      'text/xml',
      '<a/>',
    ],
    [
      'http:23 an object without a type is JSON',
      { body: { a: 1 } },
      200,
      'application/json',
      '{"a":1}',
    ],
    ['a text without a type is JSON too', { body: 'x"y' }, 200, 'application/json', '"x\\"y"'],
    [
      'a text under a JSON type stays as it is',
      { headers: json, body: '[1]' },
      200,
      'application/json',
      '[1]',
    ],
    ['null under a type is empty', { headers: json, body: null }, 200, 'application/json', ''],
    [
      'an object under another type is JSON text',
      { headers: { 'content-type': 'text/plain' }, body: [1] },
      200,
      'text/plain',
      '[1]',
    ],
    ['http:24 headers may be null', { headers: null, body: 1 }, 200, 'application/json', '1'],
    [
      'http:25 a status that is no number is 200',
      { status_code: '201', body: 1 },
      200,
      'application/json',
      '1',
    ],
    [
      'http:25 an absent body is an empty object',
      { status_code: 202 },
      202,
      'application/json',
      '{}',
    ],
    ['a status below 100 is 200', { status_code: 42 }, 200, 'application/json', '{}'],
    ['a bare value is an empty object', 'hi', 200, 'application/json', '{}'],
    ['`status` counts beside a body', { status: 418, body: 1 }, 418, 'application/json', '1'],
    ['`status` alone does not count', { status: 418 }, 200, 'application/json', '{}'],
    ['`statusCode` counts', { statusCode: 202, body: 1 }, 202, 'application/json', '1'],
    [
      'http:30 a status of 500 passes',
      { status_code: 500, body: 'x' },
      500,
      'application/json',
      '"x"',
    ],
    [
      'a Buffer is bytes again',
      { headers: { 'content-type': 'image/png' }, body: Buffer.from('png') },
      200,
      'image/png',
      'png',
    ],
    [
      'base64 is bytes',
      { headers: { 'content-type': 'image/png' }, body_base64: 'cG5n' },
      200,
      'image/png',
      'png',
    ],
  ])('%s', async (_, result, status, type, body) => {
    await using http = await startHttp();
    await http.route('GET r', () => result);
    const response = await http.fetch('/r');
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe(type);
    expect(await response.text()).toBe(body);
  });

  it('http:24 headers as a list may repeat, and what is no header is left out', async () => {
    await using http = await startHttp();
    await http.route('GET h', () => ({
      headers: [
        'Set-Cookie: a=1',
        'set-cookie: b=2',
        5,
        'no colon',
        'bad name: x',
        'X-Ok: y:z',
        'content-length: 999',
        'transfer-encoding: chunked',
      ],
      body: 1,
    }));
    const response = await http.fetch('/h');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(response.headers.get('x-ok')).toBe('y:z');
    expect(await response.text()).toBe('1');
    expect(http.log.records).toContainEqual(
      expect.objectContaining({ message: 'response header is not valid' }),
    );
  });

  it('http:30 a failure is 500 with its code, message and an error id, and never a stack', async () => {
    await using http = await startHttp();
    await http.route('GET f', () => {
      throw new Error('no stock');
    });
    const response = await http.fetch('/f');
    const text = await response.text();
    expect(response.status).toBe(500);
    expect(JSON.parse(text)).toEqual({
      error: {
        code: 'invocation_failed',
        message: 'no stock',
        error_id: expect.stringMatching(/^[0-9a-f]{1,12}$/),
      },
    });
    expect(text).not.toContain('.ts');
  });

  it('a function that is not there is 500 with its own code', async () => {
    await using http = await startHttp();
    await http.engine.bind({
      trigger_type: 'http',
      function_id: 'gone',
      config: { api_path: 'g' },
    });
    const response = await http.fetch('/g');
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ error: { code: 'function_not_found' } });
  });

  it.each([undefined, null])('http:31 a handler that returns %s is answered', async (result) => {
    await using http = await startHttp();
    await http.route('GET n', () => result);
    const response = await http.fetch('/n');
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('{}');
  });

  it('a status that is not final is no answer', async () => {
    await using http = await startHttp();
    await http.route('GET i', () => ({ status_code: 100 }));
    expect((await http.fetch('/i')).status).toBe(500);
  });

  it('http:52 a timeout has the envelope and the CORS headers, and cancels the call', async () => {
    await using http = await startHttp({ default_timeout: 50 });
    const gate = createGate();
    await http.route('GET slow', () => gate.opened);
    const response = await http.fetch('/slow');
    expect(response.status).toBe(504);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(await response.json()).toMatchObject({ error: { code: 'TIMEOUT' } });
    await http.engine.waitForFrame('cancelinvocation' as never);
    gate.open();
  });
});

describe('streamed responses', () => {
  const head = (status: number, headers: Record<string, unknown>) => [
    JSON.stringify({ type: 'set_status', status_code: status }),
    JSON.stringify({ type: 'set_headers', headers }),
  ];

  it('http:26 status, headers and bytes come from the channel; a header that is not valid is left out', async () => {
    await using http = await startHttp();
    await http.route('GET s', (req) => {
      const writer = http.writer(req);
      for (const message of head(206, { 'content-type': 'text/plain', 'bad name': 'x' })) {
        writer.sendMessage(message);
      }
      writer.stream.end('hello');
    });
    const response = await http.fetch('/s');
    expect(response.status).toBe(206);
    expect(response.headers.get('content-type')).toBe('text/plain');
    expect(await response.text()).toBe('hello');
  });

  it('http:27 a channel closed without bytes is a response with its head', async () => {
    await using http = await startHttp();
    await http.route('GET s', (req) => {
      const writer = http.writer(req);
      for (const message of head(202, { 'x-test': 'y' })) writer.sendMessage(message);
      writer.stream.end();
    });
    const response = await http.fetch('/s');
    expect(response.status).toBe(202);
    expect(response.headers.get('x-test')).toBe('y');
    expect(await response.text()).toBe('');
  });

  it('http:29 server-sent events arrive whole and in order, the head before the first event', async () => {
    await using http = await startHttp();
    const next = createGate();
    await http.route('GET sse', async (req) => {
      const writer = http.writer(req);
      for (const message of head(200, {
        'content-type': 'text/event-stream',
        connection: 'keep-alive',
      })) {
        writer.sendMessage(message);
      }
      await next.opened;
      for (let n = 1; n <= 4; n++) writer.stream.write(`id: ${n}\ndata: a${n}\ndata: b\n\n`);
      writer.stream.end();
    });
    const response = await http.fetch('/sse');
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    next.open();
    const text = await response.text();
    expect([...text.matchAll(/^id: (\d)$/gm)].map((match) => match[1])).toEqual([
      '1',
      '2',
      '3',
      '4',
    ]);
  });

  it('http:21 a large download is byte-identical, again and again', async () => {
    await using http = await startHttp();
    const bytes = Buffer.alloc(700_000, Buffer.from([37, 80, 68, 70, 0, 255]));
    await http.route('GET pdf', (req) => {
      const writer = http.writer(req);
      for (const message of head(200, { 'content-type': 'application/pdf' }))
        writer.sendMessage(message);
      writer.stream.end(bytes);
    });
    for (let n = 0; n < 3; n++) {
      const response = await http.fetch('/pdf');
      expect(response.headers.get('content-type')).toBe('application/pdf');
      expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
    }
  });

  it('a handler that fails in the middle of its response breaks it off', async () => {
    await using http = await startHttp();
    const begun = createGate();
    await http.route('GET s', async (req: Request) => {
      http.writer(req).stream.write('part');
      await begun.opened;
      throw new Error('broken');
    });
    const response = await http.fetch('/s');
    begun.open();
    await expect(response.text()).rejects.toThrow();
  });

  it('more bytes than announced do not run into the next response', async () => {
    await using http = await startHttp();
    await http.route('GET s', (req) => {
      const writer = http.writer(req);
      writer.sendMessage(head(200, { 'content-length': '3' })[1] as string);
      writer.stream.end('toolong');
    });
    await expect(http.fetch('/s').then((response) => response.text())).rejects.toThrow();
  });

  it('a result that is not null wins over a head without bytes', async () => {
    await using http = await startHttp();
    await http.route('GET s', (req) => {
      http.writer(req).sendMessage(head(202, {})[0] as string);
      return { status_code: 203, body: 1 };
    });
    expect((await http.fetch('/s')).status).toBe(203);
  });
});
