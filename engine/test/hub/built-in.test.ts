// SPDX-License-Identifier: Elastic-2.0
import { type EngineFrame, Payload, type TransportConnection } from '@iii-dev/protocol';
import { expect, test } from 'vitest';
import { eventually, startWireEngine } from '../support/wire-engine.ts';

type WireEngine = Awaited<ReturnType<typeof startWireEngine>>;

/** A worker of the engine's own, over the in-memory link. */
function startBuiltIn(engine: WireEngine): {
  connection: TransportConnection;
  frames: EngineFrame[];
} {
  const frames: EngineFrame[] = [];
  const transport = engine.hub.memoryTransport({
    address: engine.url,
    builtIn: { entry: 'iii-test' },
  });
  const connection = transport.open({
    onOpen: () => {
      connection.send({
        type: 'invokefunction',
        function_id: 'engine::workers::register',
        data: Payload.ofValue({ name: 'iii-test' }),
        action: { type: 'void' },
      });
      connection.send({ type: 'registerfunction', id: 'test::echo' });
      connection.send({ type: 'registertriggertype', id: 'tick', description: '' });
    },
    onFrame: (frame) => {
      frames.push(frame);
      if (frame.type !== 'invokefunction' || frame.invocation_id === undefined) return;
      connection.send({
        type: 'invocationresult',
        invocation_id: frame.invocation_id,
        function_id: frame.function_id,
        result: frame.data,
      });
    },
    onActivity: () => {},
    onClose: () => {},
  });
  return { connection, frames };
}

test('a call over the in-memory link keeps its digits', async () => {
  await using engine = await startWireEngine();
  startBuiltIn(engine);
  const client = await engine.connect({ name: 'c' });
  client.send(
    '{"type":"invokefunction","invocation_id":"7d1c1c39-6a6f-4d53-9a5b-3c1f1a0e0f11","function_id":"test::echo","data":[9007199254740993]}',
  );
  await client.waitFor((f) => f.function_id === 'test::echo');
  expect(client.texts.at(-1)).toContain('"result":[9007199254740993]');
});

test('a function a user takes over from a built-in comes back when the user leaves', async () => {
  await using engine = await startWireEngine();
  startBuiltIn(engine);
  const user = await engine.connect({ name: 'user' });
  user.register('test::echo');
  await user.settled();
  const caller = await engine.connect({ name: 'c' });
  const calls = [1, 2, 3].map((i) => caller.call('test::echo', i));
  await user.until(() => user.frames.filter((f) => f.type === 'invokefunction').length === 3);
  for (const frame of user.frames.filter((f) => f.type === 'invokefunction'))
    user.answer(frame, 'mine');
  expect((await Promise.all(calls)).map((c) => c.result)).toEqual(['mine', 'mine', 'mine']);
  user.terminate();
  await eventually(() => engine.hub.functions.find('default', 'test::echo')?.users.length === 0);
  expect((await caller.call('test::echo', 'again')).result).toBe('again');
});

test('a trigger type a user takes over from a built-in comes back with its bindings', async () => {
  await using engine = await startWireEngine();
  const builtIn = startBuiltIn(engine);
  const consumer = await engine.connect({ name: 'c' });
  consumer.send({
    type: 'registertrigger',
    id: 't',
    trigger_type: 'tick',
    function_id: 'f',
    config: null,
  });
  const heard = () =>
    builtIn.frames.map((f) => f.type).filter((type) => type.endsWith('registertrigger'));
  await eventually(() => heard().length === 1);
  const user = await engine.connect({ name: 'u' });
  user.send({ type: 'registertriggertype', id: 'tick', description: 'mine' });
  await user.waitFor((f) => f.type === 'registertrigger');
  user.terminate();
  await eventually(() => heard().length === 3);
  expect(heard()).toEqual(['registertrigger', 'unregistertrigger', 'registertrigger']);
});

test('a built-in is listed as part of the engine', async () => {
  await using engine = await startWireEngine();
  startBuiltIn(engine);
  const client = await engine.connect({ name: 'c' });
  await eventually(() => engine.hub.functions.find('default', 'test::echo') !== undefined);
  const rows = (await client.call('engine::workers::list', { runtime: 'engine' })).result.workers;
  expect(rows.find((row: { name: string }) => row.name === 'iii-test')).toMatchObject({
    id: 'iii-test',
    runtime: 'engine',
    isolation: 'in-process',
    status: 'available',
    function_count: 1,
  });
});

test('a stopping engine lets work in hand finish and turns new work away', async () => {
  await using engine = await startWireEngine();
  startBuiltIn(engine);
  const worker = await engine.connect({ name: 'w' });
  worker.register('f');
  await worker.settled();
  const caller = await engine.connect({ name: 'c' });
  const pending = caller.call('f', {});
  const frame = await worker.invoked('f');
  const drained = engine.hub.drain(5_000);
  expect((await caller.call('f', {})).error.code).toBe('engine_stopping');
  expect((await worker.call('test::echo', 'nested')).result).toBe('nested');
  worker.answer(frame, 'done');
  expect((await pending).result).toBe('done');
  expect(await drained).toEqual({ unfinished: 0 });
});

test('five hundred workers come, register and leave without a trace', async () => {
  await using engine = await startWireEngine();
  for (let round = 0; round < 10; round++) {
    const clients = await Promise.all(Array.from({ length: 50 }, () => engine.connect()));
    for (const [i, client] of clients.entries()) {
      client.register(`f${i}`);
      client.send({
        type: 'registertrigger',
        id: crypto.randomUUID(),
        trigger_type: 'x',
        function_id: `f${i}`,
        config: null,
      });
      client.send({
        type: 'invokefunction',
        function_id: 'engine::workers::register',
        data: {},
        action: { type: 'void' },
      });
    }
    await Promise.all(clients.map((client) => client.settled()));
    for (const client of clients) client.terminate();
  }
  await eventually(() => [...engine.hub.connections()].length === 0);
  expect([...engine.hub.triggers.all()]).toEqual([]);
  expect([...engine.hub.functions.all()].every((entry) => entry.id.startsWith('engine::'))).toBe(
    true,
  );
});

test('what cannot be written as JSON fails at its sender, and objects are not shared', async () => {
  await using engine = await startWireEngine();
  const { connection, frames } = startBuiltIn(engine);
  await eventually(() => engine.hub.functions.find('default', 'test::echo') !== undefined);
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  const call = { type: 'invokefunction', function_id: 'test::echo' } as const;
  expect(() => connection.send({ ...call, data: Payload.ofValue(cycle) })).toThrow(TypeError);
  const shared = { n: 1 };
  connection.send({ ...call, data: Payload.ofValue(shared) });
  shared.n = 2;
  await eventually(() => frames.some((f) => f.type === 'invokefunction'));
  const received = frames.find((f) => f.type === 'invokefunction');
  expect(received?.type === 'invokefunction' && received.data.value).toMatchObject({ n: 1 });
});
