// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { type InvocationContext, InvocationError } from '../src/index.ts';
import { startFakeEngine } from '../src/testing.ts';
import { deferred, startClient } from './support.ts';

describe('an inbound call', () => {
  test('gives data and metadata to the handler and its result back', async () => {
    await using engine = await startFakeEngine();
    await using worker = startClient(engine.address);
    const seen: unknown[][] = [];
    worker.iii.registerFunction('f', (...args: unknown[]) => {
      seen.push(args);
      return { ok: true };
    });
    expect(await engine.call('f', { a: 1 }, { m: 1 })).toEqual({ ok: true });
    await engine.call('f', null);
    expect(seen).toEqual([
      [{ a: 1 }, { m: 1 }],
      [null, undefined],
    ]);
  });

  test('leaves the result out for undefined and keeps null; echoes the trace', async () => {
    await using engine = await startFakeEngine();
    await using worker = startClient(engine.address);
    worker.iii.registerFunction('nothing', async () => {});
    worker.iii.registerFunction('null', () => null);
    await engine.waitForFrame('registerfunction', ({ id }) => id === 'null');
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const nothing = await engine.callOn(engine.connection, 'nothing', 1, undefined, {
      traceparent,
      baggage: 'a=b',
    });
    expect(nothing).not.toHaveProperty('result');
    expect(nothing).toMatchObject({ traceparent, baggage: 'a=b' });
    expect((await engine.callOn(engine.connection, 'null')).result?.text).toBe('null');
  });

  test('answers what went wrong', async () => {
    await using engine = await startFakeEngine();
    await using worker = startClient(engine.address);
    const { iii } = worker;
    iii.registerFunction('throws', () => {
      throw new Error('broken');
    });
    iii.registerFunction('throws-text', async () => Promise.reject('plain'));
    iii.registerFunction('throws-code', () => {
      throw new InvocationError({ code: 'NOT_FOUND', message: 'no such thing' });
    });
    iii.registerFunction('passes-on', () => iii.trigger({ function_id: 'no::such' }));
    iii.registerFunction('cycle', () => {
      const value: Record<string, unknown> = {};
      value.self = value;
      return value;
    });
    iii.registerFunction('http', { url: 'http://127.0.0.1:1/' });
    await engine.waitForFrame('registerfunction', ({ id }) => id === 'http');
    const errorOf = async (id: string) => (await engine.callOn(engine.connection, id)).error;
    expect(await errorOf('throws')).toMatchObject({
      code: 'invocation_failed',
      message: 'broken',
      stacktrace: expect.stringContaining('broken'),
    });
    expect(await errorOf('throws-text')).toEqual({ code: 'invocation_failed', message: 'plain' });
    expect(await errorOf('throws-code')).toMatchObject({
      code: 'NOT_FOUND',
      message: 'no such thing',
    });
    expect(await errorOf('passes-on')).toMatchObject({
      code: 'invocation_failed',
      message: 'function_not_found: Function no::such not found',
    });
    expect(await errorOf('cycle')).toMatchObject({ code: 'invocation_failed' });
    expect(await errorOf('http')).toEqual({
      code: 'function_not_invokable',
      message: 'Function is HTTP-invoked and cannot be invoked locally',
    });
    expect(await errorOf('unknown')).toEqual({
      code: 'function_not_found',
      message: 'Function not found',
    });
  });

  test('is told through its signal that the caller gave up, and is not answered', async () => {
    await using engine = await startFakeEngine();
    await using worker = startClient(engine.address);
    const aborted = deferred();
    worker.iii.registerFunction(
      'slow',
      (_data: unknown, _metadata: unknown, context?: InvocationContext) =>
        new Promise((resolve) => {
          context?.signal.addEventListener('abort', () => {
            resolve('too late');
            aborted.resolve();
          });
        }),
    );
    worker.iii.registerFunction('after', () => 1);
    await engine.waitForFrame('registerfunction', ({ id }) => id === 'after');
    const invocation_id = '1e769fdf-de6d-4ba2-a4f6-b69577a9226e';
    const { connection } = engine;
    void engine.callOn(connection, 'slow', null, undefined, { invocation_id });
    connection.send({ type: 'cancelinvocation', invocation_id });
    await aborted.promise;
    expect(await engine.call('after')).toBe(1);
    expect(engine.framesOf('invocationresult')).toHaveLength(1);
  });

  test('that began on a lost connection is not answered on the next', async () => {
    await using engine = await startFakeEngine();
    await using worker = startClient(engine.address);
    const release = deferred();
    const started = deferred();
    worker.iii.registerFunction('slow', async () => {
      started.resolve();
      await release.promise;
      return 'stale';
    });
    worker.iii.registerFunction('fast', () => 'fresh');
    await worker.iii.ready();
    await engine.waitForFrame('registerfunction', ({ id }) => id === 'fast');
    void engine.callOn(engine.connection, 'slow');
    await started.promise;
    engine.connection.terminate();
    const second = await engine.waitForConnection(2);
    release.resolve();
    expect(await engine.call('fast')).toBe('fresh');
    expect(second.frames.filter((f) => f.type === 'invocationresult')).toHaveLength(1);
  });
});

describe('a trigger type', () => {
  test('gives bindings to its provider and acknowledges them', async () => {
    await using engine = await startFakeEngine();
    await using worker = startClient(engine.address);
    const log: unknown[] = [];
    const type = worker.iii.registerTriggerType(
      { id: 'clock', description: 'ticks', trigger_request_format: { type: 'object' } },
      {
        registerTrigger: async (binding) => {
          if (binding.config.bad) throw new Error('bad config');
          log.push(['on', binding]);
        },
        unregisterTrigger: (binding) => {
          log.push(['off', binding]);
        },
      },
    );
    const ack = await engine.bind({
      id: 't1',
      trigger_type: 'clock',
      function_id: 'f',
      config: { every: 1 },
      namespace: 'ns',
    });
    expect(ack).toEqual({
      type: 'triggerregistrationresult',
      id: 't1',
      trigger_type: 'clock',
      function_id: 'f',
    });
    const bad = await engine.bind({
      trigger_type: 'clock',
      function_id: 'f',
      config: { bad: true },
    });
    expect(bad.error).toEqual({ code: 'trigger_registration_failed', message: 'bad config' });
    engine.connection.send({ type: 'unregistertrigger', id: 't1', trigger_type: 'clock' });
    await engine.waitFor(() => log.length === 2);
    const binding = {
      id: 't1',
      function_id: 'f',
      config: { every: 1 },
      metadata: undefined,
      namespace: 'ns',
    };
    expect(log).toEqual([
      ['on', binding],
      ['off', binding],
    ]);
    type.unregister();
    await engine.waitForFrame('unregistertriggertype');
  });

  test('that is unknown is refused', async () => {
    await using engine = await startFakeEngine();
    await using worker = startClient(engine.address);
    await worker.iii.ready();
    engine.connection.sendText(
      '{"type":"registertrigger","id":"t","trigger_type":"none","function_id":"f","config":{}}',
    );
    const ack = await engine.waitForFrame('triggerregistrationresult');
    expect(ack.error).toEqual({
      code: 'trigger_type_not_found',
      message: 'Trigger type not found',
    });
  });

  test('binds through its reference', async () => {
    await using engine = await startFakeEngine();
    await using worker = startClient(engine.address);
    const type = worker.iii.registerTriggerType(
      { id: 'clock', description: 'ticks' },
      { registerTrigger: () => {}, unregisterTrigger: () => {} },
    );
    const ref = type.registerFunction('f', () => 7, { every: 2 }, { m: 1 });
    const frame = await engine.waitForFrame('registertrigger');
    expect(frame).toMatchObject({ id: ref.trigger.id, trigger_type: 'clock', function_id: 'f' });
    expect([frame.config.value, frame.metadata?.value]).toEqual([{ every: 2 }, { m: 1 }]);
    expect(await engine.call('f')).toBe(7);
  });
});

describe('a registration', () => {
  test('says what the engine made of it', async () => {
    await using engine = await startFakeEngine();
    await using worker = startClient(engine.address);
    const reports: unknown[] = [];
    worker.iii.onRegistrationOutcome((report) => reports.push(report));
    const ref = worker.iii.registerFunction('f', () => 1);
    expect(await ref.registered).toEqual({ outcome: 'accepted' });
    expect(reports).toEqual([{ kind: 'function', id: 'f', outcome: 'accepted' }]);
  });

  test('says that it is unknown with an engine that does not tell', async () => {
    await using engine = await startFakeEngine({ capabilities: null });
    await using worker = startClient(engine.address);
    const early = worker.iii.registerFunction('early', () => 1);
    expect(await early.registered).toEqual({ outcome: 'unknown' });
    const late = worker.iii.registerFunction('late', () => 1);
    expect(await late.registered).toEqual({ outcome: 'unknown' });
  });

  test('of a trigger that failed is reported once with id, type and text', async () => {
    await using engine = await startFakeEngine({
      onFrame: (frame, connection) => {
        if (frame.type !== 'registertrigger') return false;
        const { id, trigger_type, function_id } = frame;
        connection.send({
          type: 'triggerregistrationresult',
          id,
          trigger_type,
          function_id,
          error: { code: 'trigger_registration_failed', message: 'conflict' },
        });
        return true;
      },
    });
    await using worker = startClient(engine.address);
    const trigger = worker.iii.registerTrigger({ type: 'http', function_id: 'f', config: {} });
    expect(await trigger.registered).toEqual({
      outcome: 'refused',
      reason: 'trigger_registration_failed: conflict',
    });
    expect(worker.log.filter(({ level }) => level === 'error')).toEqual([
      {
        level: 'error',
        message: `Trigger registration failed for "${trigger.id}" (http): conflict`,
      },
    ]);
  });

  test('needs an id that is free', async () => {
    await using engine = await startFakeEngine();
    await using worker = startClient(engine.address);
    const { registerFunction } = worker.iii;
    expect(() => registerFunction(' ', () => 1)).toThrow('id is required');
    const ref = registerFunction('f', () => 1);
    expect(() => registerFunction('f', () => 1)).toThrow('function id already registered: f');
    ref.unregister();
    registerFunction({ id: 'f', description: 'again' }, () => 2);
    expect(await engine.call('f')).toBe(2);
  });
});

describe('shutdown', () => {
  test('lets running handlers finish, takes the engine off, then closes', async () => {
    await using engine = await startFakeEngine();
    const { iii } = startClient(engine.address);
    const started = deferred();
    const release = deferred();
    iii.registerFunction('work', async () => {
      started.resolve();
      await release.promise;
      return 'done';
    });
    const call = engine.call('work');
    await started.promise;
    const down = iii.shutdown();
    await engine.waitForFrame('draining');
    release.resolve();
    expect(await call).toBe('done');
    await down;
    expect(iii.shutdown()).toBe(iii.shutdown());
    expect(iii.getConnectionState()).toBe('disconnected');
    await engine.waitFor(() => engine.connection.isClosed);
  });

  test('rejects calls in flight and later ones', async () => {
    await using engine = await startFakeEngine();
    engine.serve('hang', () => new Promise(() => {}));
    const { iii } = startClient(engine.address);
    await iii.ready();
    const call = iii.trigger({ function_id: 'hang' });
    const failed = expect(call).rejects.toThrow('iii is shutting down');
    await iii.shutdown();
    await failed;
    await expect(iii.trigger({ function_id: 'hang' })).rejects.toThrow('iii is shutting down');
    expect(engine.connections).toHaveLength(1);
  });
});
