// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { type Request, startHttp } from './start-http.ts';

const ok = (body: unknown) => () => ({ status_code: 200, body });

describe('routing', () => {
  it('http:01 a GET route answers with the body of its handler', async () => {
    await using http = await startHttp();
    await http.route('GET test/hello', ok({ message: 'hi' }));
    const response = await http.fetch('/test/hello');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ message: 'hi' });
  });

  it('http:03 path parameters arrive by name, as they stand in the path', async () => {
    await using http = await startHttp();
    await http.route('GET a/:x/fixed/:y', (req) => ({ body: req.path_params }));
    await http.route('GET files/{*rest}', (req) => ({ body: req.path_params }));
    expect(await (await http.fetch('/a/hello%20world/fixed/2')).json()).toEqual({
      x: 'hello%20world',
      y: '2',
    });
    expect(await (await http.fetch('/files/a/b.txt')).json()).toEqual({ rest: 'a/b.txt' });
  });

  it('http:04 query parameters arrive decoded as text, the last of a repeated one', async () => {
    await using http = await startHttp();
    await http.route('GET q', (req) => ({ body: req.query_params }));
    const response = await http.fetch('/q?q=hello+w%C3%B6rld&limit=10&a&limit=11&__proto__=x');
    expect(await response.text()).toBe('{"q":"hello wörld","limit":"11","a":"","__proto__":"x"}');
  });

  it('repeated query keys and headers arrive as lists where the route asks for that', async () => {
    await using http = await startHttp();
    await http.route('GET r', (req) => ({ body: [req.query_params, req.headers['x-a']] }), {
      config: { repeated_values: true },
    });
    const response = await http.fetch('/r?a=1&a=2&b=3');
    expect(await response.json()).toEqual([{ a: ['1', '2'], b: '3' }, null]);
  });

  it('http:06 a route answers from its registration to its removal, /health included', async () => {
    await using http = await startHttp();
    const health = async () => (await http.fetch('/health')).json();
    expect(await health()).toMatchObject({ status: 'ok' });
    await http.route('GET health', ok('fine'), { id: 'h' });
    expect(await health()).toBe('fine');
    await http.unbind('h');
    expect(await health()).toMatchObject({ status: 'ok' });
  });

  it.each([null, false])('with health_path %s /health is a path like any other', async (off) => {
    await using http = await startHttp({ health_path: off });
    expect((await http.fetch('/health')).status).toBe(404);
  });

  it('http:07 an unknown path gets the NOT_FOUND envelope without an error id', async () => {
    await using http = await startHttp();
    const response = await http.fetch('/nothing');
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ error: { code: 'NOT_FOUND', message: 'Not Found' } });
    expect(response.headers.get('vary')).toContain('origin');
  });

  it('a known path answers a wrong method with 405, the methods it has and an envelope', async () => {
    await using http = await startHttp();
    await http.route('GET only', ok(1));
    const response = await http.fetch('/only', { method: 'POST' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET,HEAD');
    expect(await response.json()).toMatchObject({ error: { code: 'METHOD_NOT_ALLOWED' } });
  });

  it('http:08 the method counts in any case and a leading slash does not count', async () => {
    await using http = await startHttp();
    await http.route('get /lower', ok('first'));
    expect(await (await http.fetch('/lower')).json()).toBe('first');
    await http.route('GET lower', ok('second'));
    expect(await (await http.fetch('/lower')).json()).toBe('second');
  });

  it('http:09 a binding without a path is refused with the reason', async () => {
    await using http = await startHttp();
    const result = await http.engine.bind({ trigger_type: 'http', function_id: 'f', config: {} });
    expect(result.error).toMatchObject({
      code: 'trigger_registration_failed',
      message: expect.stringContaining('api_path is required for http triggers'),
    });
  });

  it('http:10 the same shape with other names is refused and the first route stays', async () => {
    await using http = await startHttp();
    await http.route('GET a/:x/:y', ok('first'));
    const refused = await http.route('GET a/:y/:x', ok('second'));
    expect(refused.error?.message).toBe(
      "Route 'GET a/:y/:x' conflicts with already-registered route 'GET a/:x/:y': routes with " +
        'identical structure but different path-parameter names are not supported',
    );
    expect(await (await http.fetch('/a/1/2')).json()).toBe('first');
  });

  it('http:11 http:54 other literals, parameter against literal and other methods are no conflict', async () => {
    await using http = await startHttp();
    const results = await Promise.all([
      http.route('GET u/me', ok('me')),
      http.route('GET u/:id', ok('id')),
      http.route('GET u/:user/posts', ok('posts')),
      http.route('POST u/:userId', ok('post')),
      http.route('GET v/:id', ok('v')),
    ]);
    expect(results.map((result) => result.error)).toEqual(Array(5).fill(undefined));
    const read = async (path: string, method = 'GET') =>
      (await http.fetch(path, { method })).json();
    expect(await read('/u/me')).toBe('me');
    expect(await read('/u/7')).toBe('id');
    expect(await read('/u/me/posts')).toBe('posts');
    expect(await read('/u/7', 'POST')).toBe('post');
  });

  it.each(['x/fixed', 'x/:id'])('http:12 http:13 only the owner of %s removes it', async (path) => {
    await using http = await startHttp();
    await http.route(`GET ${path}`, ok('A'), { id: 'a' });
    await http.engine.bind({
      trigger_type: 'http',
      function_id: 'b',
      config: { api_path: path },
      id: 'b',
    });
    http.engine.serve('b', ok('B'));
    await http.unbind('a');
    expect(await (await http.fetch('/x/fixed')).json()).toBe('B');
    await http.unbind('b');
    await http.unbind('b');
    await http.unbind('never there');
    expect((await http.fetch('/x/fixed')).status).toBe(404);
  });

  it('http:14 a verb that is not supported registers and is never reached', async () => {
    await using http = await startHttp();
    expect((await http.route('TRACE t', ok(1))).error).toBeUndefined();
    expect((await http.fetch('/t')).status).toBe(404);
  });

  it('http:15 function, condition and middleware are called in the namespace of the binding', async () => {
    await using http = await startHttp();
    const seen: (string | undefined)[] = [];
    const answer =
      (result: unknown) => (_: unknown, __: unknown, frame: { namespace?: string }) => {
        seen.push(frame.namespace);
        return result;
      };
    http.engine.serve('cond', answer(true));
    http.engine.serve('mw', answer({ action: 'continue' }));
    http.engine.serve('fn', answer({ body: 1 }));
    await http.engine.bind({
      trigger_type: 'http',
      function_id: 'fn',
      namespace: 'orders',
      config: { api_path: 'n', condition_function_id: 'cond', middleware_function_ids: ['mw'] },
    });
    await http.fetch('/n');
    expect(seen).toEqual(['orders', 'orders', 'orders']);
  });

  it.each(['/:', '/a/*b', '/{', '/a/{x}y', '/a/{*r}/b', '/:a/:a'])(
    'http:55 the path %s is refused and other routes are unaffected',
    async (path) => {
      await using http = await startHttp();
      await http.route('GET fine', ok('fine'));
      const result = await http.route(`GET ${path}`, ok(1));
      expect(result.error?.code).toBe('trigger_registration_failed');
      expect(await (await http.fetch('/fine')).json()).toBe('fine');
    },
  );

  it('the handler learns path pattern, actual url, method, trigger and metadata', async () => {
    await using http = await startHttp();
    let seen: [Request, unknown] | undefined;
    await http.route(
      'GET /items/:id',
      (req, metadata) => {
        seen = [req, metadata];
        return { body: null };
      },
      { metadata: { tenant: 7 } },
    );
    await http.fetch('/items/1?x=y', { headers: { 'X-Custom': 'v' } });
    expect(seen?.[1]).toEqual({ tenant: 7 });
    expect(seen?.[0]).toMatchObject({
      path: '/items/:id',
      url: '/items/1?x=y',
      method: 'GET',
      body: null,
      trigger: { type: 'http', path: '/items/:id', method: 'GET' },
      headers: { 'x-custom': 'v' },
      request_body: { direction: 'read' },
      response: { direction: 'write' },
    });
  });

  it('http:50 HEAD on a GET route has its headers and no body', async () => {
    await using http = await startHttp();
    await http.route('GET head', ok('12345'));
    const response = await http.fetch('/head', { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-length')).toBe('7');
    expect(await response.text()).toBe('');
  });

  it('http:51 an OPTIONS route is reached unless a browser asks before a request', async () => {
    await using http = await startHttp();
    await http.route('OPTIONS o', ok('mine'));
    expect(await (await http.fetch('/o', { method: 'OPTIONS' })).json()).toBe('mine');
    const preflight = await http.fetch('/o', {
      method: 'OPTIONS',
      headers: { origin: 'https://a.example', 'access-control-request-method': 'POST' },
    });
    expect(await preflight.text()).toBe('');
    expect(preflight.headers.get('access-control-allow-methods')).toBe('*');
    expect(preflight.headers.get('access-control-allow-headers')).toBe('*');
    expect((await http.fetch('/unknown', { method: 'OPTIONS' })).status).toBe(200);
  });

  it('explicit origins are echoed when listed and left out when not', async () => {
    await using http = await startHttp({
      cors: { allowed_origins: ['https://a.example'], allowed_methods: ['GET', 'POST'] },
    });
    await http.route('GET c', () => ({
      headers: { 'Access-Control-Allow-Origin': 'https://evil.example', vary: 'x-mine' },
      body: 1,
    }));
    const listed = await http.fetch('/c', { headers: { origin: 'https://a.example' } });
    expect(listed.headers.get('access-control-allow-origin')).toBe('https://a.example');
    expect(listed.headers.get('vary')).toMatch(/^origin, .*, x-mine$/);
    const other = await http.fetch('/c', { headers: { origin: 'https://b.example' } });
    expect(other.status).toBe(200);
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('options for paths without a route: slash, health and a function of ones own', async () => {
    await using http = await startHttp({
      ignore_trailing_slash: true,
      health_path: '/healthz',
      not_found_function: 'app::lost',
    });
    http.engine.serve('app::lost', (data) => ({ body: { lost: (data as Request).url } }));
    await http.route('GET s', ok('s'));
    expect(await (await http.fetch('/s/')).json()).toBe('s');
    expect(await (await http.fetch('/healthz')).json()).toMatchObject({ status: 'ok', routes: 1 });
    const lost = await http.fetch('/elsewhere');
    expect(lost.status).toBe(404);
    expect(await lost.json()).toEqual({ lost: '/elsewhere' });
  });
});
