// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { createGate, type HttpFixture, startHttp } from './start-http.ts';

/** Serves functions that note their turn. */
function noteTurns(http: HttpFixture, results: Record<string, unknown>): string[] {
  const turns: string[] = [];
  for (const [id, result] of Object.entries(results)) {
    http.engine.serve(id, () => {
      turns.push(id);
      return result;
    });
  }
  return turns;
}

const next = { action: 'continue' };
const stop = (status_code: number) => ({
  action: 'respond',
  response: { status_code, body: { stopped: true } },
});

describe('conditions', () => {
  it('http:32 false vetoes with 422, null passes, an error is 500', async () => {
    await using http = await startHttp();
    const turns = noteTurns(http, { veto: false, pass: null });
    http.engine.serve('fails', () => {
      throw new Error('x');
    });
    let seen: unknown;
    http.engine.serve('pass', (data) => {
      seen = data;
      return null;
    });
    for (const id of ['veto', 'pass', 'fails']) {
      await http.route(`POST ${id}`, () => ({ body: 'ran' }), {
        config: { condition_function_id: id },
      });
    }
    const post = (path: string) => http.fetch(path, { method: 'POST' });
    const veto = await post('/veto');
    expect(veto.status).toBe(422);
    expect(await veto.json()).toEqual({
      error: { code: 'CONDITION_NOT_MET', message: 'Request condition not met' },
      skipped: true,
    });
    expect(await (await post('/pass')).json()).toBe('ran');
    expect(seen).toMatchObject({ path: 'pass', method: 'POST' });
    expect(seen).not.toHaveProperty('response');
    expect((await post('/fails')).status).toBe(500);
    expect(turns).toEqual(['veto']);
  });
});

describe('middleware', () => {
  it('http:33 http:34 middleware runs in order before the handler, and may answer', async () => {
    await using http = await startHttp();
    const turns = noteTurns(http, { mw1: next, mw2: next, no: stop(429) });
    const handler = () => {
      turns.push('handler');
      return { body: 1 };
    };
    await http.route('GET go', handler, { config: { middleware_function_ids: ['mw1', 'mw2', 5] } });
    await http.route('GET no', handler, { config: { middleware_function_ids: ['mw1', 'no'] } });
    await http.fetch('/go');
    expect(turns).toEqual(['mw1', 'mw2', 'handler']);
    const refused = await http.fetch('/no');
    expect(refused.status).toBe(429);
    expect(await refused.json()).toEqual({ stopped: true });
    expect(turns).toEqual(['mw1', 'mw2', 'handler', 'mw1', 'no']);
  });

  it('http:35 middleware gets phase, method, headers and parameters, and never the body', async () => {
    await using http = await startHttp();
    let seen: unknown;
    http.engine.serve('mw', (data) => {
      seen = data;
      return next;
    });
    await http.route('POST m/:id', () => ({ body: 1 }), {
      config: { middleware_function_ids: ['mw'] },
    });
    await http.fetch('/m/7?a=b', { method: 'POST', body: '{}', headers: { 'x-h': 'v' } });
    expect(seen).toMatchObject({
      phase: 'preHandler',
      request: {
        method: 'POST',
        path_params: { id: '7' },
        query_params: { a: 'b' },
        headers: { 'x-h': 'v' },
      },
      context: {},
    });
    expect(JSON.stringify(seen)).not.toContain('body');
  });

  it('http:36 http:37 global middleware runs first, by priority', async () => {
    await using http = await startHttp({
      middleware: [
        { function_id: 'late', priority: 5 },
        { function_id: 'early', priority: -1 },
        { function_id: 'other', phase: 'onError' },
      ],
    });
    const turns = noteTurns(http, { late: next, early: next, own: stop(401) });
    await http.route('GET g', () => ({ body: 1 }), {
      config: { middleware_function_ids: ['own'] },
    });
    expect((await http.fetch('/g')).status).toBe(401);
    expect(turns).toEqual(['early', 'late', 'own']);
  });

  it('a continue may change the request and hand context to what follows', async () => {
    await using http = await startHttp();
    http.engine.serve('auth', () => ({
      action: 'continue',
      request: { headers: { 'x-user': 'ada' } },
      context: { user: 1 },
    }));
    await http.route('GET c', (req) => ({ body: [req.headers['x-user'], req.context] }), {
      config: { middleware_function_ids: ['auth'] },
    });
    expect(await (await http.fetch('/c')).json()).toEqual(['ada', { user: 1 }]);
  });

  it.each([[undefined], [{ action: 'contineu' }], ['continue']])(
    'a result of %j stops the request, or passes with strict_middleware off',
    async (result) => {
      for (const strict of [true, false]) {
        await using http = await startHttp({ strict_middleware: strict });
        http.engine.serve('mw', () => result);
        await http.route('GET m', () => ({ body: 1 }), {
          config: { middleware_function_ids: ['mw'] },
        });
        expect((await http.fetch('/m')).status).toBe(strict ? 500 : 200);
      }
    },
  );

  it('a middleware that fails or is missing is 500 with its own code', async () => {
    await using http = await startHttp();
    await http.route('GET m', () => ({ body: 1 }), {
      config: { middleware_function_ids: ['none'] },
    });
    const response = await http.fetch('/m');
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ error: { code: 'function_not_found' } });
  });

  it('a middleware that takes too long is 504 MIDDLEWARE_TIMEOUT', async () => {
    await using http = await startHttp({ default_timeout: 50 });
    const gate = createGate();
    http.engine.serve('mw', () => gate.opened);
    await http.route('GET m', () => ({ body: 1 }), { config: { middleware_function_ids: ['mw'] } });
    const response = await http.fetch('/m');
    expect(response.status).toBe(504);
    expect(await response.json()).toEqual({
      error: { code: 'MIDDLEWARE_TIMEOUT', message: 'Middleware timeout' },
    });
    gate.open();
  });
});

describe('concurrency', () => {
  it('http:53 a limit of one runs two requests one after the other, and a third is 503', async () => {
    await using http = await startHttp({
      concurrency_request_limit: 1,
      concurrency_queue_limit: 1,
      health_path: '/h',
    });
    const gate = createGate();
    let running = 0;
    let most = 0;
    await http.route('GET c', async () => {
      running += 1;
      most = Math.max(most, running);
      await gate.opened;
      running -= 1;
      return { body: 1 };
    });
    const health = async () => (await (await http.fetch('/h')).json()) as { waiting: number };
    const first = http.fetch('/c');
    const second = http.fetch('/c');
    while ((await health()).waiting < 1);
    const third = await http.fetch('/c');
    expect(third.status).toBe(503);
    expect(third.headers.get('retry-after')).toBe('1');
    gate.open();
    expect((await first).status).toBe(200);
    expect((await second).status).toBe(200);
    expect(most).toBe(1);
  });
});
