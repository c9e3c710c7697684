// SPDX-License-Identifier: Apache-2.0
/** Every client generation against the built engine: same promises, each in its own API. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Client, ours, type Subject, subjects } from './support/clients.ts';
import { EngineProcess } from './support/engine-process.ts';

const WAIT = { timeout: 20_000, interval: 20 };

describe.each(subjects)('iii-sdk $version', (subject: Subject) => {
  let engine: EngineProcess;
  const clients: Client[] = [];

  beforeAll(async () => {
    engine = await EngineProcess.start();
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.shutdown();
  });

  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
  });

  async function connect(name: string, as: Subject = subject): Promise<Client> {
    const client = await as.connect(engine.url, name);
    clients.push(client);
    return client;
  }

  async function waitForFunction(client: Client, id: string): Promise<void> {
    await expect.poll(() => listFunctions(client), WAIT).toContain(id);
  }

  test('a function registered by one client answers another', async () => {
    const provider = await connect('provider');
    provider.register('compat::add', async ({ a, b }: { a: number; b: number }) => ({
      sum: a + b,
    }));
    const caller = await connect('caller');
    await waitForFunction(caller, 'compat::add');
    expect(await caller.call('compat::add', { a: 2, b: 3 })).toEqual({ sum: 5 });
  });

  test('it calls and is called by the client of this repository', async () => {
    const theirs = await connect('theirs');
    const own = await connect('own', ours);
    theirs.register('compat::theirs', async ({ n }: { n: number }) => ({ n, by: 'theirs' }));
    own.register('compat::own', async ({ n }: { n: number }) => ({ n, by: 'own' }));
    await waitForFunction(own, 'compat::theirs');
    await waitForFunction(theirs, 'compat::own');
    expect(await own.call('compat::theirs', { n: 1 })).toEqual({ n: 1, by: 'theirs' });
    expect(await theirs.call('compat::own', { n: 2 })).toEqual({ n: 2, by: 'own' });
  });

  test('a void call arrives once', async () => {
    const got: unknown[] = [];
    const provider = await connect('provider');
    provider.register('compat::note', async ({ n }: { n: number }) => {
      got.push(n);
    });
    const caller = await connect('caller');
    await waitForFunction(caller, 'compat::note');
    caller.callVoid('compat::note', { n: 1 });
    caller.callVoid('compat::note', { n: 2 });
    await expect.poll(() => got.length, WAIT).toBeGreaterThanOrEqual(2);
    // An answered call comes after both, on the same connections.
    await caller.call('compat::note', { n: 3 });
    expect(got).toEqual([1, 2, 3]);
  });

  test('a handler that throws rejects the call with its message', async () => {
    const client = await connect('thrower');
    client.register('compat::throw', async () => {
      throw new Error('not today');
    });
    await waitForFunction(client, 'compat::throw');
    const error = await client.call('compat::throw', {}).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'invocation_failed',
      message: expect.stringContaining('not today'),
    });
  });

  test('a call to a function nobody has is rejected', async () => {
    const client = await connect('caller');
    const error = await client.call('compat::nobody', {}).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'function_not_found' });
  });

  test('an http trigger serves requests', async () => {
    const client = await connect('web');
    client.register('compat::web', async ({ body }: { body: { n: number } }) => ({
      status_code: 201,
      headers: { 'x-from': 'handler' },
      body: { twice: body.n * 2 },
    }));
    client.bind('http', 'compat::web', { api_path: '/compat/:id', http_method: 'POST' });
    await expect.poll(() => post('/compat/1', { n: 21 }), WAIT).toEqual([201, { twice: 42 }]);
  });

  test('a state trigger fires once per change', async () => {
    const events: unknown[] = [];
    const client = await connect('watcher');
    client.register('compat::changed', async (event: unknown) => {
      events.push(event);
    });
    client.bind('state', 'compat::changed', { scope: `s-${subject.version}` });
    // The client may still be connecting; the calls queue behind the registration.
    await waitForFunction(client, 'compat::changed');
    const at = { scope: `s-${subject.version}`, key: 'k' };
    await client.call('state::set', { ...at, value: { n: 1 } });
    await client.call('state::set', { ...at, value: { n: 2 } });
    await expect.poll(() => events.length, WAIT).toBeGreaterThanOrEqual(2);
    expect(events).toHaveLength(2);
    expect(events).toContainEqual(
      expect.objectContaining({
        ...at,
        type: 'state',
        event_type: 'state:created',
        new_value: { n: 1 },
      }),
    );
    expect(events).toContainEqual(
      expect.objectContaining({
        ...at,
        event_type: 'state:updated',
        old_value: { n: 1 },
        new_value: { n: 2 },
      }),
    );
    expect(await client.call('state::get', at)).toEqual({ n: 2 });
    expect(await client.call('state::get', { ...at, key: 'none' })).toBeUndefined();
  });

  test('everything is back after the engine was killed and started again', async () => {
    const events: unknown[] = [];
    const client = await connect('survivor');
    client.register('compat::survive', async ({ n }: { n: number }) => ({
      status_code: 200,
      body: { n },
    }));
    client.register('compat::seen', async (event: unknown) => {
      events.push(event);
    });
    client.bind('http', 'compat::survive', { api_path: '/survive', http_method: 'POST' });
    client.bind('state', 'compat::seen', { scope: `r-${subject.version}` });
    await waitForFunction(client, 'compat::seen');
    await client.call('state::set', { scope: `r-${subject.version}`, key: 'before', value: 1 });
    await expect.poll(() => events.length, WAIT).toBe(1);

    await engine.kill('SIGKILL');
    await engine.start();

    const observer = await connect('observer', ours);
    await waitForFunction(observer, 'compat::seen');
    await expect.poll(() => post('/survive', {}).then(([status]) => status), WAIT).toBe(200);
    const rows = await listFunctions(observer);
    expect(rows.filter((id) => id === 'compat::survive')).toHaveLength(1);
    expect(await client.call('state::get', { scope: `r-${subject.version}`, key: 'before' })).toBe(
      1,
    );
    await client.call('state::set', { scope: `r-${subject.version}`, key: 'after', value: 2 });
    await expect.poll(() => events.length, WAIT).toBe(2);
  });

  async function post(path: string, body: unknown): Promise<[number, unknown]> {
    const response = await fetch(`${engine.httpUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    return [response.status, response.ok ? JSON.parse(text) : text];
  }
});

/** Ids as `engine::functions::list` has them; a client that is not connected yet has none. */
async function listFunctions(client: Client): Promise<string[]> {
  const answer = (await client.call('engine::functions::list', {})) as {
    functions: { function_id: string }[];
  };
  return answer.functions.map((row) => row.function_id);
}
