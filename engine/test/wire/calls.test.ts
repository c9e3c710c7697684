// SPDX-License-Identifier: Elastic-2.0
import { expect, test } from 'vitest';
import { eventually, startWireEngine } from '../support/wire-engine.ts';

test('protocol:H1 H2 the first frame is workerregistered, ping yields pong, engine-only frames are no-ops', async () => {
  await using engine = await startWireEngine();
  const client = await engine.connect();
  expect(client.frames[0]).toMatchObject({
    type: 'workerregistered',
    worker_id: expect.any(String),
    reattach_token: expect.any(String),
  });
  client.send({ type: 'pong' });
  client.send({ type: 'workerregistered', worker_id: 'x' });
  client.send({ type: 'registrationrejected', code: 'x', namespace: 'x', owner_worker_id: '' });
  await client.settled();
  expect(client.frames.map((f) => f.type)).toEqual(['workerregistered', 'pong']);
});

test('a call travels to the worker and back, and says who called', async () => {
  await using engine = await startWireEngine();
  const worker = await engine.connect({ name: 'math' });
  worker.register('math::add');
  await worker.settled();
  const caller = await engine.connect({ name: 'caller' });
  const pending = caller.call(
    'math::add',
    { a: 1, b: 2 },
    { metadata: { k: 1 }, traceparent: 'tp', baggage: 'x=1' },
  );
  const frame = await worker.invoked('math::add');
  expect(frame.data).toEqual({ _caller_worker_id: caller.workerId, a: 1, b: 2 });
  expect(frame.metadata).toEqual({ k: 1 });
  expect(frame.traceparent).toBe('tp');
  expect(frame.baggage).toContain('x=1');
  expect(frame.baggage).toContain('iii.function.id=');
  expect(frame).not.toHaveProperty('action');
  expect(frame).not.toHaveProperty('namespace');
  worker.answer(frame, { sum: 3 });
  expect(await pending).toMatchObject({ result: { sum: 3 }, traceparent: 'tp', baggage: 'x=1' });
});

test('protocol:D4 unset fields are left out of what is sent on', async () => {
  await using engine = await startWireEngine();
  const worker = await engine.connect({ name: 'w' });
  worker.register('f');
  await worker.settled();
  worker.send({ type: 'invokefunction', function_id: 'f', data: 1 });
  const frame = await worker.invoked('f');
  expect(Object.keys(frame).sort()).toEqual(['data', 'function_id', 'invocation_id', 'type']);
});

test('integers beyond 2^53 and a 16 MiB payload arrive byte-exact in both directions', async () => {
  await using engine = await startWireEngine();
  const worker = await engine.connect({ name: 'w' });
  worker.register('echo');
  await worker.settled();
  const payload = `{"n":9007199254740993,"s":"${'é'.repeat(4 * 1024 * 1024)}${'x'.repeat(8 * 1024 * 1024)}"}`;
  const id = crypto.randomUUID();
  const caller = await engine.connect({ name: 'c' });
  caller.send(
    `{"type":"invokefunction","invocation_id":"${id}","function_id":"echo","data":${payload}}`,
  );
  await worker.invoked('echo');
  const text = worker.texts.at(-1) as string;
  expect(text).toContain('"n":9007199254740993,');
  expect(text.includes(payload.slice(1))).toBe(true);
  worker.send(
    `{"type":"invocationresult","invocation_id":"${id}","function_id":"echo","result":${payload}}`,
  );
  await caller.waitFor((f) => f.invocation_id === id);
  expect((caller.texts.at(-1) as string).includes(payload)).toBe(true);
});

test('engine:I1 exactly one namespace counts, and a miss names those that have the id', async () => {
  await using engine = await startWireEngine();
  const worker = await engine.connect({ name: 'w', namespace: 'orders' });
  worker.register('orders::get');
  await worker.settled();
  const miss = await worker.call('orders::get', {});
  expect(miss.error).toEqual({
    code: 'function_not_found',
    message:
      'Function orders::get not found in namespace default. It is registered in namespace(s): orders.',
  });
  const seen = worker.frames.length;
  const hit = worker.call('orders::get', {}, { namespace: 'orders' });
  worker.answer(await worker.invoked('orders::get', seen), 1);
  expect((await hit).result).toBe(1);
  const blank = await worker.call('orders::get', {}, { namespace: ' ' });
  expect(blank.error.code).toBe('INVALID_NAMESPACE');
  expect(blank.error.message).toMatch(/^`namespace` is empty/);
});

test('a namespaced worker reaches what the engine serves without naming default', async () => {
  await using engine = await startWireEngine();
  const worker = await engine.connect({ name: 'w', namespace: 'orders' });
  const listed = await worker.call('engine::functions::list', {}, { namespace: 'orders' });
  expect(listed.result.functions).toEqual([]);
});

test('engine:I3 a worker that leaves mid-call answers with invocation_stopped', async () => {
  await using engine = await startWireEngine();
  const worker = await engine.connect({ name: 'w' });
  worker.register('slow');
  await worker.settled();
  const caller = await engine.connect({ name: 'c' });
  const pending = caller.call('slow', {});
  await worker.invoked('slow');
  worker.terminate();
  expect((await pending).error).toEqual({
    code: 'invocation_stopped',
    message: 'Invocation stopped',
  });
});

test('engine:I4 a void call gives the worker an id and the caller nothing', async () => {
  await using engine = await startWireEngine();
  const worker = await engine.connect({ name: 'w' });
  worker.register('f');
  await worker.settled();
  const caller = await engine.connect({ name: 'c' });
  const before = caller.frames.length;
  const id = crypto.randomUUID();
  caller.send({
    type: 'invokefunction',
    invocation_id: id,
    function_id: 'f',
    data: {},
    action: { type: 'void' },
  });
  caller.send({
    type: 'invokefunction',
    function_id: 'missing',
    data: {},
    action: { type: 'void' },
  });
  const frame = await worker.invoked('f');
  expect(frame.invocation_id).toMatch(/^[0-9a-f-]{36}$/);
  worker.answer(frame, 1);
  await worker.settled();
  await caller.settled();
  expect(caller.frames.slice(before).map((f) => f.type)).toEqual(['pong']);
});

test("engine:I6 enqueue without a queue says how to get one; with one the receipt is the engine's", async () => {
  await using engine = await startWireEngine();
  const worker = await engine.connect({ name: 'w' });
  const action = { type: 'enqueue', queue: 'emails' };
  const refused = await worker.call('send', { to: 1 }, { action });
  expect(refused.error.code).toBe('enqueue_error');
  expect(refused.error.message).toContain('engine::queue::enqueue');
  expect(refused.error.message).toContain('iii worker add queue');

  worker.register('engine::queue::enqueue');
  await worker.settled();
  const pending = worker.call('send', { to: 1 }, { action, traceparent: 'tp', metadata: { m: 1 } });
  const frame = await worker.invoked('engine::queue::enqueue');
  expect(frame.data).toEqual({
    queue: 'emails',
    function_id: 'send',
    data: { to: 1 },
    messageReceiptId: expect.any(String),
    traceparent: 'tp',
    baggage: 'iii.function.id=send',
    metadata: { m: 1 },
  });
  worker.answer(frame, { messageReceiptId: 'another' });
  expect((await pending).result).toEqual({ messageReceiptId: frame.data.messageReceiptId });
});

test('only the worker that has a call in hand can answer it', async () => {
  await using engine = await startWireEngine();
  const worker = await engine.connect({ name: 'w' });
  worker.register('f');
  await worker.settled();
  const stranger = await engine.connect({ name: 's' });
  const caller = await engine.connect({ name: 'c' });
  const pending = caller.call('f', {});
  const frame = await worker.invoked('f');
  stranger.answer(frame, 'forged');
  await stranger.settled();
  worker.answer(frame, 'true');
  expect((await pending).result).toBe('true');
});

test('two callers that chose the same invocation id each get their own answer', async () => {
  await using engine = await startWireEngine();
  const worker = await engine.connect({ name: 'w' });
  worker.register('f');
  await worker.settled();
  const [a, b] = [await engine.connect({ name: 'a' }), await engine.connect({ name: 'b' })];
  const id = crypto.randomUUID();
  for (const [client, data] of [
    [a, 'a'],
    [b, 'b'],
  ] as const) {
    client.send({ type: 'invokefunction', invocation_id: id, function_id: 'f', data });
    await client.settled();
  }
  await worker.until(() => worker.frames.filter((f) => f.type === 'invokefunction').length === 2);
  for (const frame of worker.frames.filter((f) => f.type === 'invokefunction')) {
    worker.answer(frame, frame.data);
  }
  expect((await a.waitFor((f) => f.invocation_id === id)).result).toBe('a');
  expect((await b.waitFor((f) => f.invocation_id === id)).result).toBe('b');
});

test('null results pass as null and absent ones stay absent', async () => {
  await using engine = await startWireEngine();
  const worker = await engine.connect({ name: 'w' });
  worker.register('f');
  await worker.settled();
  const first = worker.call('f', null);
  worker.answer(await worker.invoked('f'), null);
  expect(await first).toHaveProperty('result', null);
  const seen = worker.frames.length;
  const second = worker.call('f', null);
  worker.answer(await worker.invoked('f', seen), undefined);
  expect(await second).not.toHaveProperty('result');
});

test('a call without data arrives as null', async () => {
  await using engine = await startWireEngine();
  const worker = await engine.connect({ name: 'w' });
  worker.register('f');
  await worker.settled();
  worker.send({ type: 'invokefunction', invocation_id: crypto.randomUUID(), function_id: 'f' });
  expect(await worker.invoked('f')).toHaveProperty('data', null);
});

test.each([
  ['not JSON', '{"type":', 'error'],
  ['an unknown type', '{"type":"nonsense"}', 'error'],
  ['no type', '{}', 'error'],
])('%s is answered and the connection goes on', async (_, text, type) => {
  await using engine = await startWireEngine();
  const client = await engine.connect({ name: 'w' });
  const seen = client.frames.length;
  client.send(text);
  const answer = await client.waitFor((f) => f.type === type, seen);
  expect(answer.error.code).toBe('invalid_frame');
  await client.settled();
});

test('a call with a bad field is answered with what is wrong', async () => {
  await using engine = await startWireEngine();
  const client = await engine.connect({ name: 'w' });
  const id = crypto.randomUUID();
  client.send({
    type: 'invokefunction',
    invocation_id: id,
    function_id: 'f',
    data: 1,
    action: { type: 'fly' },
  });
  const answer = await client.waitFor(
    (f) => f.type === 'invocationresult' && f.invocation_id === id,
  );
  expect(answer.error.code).toBe('invalid_frame');
  expect(answer.error.message).toContain('action');
});

test('calls of one connection to one worker arrive in order', async () => {
  await using engine = await startWireEngine();
  const worker = await engine.connect({ name: 'w' });
  worker.register('f');
  await worker.settled();
  const caller = await engine.connect({ name: 'c' });
  for (let i = 0; i < 500; i++) caller.send({ type: 'invokefunction', function_id: 'f', data: i });
  await worker.until(() => worker.frames.filter((f) => f.type === 'invokefunction').length === 500);
  expect(worker.frames.filter((f) => f.type === 'invokefunction').map((f) => f.data)).toEqual(
    Array.from({ length: 500 }, (_, i) => i),
  );
});

test('a call nobody answers ends at the deadline, and a cancelled one at once', async () => {
  await using engine = await startWireEngine({ invocationDeadlineMs: 1 });
  const worker = await engine.connect({ name: 'w', capabilities: ['cancel'] });
  worker.register('f');
  await worker.settled();
  const overdue = await worker.call('f', {});
  expect(overdue.error.code).toBe('TIMEOUT');
  await worker.waitFor((f) => f.type === 'cancelinvocation');
});

test('a caller that cancels frees the worker that knows the frame', async () => {
  await using engine = await startWireEngine();
  const worker = await engine.connect({ name: 'w', capabilities: ['cancel'] });
  worker.register('f');
  await worker.settled();
  const caller = await engine.connect({ name: 'c' });
  const id = crypto.randomUUID();
  caller.send({ type: 'invokefunction', invocation_id: id, function_id: 'f', data: {} });
  const frame = await worker.invoked('f');
  caller.send({ type: 'cancelinvocation', invocation_id: id });
  expect(await worker.waitFor((f) => f.type === 'cancelinvocation')).toEqual({
    type: 'cancelinvocation',
    invocation_id: frame.invocation_id,
  });
  expect((await caller.waitFor((f) => f.invocation_id === id)).error.code).toBe('TIMEOUT');
});

test('a caller that leaves takes its calls with it', async () => {
  await using engine = await startWireEngine();
  const worker = await engine.connect({ name: 'w', capabilities: ['cancel'] });
  worker.register('f');
  await worker.settled();
  const caller = await engine.connect({ name: 'c' });
  void caller.call('f', {}).catch(() => {});
  await worker.invoked('f');
  caller.terminate();
  await worker.waitFor((f) => f.type === 'cancelinvocation');
  await eventually(() => [...engine.hub.connections()].every((c) => c.executing.size === 0));
});
