// SPDX-License-Identifier: Elastic-2.0
import { expect, test } from 'vitest';
import { eventually, startWireEngine, type WireClient } from '../support/wire-engine.ts';

function bind(client: WireClient, id: string, type: string, extra = {}): void {
  client.send({
    type: 'registertrigger',
    id,
    trigger_type: type,
    function_id: 'target',
    config: { n: 1 },
    ...extra,
  });
}

function provide(client: WireClient, id: string, extra = {}): void {
  client.send({ type: 'registertriggertype', id, description: 'test type', ...extra });
}

function bindings(client: WireClient): string[] {
  return client.frames
    .filter((f) => f.type === 'registertrigger' || f.type === 'unregistertrigger')
    .map((f) => `${f.type === 'registertrigger' ? '+' : '-'}${f.id}`);
}

test('engine:G1 a binding without provider waits and is delivered once it comes', async () => {
  await using engine = await startWireEngine();
  const consumer = await engine.connect({
    name: 'consumer',
    capabilities: ['registration_outcome'],
  });
  bind(consumer, 't1', 'clock', { metadata: { m: 1 } });
  expect(await consumer.waitFor((f) => f.type === 'registrationoutcome')).toMatchObject({
    outcome: 'pending',
    id: 't1',
  });
  const provider = await engine.connect({ name: 'provider' });
  provide(provider, 'clock');
  expect(await provider.waitFor((f) => f.type === 'registertrigger')).toEqual({
    type: 'registertrigger',
    id: 't1',
    trigger_type: 'clock',
    function_id: 'target',
    config: { n: 1 },
    metadata: { m: 1 },
  });
  await provider.settled();
  expect(bindings(provider)).toEqual(['+t1']);
});

test('engine:G2 a provider that restarts gets the same binding; a consumer that leaves is unregistered once', async () => {
  await using engine = await startWireEngine();
  const consumer = await engine.connect({ name: 'consumer' });
  const first = await engine.connect({ name: 'p1' });
  provide(first, 'clock');
  await first.settled();
  bind(consumer, 't1', 'clock');
  await first.waitFor((f) => f.type === 'registertrigger');
  first.terminate();
  await eventually(() => engine.hub.triggers.find('t1')?.state.kind === 'pending');
  expect(engine.log.lines.some((line) => line.startsWith('[DISABLED] Trigger t1'))).toBe(true);
  const second = await engine.connect({ name: 'p2' });
  provide(second, 'clock');
  await second.waitFor((f) => f.type === 'registertrigger' && f.id === 't1');
  consumer.terminate();
  await second.waitFor((f) => f.type === 'unregistertrigger' && f.id === 't1');
  await second.settled();
  expect(bindings(second)).toEqual(['+t1', '-t1']);
});

test('engine:G3 G4 a refused binding is reported, parked, and tried with a new provider; unregistered it stays away', async () => {
  await using engine = await startWireEngine();
  const provider = await engine.connect({ name: 'p' });
  provide(provider, 'clock');
  await provider.settled();
  const consumer = await engine.connect({ name: 'c' });
  bind(consumer, 't1', 'clock');
  const { id, trigger_type, function_id } = await provider.waitFor(
    (f) => f.type === 'registertrigger',
  );
  const error = { code: 'bad_config', message: 'no' };
  const answer = { type: 'triggerregistrationresult', id, trigger_type, function_id };
  consumer.send({ ...answer, error });
  await consumer.settled();
  expect(engine.hub.triggers.find('t1')?.state.kind).toBe('active');
  provider.send({ ...answer, error });
  expect(await consumer.waitFor((f) => f.type === 'triggerregistrationresult')).toEqual({
    ...answer,
    error,
  });
  expect(engine.hub.triggers.find('t1')?.state.kind).toBe('rejected');
  const seen = provider.frames.length;
  provide(provider, 'clock');
  await provider.waitFor((f) => f.type === 'registertrigger', seen);
  provider.send({ ...answer, error });
  consumer.send({ type: 'unregistertrigger', id: 't1' });
  await consumer.settled();
  await provider.settled();
  const next = provider.frames.length;
  provide(provider, 'clock');
  await provider.settled();
  expect(provider.frames.slice(next).map((f) => f.type)).toEqual(['pong']);
});

test('engine:G5 the home namespace comes before default, an explicit one is strict', async () => {
  await using engine = await startWireEngine();
  const common = await engine.connect({ name: 'common' });
  provide(common, 'clock');
  await common.settled();
  const consumer = await engine.connect({ name: 'c', namespace: 'home' });
  bind(consumer, 'free', 'clock');
  bind(consumer, 'strict', 'clock', { trigger_namespace: 'default' });
  bind(consumer, 'elsewhere', 'clock', { trigger_namespace: 'nowhere' });
  await consumer.settled();
  expect(engine.hub.triggers.find('elsewhere')?.state.kind).toBe('pending');
  const home = await engine.connect({ name: 'home', namespace: 'home' });
  provide(home, 'clock');
  expect(await home.waitFor((f) => f.type === 'registertrigger')).toMatchObject({
    id: 'free',
    trigger_namespace: 'home',
  });
  await common.waitFor((f) => f.type === 'unregistertrigger' && f.id === 'free');
  home.terminate();
  await common.until(() => bindings(common).filter((b) => b === '+free').length === 2);
  expect(bindings(common).filter((b) => b.endsWith('strict'))).toEqual(['+strict']);
});

test('engine:G10 nobody can overwrite or remove the trigger of another, nor its type', async () => {
  await using engine = await startWireEngine();
  const provider = await engine.connect({ name: 'p' });
  provide(provider, 'clock');
  await provider.settled();
  const owner = await engine.connect({ name: 'o' });
  bind(owner, 't1', 'clock');
  await owner.settled();
  const stranger = await engine.connect({ name: 's' });
  bind(stranger, 't1', 'clock', { function_id: 'stolen' });
  stranger.send({ type: 'unregistertrigger', id: 't1' });
  stranger.send({ type: 'unregistertriggertype', id: 'clock' });
  expect((await stranger.waitFor((f) => f.type === 'triggerregistrationresult')).error.code).toBe(
    'trigger_registration_failed',
  );
  await stranger.settled();
  expect(engine.hub.triggers.find('t1')).toMatchObject({
    functionId: 'target',
    state: { kind: 'active' },
  });
});

test('unregistering a trigger type parks its bindings; a second provider steps in', async () => {
  await using engine = await startWireEngine();
  const provider = await engine.connect({ name: 'p' });
  provide(provider, 'clock');
  bind(provider, 't1', 'clock');
  await provider.waitFor((f) => f.type === 'registertrigger');
  const second = await engine.connect({ name: 'q' });
  provide(second, 'clock');
  await second.waitFor((f) => f.type === 'registertrigger');
  await provider.waitFor((f) => f.type === 'unregistertrigger');
  second.send({ type: 'unregistertriggertype', id: 'clock', description: '' });
  await provider.until(() => bindings(provider).length === 3);
  provider.send({ type: 'unregistertriggertype', id: 'clock' });
  await provider.settled();
  expect(engine.hub.triggers.find('t1')?.state.kind).toBe('pending');
});

test('a type known by another name in an older generation finds its provider', async () => {
  await using engine = await startWireEngine();
  const consumer = await engine.connect({ name: 'c' });
  bind(consumer, 't1', 'api');
  const provider = await engine.connect({ name: 'p' });
  provide(provider, 'http');
  expect(await provider.waitFor((f) => f.type === 'registertrigger')).toMatchObject({
    id: 't1',
    trigger_type: 'http',
  });
});

test('engine:G8 a binding made by function outlives its maker and is removed only by function', async () => {
  await using engine = await startWireEngine();
  const maker = await engine.connect({ name: 'm' });
  const pendingId = (
    await maker.call('engine::register_trigger', { trigger_type: 'later', function_id: 'target' })
  ).result.id;
  const provider = await engine.connect({ name: 'p' });
  provide(provider, 'later');
  expect(await provider.waitFor((f) => f.type === 'registertrigger')).toMatchObject({
    id: pendingId,
    config: null,
  });
  const refused = maker.call('engine::register_trigger', {
    trigger_type: 'later',
    function_id: 'target',
    config: { bad: 1 },
    metadata: { m: 1 },
  });
  const frame = await provider.waitFor((f) => f.type === 'registertrigger' && f.config !== null);
  expect(frame.metadata).toEqual({ m: 1 });
  provider.send({
    type: 'triggerregistrationresult',
    id: frame.id,
    trigger_type: 'later',
    function_id: 'target',
    error: { code: 'x', message: 'y' },
  });
  expect((await refused).error).toMatchObject({
    code: 'trigger_registration_failed',
    message: 'x: y',
  });
  maker.terminate();
  const other = await engine.connect({ name: 'o' });
  for (const removed of [true, false]) {
    expect((await other.call('engine::unregister_trigger', { id: pendingId })).result).toEqual({
      removed,
    });
  }
  const missing = await other.call('engine::register_trigger', { function_id: 'f' });
  expect(missing.error.code).toBe('deserialization_error');
});

test('engine:G7 the binding listing shows state, summary and dangling targets', async () => {
  await using engine = await startWireEngine();
  const client = await engine.connect({ name: 'c' });
  provide(client, 'clock');
  bind(client, 't1', 'clock', { config: { long: 'x'.repeat(200) } });
  bind(client, 't2', 'nobody');
  await client.settled();
  const list = (await client.call('engine::registered-triggers::list', {})).result
    .registered_triggers;
  expect(list).toHaveLength(1);
  expect([...list[0].config_summary]).toHaveLength(81);
  const all = await client.call('engine::registered-triggers::list', { include_pending: true });
  expect(all.result.registered_triggers.map((t: { state: string }) => t.state)).toEqual([
    'active',
    'pending',
  ]);
  const info = (await client.call('engine::registered-triggers::info', { id: 't2' })).result;
  expect(info).toMatchObject({ trigger: null, function: null });
  expect((await client.call('engine::triggers::info', { id: 'clock' })).result.instance_count).toBe(
    1,
  );
  const legacy = await engine.connect({ name: 'old', version: '0.9.0' });
  expect((await legacy.call('engine::triggers::list', {})).result.triggers).toMatchObject([
    { id: 't1', function_id: 'target' },
  ]);
});
