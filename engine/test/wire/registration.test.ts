// SPDX-License-Identifier: Elastic-2.0
import { expect, test } from 'vitest';
import { eventually, type Json, startWireEngine, type WireClient } from '../support/wire-engine.ts';

async function served(client: WireClient, id: string): Promise<Json[]> {
  const answer = await client.call('engine::functions::list', {});
  return answer.result.functions.filter((row: Json) => row.function_id === id);
}

test('protocol:N1 N2 functions sent before the announcement land in the announced namespace', async () => {
  await using engine = await startWireEngine();
  const client = await engine.connect();
  client.register('orders::get');
  await client.call('engine::workers::register', { name: 'w', namespace: 'orders' });
  const plain = await engine.connect();
  plain.register('plain::get');
  await plain.call('engine::workers::register', { name: 'p' });
  expect(await served(client, 'orders::get')).toMatchObject([
    { namespace: 'orders', worker_name: 'w' },
  ]);
  expect(await served(client, 'plain::get')).toMatchObject([{ namespace: 'default' }]);
});

test('protocol:N3 N5 without an announcement the grace decides, and a later one cannot move it', async () => {
  await using engine = await startWireEngine({ registrationNamespaceGraceMs: 20 });
  const client = await engine.connect();
  client.register('f');
  const probe = await engine.connect({ name: 'p' });
  await eventually(() => engine.hub.functions.find('default', 'f') !== undefined);
  await client.call('engine::workers::register', { name: 'late', namespace: 'orders' });
  expect(await served(probe, 'f')).toMatchObject([{ namespace: 'default', worker_name: 'late' }]);
});

test('protocol:N4 parked frames apply in order: what was unregistered stays so', async () => {
  await using engine = await startWireEngine();
  const client = await engine.connect();
  client.register('a');
  client.send({ type: 'unregisterfunction', id: 'a' });
  client.register('b', { description: 'first' });
  client.register('b', { description: 'second' });
  await client.call('engine::workers::register', { name: 'w' });
  expect(await served(client, 'a')).toEqual([]);
  expect(await served(client, 'b')).toMatchObject([{ description: 'second' }]);
});

test('a call that comes before its parked registration waits for it', async () => {
  await using engine = await startWireEngine();
  const client = await engine.connect();
  client.register('self::call');
  const pending = client.call('self::call', { early: true });
  await client.settled();
  await client.call('engine::workers::register', { name: 'w' });
  client.answer(await client.invoked('self::call'), 'late but sure');
  expect((await pending).result).toBe('late but sure');
});

test('protocol:N6 a blank namespace is refused by name of the field', async () => {
  await using engine = await startWireEngine();
  const client = await engine.connect();
  const answer = await client.call('engine::workers::register', { name: 'w', namespace: ' ' });
  expect(answer.error.code).toBe('INVALID_NAMESPACE');
  expect(answer.error.message).toContain('namespace is empty');
  await client.call('engine::workers::register', { name: 'w' });
  client.send({
    type: 'registertrigger',
    id: 't',
    trigger_type: 'x',
    function_id: 'f',
    config: {},
    trigger_namespace: '',
  });
  const refused = await client.waitFor((f) => f.type === 'triggerregistrationresult');
  expect(refused.error.message).toMatch(/^`trigger_namespace` is empty/);
  expect(engine.hub.triggers.find('t')).toBeUndefined();
});

test('replicas of a function share the calls, and the last one out removes it', async () => {
  await using engine = await startWireEngine();
  const replicas = [await engine.connect({ name: 'a' }), await engine.connect({ name: 'b' })];
  for (const replica of replicas) {
    replica.register('f');
    await replica.settled();
  }
  const caller = await engine.connect({ name: 'c' });
  for (let i = 0; i < 4; i++) void caller.call('f', { i });
  for (const replica of replicas) {
    await replica.until(
      () => replica.frames.filter((f) => f.type === 'invokefunction').length === 2,
    );
  }
  replicas[0]?.terminate();
  await eventually(() => engine.hub.functions.find('default', 'f')?.users.length === 1);
  replicas[1]?.terminate();
  await eventually(() => engine.hub.functions.find('default', 'f') === undefined);
});

test('a draining worker finishes what it has and its replica gets the rest', async () => {
  await using engine = await startWireEngine();
  const leaving = await engine.connect({ name: 'old' });
  leaving.register('f');
  await leaving.settled();
  const caller = await engine.connect({ name: 'c' });
  const inHand = caller.call('f', 'in hand');
  const frame = await leaving.invoked('f');
  const fresh = await engine.connect({ name: 'new' });
  fresh.register('f');
  await fresh.settled();
  leaving.send({ type: 'draining' });
  await leaving.settled();
  const calls = [1, 2, 3].map((i) => caller.call('f', i));
  await fresh.until(() => fresh.frames.filter((f) => f.type === 'invokefunction').length === 3);
  for (const f of fresh.frames.filter((f) => f.type === 'invokefunction')) fresh.answer(f, 'new');
  leaving.answer(frame, 'old');
  expect((await inHand).result).toBe('old');
  expect((await Promise.all(calls)).map((c) => c.result)).toEqual(['new', 'new', 'new']);
});

test('protocol:C1 under policy reject a second live owner is told who holds the id', async () => {
  await using engine = await startWireEngine({ providerPolicy: 'reject' });
  const first = await engine.connect({ name: 'first' });
  first.register('f', { description: 'incumbent' });
  await first.settled();
  const second = await engine.connect({ name: 'second' });
  second.register('f', { description: 'challenger' });
  expect(await second.waitFor((f) => f.type === 'registrationrejected')).toEqual({
    type: 'registrationrejected',
    code: 'FUNCTION_NAMESPACE_CONFLICT',
    namespace: 'default',
    function_id: 'f',
    owner_worker_id: first.workerId,
  });
  await second.settled();
  expect(await served(second, 'f')).toMatchObject([{ description: 'incumbent' }]);
  first.terminate();
  await eventually(() => engine.hub.functions.find('default', 'f') === undefined);
});

test('under policy replace the newest holds the id and gives it back when it leaves', async () => {
  await using engine = await startWireEngine({ providerPolicy: 'replace' });
  const first = await engine.connect({ name: 'first' });
  first.register('f');
  await first.settled();
  const second = await engine.connect({ name: 'second' });
  second.register('f');
  await second.settled();
  void second.call('f', 1);
  await second.invoked('f');
  second.terminate();
  await eventually(() => engine.hub.functions.find('default', 'f')?.users.length === 1);
  void first.call('f', 2);
  await first.invoked('f');
});

test('protocol:C3 a live name is refused to a second worker, another namespace has its own, and it is free afterwards', async () => {
  await using engine = await startWireEngine();
  const first = await engine.connect({ name: 'same' });
  const second = await engine.connect();
  second.send({
    type: 'invokefunction',
    function_id: 'engine::workers::register',
    data: { name: 'same' },
    action: { type: 'void' },
  });
  expect(await second.waitFor((f) => f.type === 'registrationrejected')).toEqual({
    type: 'registrationrejected',
    code: 'WORKER_NAMESPACE_CONFLICT',
    namespace: 'default',
    worker_name: 'same',
    owner_worker_id: first.workerId,
  });
  await second.until(() => second.closed !== undefined);
  const elsewhere = await engine.connect();
  expect(
    (await elsewhere.call('engine::workers::register', { name: 'same', namespace: 'x' })).result,
  ).toEqual({ success: true });
  first.close();
  await first.until(() => first.closed !== undefined);
  const third = await engine.connect();
  expect((await third.call('engine::workers::register', { name: 'same' })).result).toEqual({
    success: true,
  });
});

test('two legacy clients of one name both stay, and so do two commands', async () => {
  await using engine = await startWireEngine();
  await engine.connect({ name: 'host:1', version: '0.9.0' });
  const second = await engine.connect();
  expect(
    (await second.call('engine::workers::register', { name: 'host:1', version: '0.22.1' })).result,
  ).toEqual({ success: true });
  for (let i = 0; i < 2; i++) {
    const command = await engine.connect();
    expect(
      (await command.call('engine::workers::register', { name: 'iii-cli:trigger' })).result,
    ).toEqual({ success: true });
  }
});

test('protocol:H3 H4 reattach with the token retires the old connection once; without it nothing happens', async () => {
  await using engine = await startWireEngine();
  const watcher = await engine.connect({ name: 'watcher' });
  watcher.register('watch');
  watcher.send({
    type: 'registertrigger',
    id: 'w',
    trigger_type: 'engine::workers-available',
    function_id: 'watch',
    config: null,
  });
  await watcher.settled();
  const old = await engine.connect({ name: 'same' });
  old.register('f');
  await old.settled();
  const fresh = await engine.connect();
  fresh.send({ type: 'reattach', previous_worker_id: old.workerId, reattach_token: 'wrong' });
  fresh.send({ type: 'reattach', previous_worker_id: 'nonsense', reattach_token: old.token });
  await fresh.settled();
  expect(engine.hub.connection(old.workerId)).toBeDefined();
  fresh.send({ type: 'reattach', previous_worker_id: old.workerId, reattach_token: old.token });
  expect((await fresh.call('engine::workers::register', { name: 'same' })).result).toEqual({
    success: true,
  });
  fresh.register('f');
  await old.until(() => old.closed !== undefined);
  expect(await served(fresh, 'f')).toHaveLength(1);
  await watcher.settled();
  const gone = watcher.frames.filter((f) => f.data?.event === 'worker_disconnected');
  expect(gone.map((f) => f.data.worker_id)).toEqual([old.workerId]);
});

test('engine ids of the engine cannot be taken over, others in default can be offered', async () => {
  await using engine = await startWireEngine();
  const client = await engine.connect({ name: 'w', capabilities: ['registration_outcome'] });
  client.register('engine::functions::list');
  expect(await client.waitFor((f) => f.type === 'registrationrejected')).toMatchObject({
    owner_worker_id: '',
  });
  client.register('engine::console::x');
  expect(
    await client.waitFor((f) => f.type === 'registrationoutcome' && f.outcome === 'accepted'),
  ).toMatchObject({ id: 'engine::console::x' });
  client.terminate();
  const other = await engine.connect({ name: 'o', namespace: 'ns' });
  other.register('engine::x');
  expect(await other.waitFor((f) => f.type === 'registrationrejected')).toMatchObject({
    code: 'FUNCTION_NAMESPACE_CONFLICT',
    owner_worker_id: '',
  });
  expect((await other.call('engine::functions::list', {})).result).toBeDefined();
});

test('engine:F5 names and descriptions are cleaned and cut', async () => {
  await using engine = await startWireEngine();
  const client = await engine.connect({ name: 'a\u0007\u202eb ', description: 'é'.repeat(400) });
  const row = (await client.call('engine::workers::info', { name: 'ab' })).result.worker;
  expect(row.name).toBe('ab');
  expect([...row.description]).toHaveLength(280);
});

test('engine:F6 F7 every function of a bare engine has a worker, and info its schemas', async () => {
  await using engine = await startWireEngine();
  const client = await engine.connect({ name: 'w' });
  const all = (await client.call('engine::functions::list', { include_internal: true })).result
    .functions;
  expect(all.length).toBeGreaterThan(8);
  for (const row of all) {
    expect(row.function_id).toMatch(/^engine::/);
    expect(row.worker_name).not.toBe('');
  }
  const info = (
    await client.call('engine::functions::info', { function_id: 'engine::workers::list' })
  ).result;
  expect(info.request_schema.type).toBe('object');
  expect(info.response_schema.type).toBe('object');
  const batch = await client.call('engine::functions::info', {
    function_ids: ['engine::workers::list', 'nope', 'engine::functions::list'],
  });
  expect(batch.result.functions.map((f: Json) => f.error ?? 'ok')).toEqual([
    'ok',
    'not_found',
    'ok',
  ]);
  for (const bad of [
    {},
    { function_id: 'a', function_ids: ['b'] },
    { function_ids: [] },
    { function_ids: Array.from({ length: 33 }, (_, i) => `f${i}`) },
  ]) {
    expect((await client.call('engine::functions::info', bad)).error.code).toBe(
      'INVALID_ARGUMENTS',
    );
  }
  expect((await client.call('engine::functions::list', null)).error.code).toBe(
    'deserialization_error',
  );
});

test('engine:F8 the listing searches, ranks and hides', async () => {
  await using engine = await startWireEngine();
  const client = await engine.connect({ name: 'w' });
  client.register('restate::apply');
  client.register('state::get');
  client.register('other', { description: 'about state' });
  client.register('hidden', { metadata: { internal: true } });
  const rows = (await client.call('engine::functions::list', { search: 'state' })).result.functions;
  expect(rows.map((r: Json) => r.function_id)).toEqual(['state::get', 'restate::apply', 'other']);
  const all = (await client.call('engine::functions::list', {})).result.functions;
  expect(all.map((r: Json) => r.function_id)).not.toContain('hidden');
});

test('engine:F4 the worker listing has pid-less workers once they announced, and no telemetry sockets', async () => {
  await using engine = await startWireEngine();
  await engine.connect();
  const client = await engine.connect({ name: 'w', runtime: 'node', pid: 7 });
  const rows = (await client.call('engine::workers::list', {})).result.workers;
  expect(rows.map((r: Json) => r.name)).toEqual(['iii-engine-functions', 'w']);
  expect(rows[1]).toMatchObject({
    id: client.workerId,
    isolation: null,
    description: null,
    status: 'connected',
  });
  expect((await client.call('engine::workers::info', { name: 'w' })).result.worker.pid).toBe(7);
  expect((await client.call('engine::workers::info', { name: 'nope' })).error.code).toBe(
    'NOT_FOUND',
  );
});

test('functions-available fires when functions change, with their rows', async () => {
  await using engine = await startWireEngine();
  const watcher = await engine.connect({ name: 'watcher' });
  watcher.register('watch');
  watcher.send({
    type: 'registertrigger',
    id: 'w',
    trigger_type: 'engine::functions-available',
    function_id: 'watch',
    config: {},
  });
  await watcher.settled();
  const other = await engine.connect({ name: 'other' });
  other.register('fresh::one');
  const event = await watcher.waitFor(
    (f) =>
      f.data?.event === 'functions_changed' &&
      f.data.functions.some((r: Json) => r.function_id === 'fresh::one'),
  );
  expect(event.function_id).toBe('watch');
});
