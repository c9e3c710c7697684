// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { RegistrationRejectedError, retryDelayMs } from '../src/index.ts';
import { startFakeEngine } from '../src/testing.ts';
import { startClient } from './support.ts';

const nothing = { registerTrigger: () => {}, unregisterTrigger: () => {} };

describe('on open', () => {
  test('the announcement comes first, then types, functions, triggers and waiting calls', async () => {
    await using engine = await startFakeEngine();
    await using worker = startClient(engine.address, { namespace: 'team' });
    const { iii } = worker;
    void iii.trigger({ function_id: 'late', action: { type: 'void' } });
    iii.registerTrigger({ type: 'clock', function_id: 'f', config: { every: 1 } });
    iii.registerFunction('f', () => 1);
    iii.registerTriggerType({ id: 'clock', description: 'ticks' }, nothing);
    await engine.waitForFrame('invokefunction', (frame) => frame.function_id === 'late');
    expect(engine.connection.frames.map((frame) => frame.type)).toEqual([
      'invokefunction',
      'registertriggertype',
      'registerfunction',
      'registertrigger',
      'invokefunction',
    ]);
    expect(JSON.parse(engine.connection.texts[0] ?? '')).toEqual({
      type: 'invokefunction',
      function_id: 'engine::workers::register',
      data: { runtime: 'test', name: 'tester', capabilities: ['registration_outcome', 'cancel'] },
      action: { type: 'void' },
      namespace: 'default',
    });
  });

  test('a registration made while open is sent once', async () => {
    await using engine = await startFakeEngine();
    await using worker = startClient(engine.address);
    await worker.iii.ready();
    worker.iii.registerFunction('a', () => 1);
    worker.iii.registerFunction('b', () => 1);
    await engine.waitForFrame('registerfunction', ({ id }) => id === 'b');
    expect(engine.framesOf('registerfunction').map(({ id }) => id)).toEqual(['a', 'b']);
  });

  test('ready and the state listener tell when the engine has taken the worker in', async () => {
    await using engine = await startFakeEngine();
    const { iii } = startClient(engine.address);
    const states: string[] = [];
    const stop = iii.onConnectionStateChange((state) => states.push(state));
    expect(iii.getConnectionState()).toBe('connecting');
    await iii.ready();
    expect(iii.getConnectionState()).toBe('connected');
    expect(iii.getWorkerId()).toBe(engine.connection.workerId);
    await iii.shutdown();
    stop();
    expect(states).toEqual(['connected', 'disconnected']);
  });
});

describe('after a lost connection', () => {
  test('the worker reattaches first and replays everything once', async () => {
    await using engine = await startFakeEngine();
    await using worker = startClient(engine.address);
    const { iii } = worker;
    iii.registerFunction('kept', () => 1);
    const gone = iii.registerFunction('gone', () => 1);
    const trigger = iii.registerTrigger({ type: 'clock', function_id: 'kept', config: null });
    const first = await engine.waitForConnection();
    await iii.ready();
    gone.unregister();
    await engine.waitForFrame('unregisterfunction');
    first.terminate();
    const second = await engine.waitForConnection(2);
    await engine.waitFor(() => second.frames.length >= 4);
    expect(second.frames[0]).toEqual({
      type: 'reattach',
      previous_worker_id: first.workerId,
      reattach_token: first.reattachToken,
    });
    expect(second.frames.map((frame) => frame.type)).toEqual([
      'reattach',
      'invokefunction',
      'registerfunction',
      'registertrigger',
    ]);
    expect(second.frames[3]).toMatchObject({ id: trigger.id });
    expect(first.frames.some((frame) => frame.type === 'reattach')).toBe(false);
  });

  test('a trigger removed while offline is not replayed and its removal is told', async () => {
    await using engine = await startFakeEngine();
    await using worker = startClient(engine.address, { reconnection: slow });
    const { iii } = worker;
    const trigger = iii.registerTrigger({ type: 'clock', function_id: 'f', config: null });
    await iii.ready();
    await engine.waitForFrame('registertrigger');
    engine.connection.terminate();
    await engine.waitFor(() => iii.getConnectionState() === 'reconnecting');
    trigger.unregister();
    const second = await engine.waitForConnection(2);
    await engine.waitFor(() => second.frames.length === 3);
    expect(second.frames.map((frame) => frame.type)).toEqual([
      'reattach',
      'invokefunction',
      'unregistertrigger',
    ]);
  });

  test('silence ends a connection that looks open', async () => {
    await using engine = await startFakeEngine();
    await using worker = startClient(engine.address, {
      keepalive: { pingIntervalMs: 20, idleLimitMs: 200 },
    });
    await worker.iii.ready();
    engine.connection.pause();
    await engine.waitForConnection(2);
    expect(worker.log.map(({ message }) => message)).toContain(
      'No inbound data for 200ms, terminating connection to force reconnect',
    );
  });

  test('answers to pings keep an idle connection', async () => {
    await using engine = await startFakeEngine();
    await using worker = startClient(engine.address, {
      keepalive: { pingIntervalMs: 20, idleLimitMs: 200 },
    });
    await worker.iii.ready();
    // That nothing happens can only be seen by waiting: three times the limit.
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(engine.connections).toHaveLength(1);
  });

  test('the client gives up after the retries it was allowed', async () => {
    const engine = await startFakeEngine();
    const { iii, log } = startClient(engine.address, {
      reconnection: { ...slow, initialDelayMs: 1, maxRetries: 2 },
    });
    await iii.ready();
    const { address } = engine;
    await engine.close();
    await expect.poll(() => iii.getConnectionState(), { timeout: 10_000 }).toBe('failed');
    expect(log.map(({ message }) => message)).toContain(
      'Max reconnection retries (2) reached, giving up',
    );
    await expect(iii.trigger({ function_id: 'f' })).rejects.toThrow('given up');
    await expect(iii.ready()).rejects.toThrow('given up');
    expect(iii.getAddress()).toBe(address);
  });
});

const slow = {
  initialDelayMs: 100,
  maxDelayMs: 200,
  backoffMultiplier: 2,
  jitterFactor: 0,
  maxRetries: -1,
};

describe('registrationrejected', () => {
  test('a conflict of the worker is final', async () => {
    await using engine = await startFakeEngine();
    const { iii } = startClient(engine.address);
    await iii.ready();
    const call = iii.trigger({ function_id: 'slow' });
    call.catch(() => {});
    engine.connection.send({
      type: 'registrationrejected',
      code: 'WORKER_NAMESPACE_CONFLICT',
      namespace: 'default',
      worker_name: 'tester',
      owner_worker_id: 'w9',
    });
    // The answer and the rejection race; a call made afterwards rejects for certain.
    await expect.poll(() => iii.getConnectionState()).toBe('failed');
    await expect(iii.trigger({ function_id: 'slow' })).rejects.toMatchObject({
      code: 'WORKER_NAMESPACE_CONFLICT',
      name: 'RegistrationRejectedError',
    });
    const fatal = iii.getFatalError();
    expect(fatal).toBeInstanceOf(RegistrationRejectedError);
    expect(fatal?.message).toMatch(
      /^WORKER_NAMESPACE_CONFLICT: registration rejected for worker "tester".*default.*w9/,
    );
    await engine.waitFor(() => engine.connection.isClosed);
    expect(engine.connections).toHaveLength(1);
  });

  test('a conflict of a function is a warning, and its registration is refused', async () => {
    await using engine = await startFakeEngine({
      capabilities: ['registration_outcome'],
      onFrame: (frame) => frame.type === 'registerfunction',
    });
    await using worker = startClient(engine.address);
    const ref = worker.iii.registerFunction('taken', () => 1);
    await worker.iii.ready();
    engine.connection.send({
      type: 'registrationrejected',
      code: 'FUNCTION_NAMESPACE_CONFLICT',
      namespace: 'default',
      function_id: 'taken',
      owner_worker_id: 'w9',
    });
    expect(await ref.registered).toEqual({
      outcome: 'refused',
      reason: 'FUNCTION_NAMESPACE_CONFLICT',
    });
    expect(worker.iii.getConnectionState()).toBe('connected');
    expect(worker.log.some(({ level }) => level === 'warn')).toBe(true);
  });
});

test('delays grow, are capped and jitter to both sides', () => {
  const config = { ...slow, initialDelayMs: 1000, maxDelayMs: 30_000, jitterFactor: 0.3 };
  expect(retryDelayMs(config, 0, () => 0.5)).toBe(1000);
  expect(retryDelayMs(config, 3, () => 0.5)).toBe(8000);
  expect(retryDelayMs(config, 20, () => 0.5)).toBe(30_000);
  expect(retryDelayMs(config, 0, () => 0)).toBe(700);
  expect(retryDelayMs(config, 0, () => 1)).toBe(1300);
});
