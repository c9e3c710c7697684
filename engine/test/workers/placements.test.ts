// SPDX-License-Identifier: Elastic-2.0
import { type IIIClient, registerWorker, TriggerAction } from 'iii-sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestEngine, type TestEngine } from '../../src/testing/index.ts';
import { eventually, type Json, WireClient } from '../support/wire-engine.ts';

const QUIET = { otel: { enabled: false }, enableMetricsReporting: false } as const;

/** The same promises, wherever the worker runs. The process placement uses the built engine. */
describe.each(['inline', 'process'] as const)('placement %s', (placement) => {
  let engine: TestEngine;
  let iii: IIIClient;

  beforeAll(async () => {
    engine = await startTestEngine({
      placement,
      workers: [
        'iii-http',
        {
          name: 'iii-state',
          config: { adapter: { name: 'kv', config: { store_method: 'file_based' } } },
        },
      ],
    });
    iii = registerWorker(engine.url, { ...QUIET, workerName: `user-${placement}` });
  });

  afterAll(async () => {
    await iii?.shutdown();
    await engine?.stop();
  });

  async function fetchOnceBound(path: string, init?: RequestInit): Promise<Response> {
    for (let tries = 0; ; tries++) {
      const response = await fetch(`${engine.httpUrl}${path}`, init);
      if (response.status !== 404 || tries > 500) return response;
      await response.arrayBuffer();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  test('state answers set, get, update, list and delete', async () => {
    const at = { scope: 'cart', key: 'a' };
    await iii.trigger({ function_id: 'state::set', payload: { ...at, value: { n: 1 } } });
    await iii.trigger({
      function_id: 'state::update',
      payload: { ...at, ops: [{ type: 'increment', path: 'n', by: 4 }] },
    });
    expect(await iii.trigger({ function_id: 'state::get', payload: at })).toEqual({ n: 5 });
    expect(await iii.trigger({ function_id: 'state::list', payload: { scope: 'cart' } })).toEqual([
      { n: 5 },
    ]);
    await iii.trigger({ function_id: 'state::delete', payload: at });
    expect(await iii.trigger({ function_id: 'state::get', payload: at })).toBeUndefined();
  });

  test('a state trigger fires once for each change', async () => {
    const events: Json[] = [];
    iii.registerFunction(`on-change-${placement}`, async (event) => {
      events.push(event);
    });
    iii.registerTrigger({
      type: 'state',
      function_id: `on-change-${placement}`,
      config: { scope: 'watched' },
      metadata: { from: 'binding' },
    });
    // The binding travels on our connection; the worker has it when it has answered for it.
    for (let value = 0; events.length === 0 && value < 500; value++) {
      await iii.trigger({
        function_id: 'state::set',
        payload: { scope: 'watched', key: 'warm', value },
      });
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    events.length = 0;
    await iii.trigger({
      function_id: 'state::set',
      payload: { scope: 'watched', key: 'k', value: 1 },
    });
    await eventually(() => events.some((event) => event.key === 'k'));
    expect(events.filter((event) => event.key === 'k')).toMatchObject([
      { type: 'state', event_type: 'state:created', scope: 'watched', key: 'k', new_value: 1 },
    ]);
  });

  test('an HTTP route calls its function and maps the answer', async () => {
    iii.registerFunction(`sum-${placement}`, async (request: Json) => ({
      status_code: 201,
      headers: { 'x-sum': 'yes' },
      body: {
        sum: request.body.a + request.body.b,
        id: request.path_params.id,
        q: request.query_params.q,
      },
    }));
    iii.registerTrigger({
      type: 'http',
      function_id: `sum-${placement}`,
      config: { api_path: '/sum/:id', http_method: 'POST' },
    });
    const response = await fetchOnceBound('/sum/7?q=x', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ a: 2, b: 3 }),
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('x-sum')).toBe('yes');
    expect(await response.json()).toMatchObject({ sum: 5, id: '7' });
  });

  test('a route bound under its older name works too, and goes when its worker goes', async () => {
    const other = registerWorker(engine.url, { ...QUIET, workerName: `other-${placement}` });
    other.registerFunction(`old-${placement}`, async () => ({ body: 'old' }));
    other.registerTrigger({
      type: 'api',
      function_id: `old-${placement}`,
      config: { api_path: '/old', http_method: 'GET' },
    });
    expect((await fetchOnceBound('/old')).status).toBe(200);
    await other.shutdown();
    let status = 200;
    for (let tries = 0; status !== 404 && tries < 500; tries++) {
      status = (await fetch(`${engine.httpUrl}/old`)).status;
    }
    expect(status).toBe(404);
  });

  test('integers beyond 2^53 survive state in both directions', async () => {
    const client = await WireClient.open(engine.url, { name: `wire-${placement}` });
    const call = async (id: string, data: string): Promise<string> => {
      const invocation = crypto.randomUUID();
      client.send(
        `{"type":"invokefunction","invocation_id":"${invocation}","function_id":"${id}","data":${data}}`,
      );
      await client.waitFor((frame) => frame.invocation_id === invocation);
      return client.texts.find((text) => text.includes(invocation)) as string;
    };
    await call('state::set', '{"scope":"big","key":"k","value":9007199254740993}');
    expect(await call('state::get', '{"scope":"big","key":"k"}')).toContain('9007199254740993');
    client.close();
  });

  test("a user's provider displaces the built-in and gives it back", async () => {
    const user = await WireClient.open(engine.url, { name: `displacer-${placement}` });
    user.register('state::get');
    await user.settled();
    const mine = iii.trigger({ function_id: 'state::get', payload: { scope: 'x', key: 'y' } });
    user.answer(await user.invoked('state::get'), 'mine');
    expect(await mine).toBe('mine');
    user.close();
    await user.until(() => user.closed !== undefined);
    expect(
      await iii.trigger({ function_id: 'state::get', payload: { scope: 'x', key: 'y' } }),
    ).toBeUndefined();
  });

  test('an enqueue without a queue is refused with the way to get one', async () => {
    await expect(
      iii.trigger({
        function_id: 'any',
        payload: {},
        action: TriggerAction.Enqueue({ queue: 'q' }),
      }),
    ).rejects.toThrow(/iii worker add queue/);
  });

  test('the built-in workers are listed as the engine’s', async () => {
    const { workers } = (await iii.trigger({
      function_id: 'engine::workers::list',
      payload: { runtime: 'engine' },
    })) as Json;
    expect(workers.map((row: Json) => row.name)).toEqual(
      expect.arrayContaining(['iii-http', 'iii-state', 'iii-engine-functions']),
    );
  });
});
