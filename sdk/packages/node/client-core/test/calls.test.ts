// SPDX-License-Identifier: Apache-2.0
import { Payload } from '@iii-dev/protocol';
import { describe, expect, test } from 'vitest';
import { InvocationError, isErrorBody } from '../src/index.ts';
import { startFakeEngine } from '../src/testing.ts';
import { startClient } from './support.ts';

describe('a call', () => {
  test('resolves with the result and carries metadata beside the payload', async () => {
    await using engine = await startFakeEngine();
    engine.serve('echo', (data, metadata) => ({ data, metadata }));
    await using worker = startClient(engine.address);
    const { trigger } = worker.iii;
    expect(await trigger({ function_id: 'echo', payload: { a: 1 }, metadata: { m: 2 } })).toEqual({
      data: { a: 1 },
      metadata: { m: 2 },
    });
    await trigger({ function_id: 'echo', payload: 1 });
    const sent = JSON.parse(engine.connection.texts.at(-1) ?? '');
    expect(Object.keys(sent)).toEqual(['type', 'invocation_id', 'function_id', 'data']);
  });

  test('without a payload sends null', async () => {
    await using engine = await startFakeEngine();
    engine.serve('echo', (data) => [data]);
    await using worker = startClient(engine.address);
    expect(await worker.iii.trigger({ function_id: 'echo' })).toEqual([null]);
    expect(engine.connection.texts.at(-1)).toContain('"data":null');
  });

  test('tells a missing result from null', async () => {
    await using engine = await startFakeEngine();
    engine.serve('nothing', () => undefined);
    engine.serve('null', () => null);
    await using worker = startClient(engine.address);
    expect(await worker.iii.trigger({ function_id: 'nothing' })).toBeUndefined();
    expect(await worker.iii.trigger({ function_id: 'null' })).toBeNull();
  });

  test('rejects with the code and text of the error', async () => {
    await using engine = await startFakeEngine();
    await using worker = startClient(engine.address);
    const error = await worker.iii.trigger({ function_id: 'no::such' }).catch((e) => e);
    expect(error).toBeInstanceOf(InvocationError);
    expect(error).toMatchObject({ code: 'function_not_found', function_id: 'no::such' });
    expect(String(error)).toBe('InvocationError: function_not_found: Function no::such not found');
  });

  test('times out, tells the engine, and ignores the late answer', async () => {
    await using engine = await startFakeEngine();
    let answer: (value: unknown) => void = () => {};
    engine.serve('slow', () => new Promise((resolve) => (answer = resolve)));
    await using worker = startClient(engine.address);
    await worker.iii.ready();
    const error = await worker.iii.trigger({ function_id: 'slow', timeoutMs: 30 }).catch((e) => e);
    expect(error).toMatchObject({
      code: 'TIMEOUT',
      function_id: 'slow',
      message: 'TIMEOUT: invocation timed out after 30ms',
    });
    const call = await engine.waitForFrame('invokefunction', (f) => f.function_id === 'slow');
    const cancel = await engine.waitForFrame('cancelinvocation');
    expect(cancel.invocation_id).toBe(call.invocation_id);
    answer('late');
    engine.serve('echo', (data) => data);
    expect(await worker.iii.trigger({ function_id: 'echo', payload: 1 })).toBe(1);
  });

  test('sends no cancel frame to an engine that does not know it', async () => {
    await using engine = await startFakeEngine({ capabilities: null });
    engine.serve('slow', () => new Promise(() => {}));
    engine.serve('echo', (data) => data);
    await using worker = startClient(engine.address);
    await worker.iii.ready();
    await expect(worker.iii.trigger({ function_id: 'slow', timeoutMs: 20 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
    await worker.iii.trigger({ function_id: 'echo' });
    expect(engine.framesOf('cancelinvocation')).toEqual([]);
  });

  test('is cancelled by its signal', async () => {
    await using engine = await startFakeEngine();
    engine.serve('slow', () => new Promise(() => {}));
    await using worker = startClient(engine.address);
    await worker.iii.ready();
    const controller = new AbortController();
    const call = worker.iii.trigger({ function_id: 'slow', signal: controller.signal });
    await engine.waitForFrame('invokefunction', (f) => f.function_id === 'slow');
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    await engine.waitForFrame('cancelinvocation');
    await expect(
      worker.iii.trigger({ function_id: 'slow', signal: controller.signal }),
    ).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test('with a value that is not JSON rejects and leaves the connection alone', async () => {
    await using engine = await startFakeEngine();
    engine.serve('echo', (data) => data);
    await using worker = startClient(engine.address);
    await worker.iii.ready();
    await expect(worker.iii.trigger({ function_id: 'echo', payload: { big: 1n } })).rejects.toThrow(
      TypeError,
    );
    expect(await worker.iii.trigger({ function_id: 'echo', payload: 2 })).toBe(2);
  });

  test('passes text through unparsed when asked to', async () => {
    await using engine = await startFakeEngine();
    await using worker = startClient(engine.address);
    await worker.iii.ready();
    worker.client.registerRawFunction('raw', (data) => data);
    const call = worker.client.triggerRaw({
      function_id: 'x',
      payload: Payload.ofText('{ "n": 9007199254740993 }'),
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
    const frame = await engine.waitForFrame('invokefunction', (f) => f.function_id === 'x');
    expect(frame.data.text).toBe('{ "n": 9007199254740993 }');
    expect(frame.traceparent).toBe('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
    await expect(call).rejects.toMatchObject({ code: 'function_not_found' });
    const text = '{"n":9007199254740993}';
    engine.connection.sendText(
      `{"type":"invokefunction","invocation_id":"1e769fdf-de6d-4ba2-a4f6-b69577a9226e","function_id":"raw","data":${text}}`,
    );
    const result = await engine.waitForFrame('invocationresult');
    expect(result.result?.text).toBe(text);
  });
});

describe('actions', () => {
  test('void resolves at once and has no invocation id', async () => {
    await using engine = await startFakeEngine();
    await using worker = startClient(engine.address);
    await worker.iii.ready();
    const request = {
      function_id: 'v',
      payload: 1,
      metadata: 2,
      action: { type: 'void' },
    } as const;
    expect(await worker.iii.trigger(request)).toBeUndefined();
    await engine.waitForFrame('invokefunction', (f) => f.function_id === 'v');
    expect(JSON.parse(engine.connection.texts.at(-1) ?? '')).toEqual({
      type: 'invokefunction',
      function_id: 'v',
      data: 1,
      action: { type: 'void' },
      metadata: 2,
    });
  });

  test('enqueue resolves with the receipt', async () => {
    await using engine = await startFakeEngine();
    engine.serve('job', () => ({ messageReceiptId: 'r1' }));
    await using worker = startClient(engine.address);
    const action = { type: 'enqueue', queue: 'q' } as const;
    expect(await worker.iii.trigger({ function_id: 'job', action })).toEqual({
      messageReceiptId: 'r1',
    });
    const frame = await engine.waitForFrame('invokefunction', (f) => f.function_id === 'job');
    expect(frame.action).toEqual({ type: 'enqueue', queue: 'q' });
    expect(frame.invocation_id).toBeDefined();
  });
});

describe('namespaces', () => {
  test('calls and triggers inherit, explicit wins, the engine is always default', async () => {
    await using engine = await startFakeEngine();
    await using worker = startClient(engine.address, { namespace: 'team' });
    const { iii } = worker;
    const action = { type: 'void' } as const;
    void iii.trigger({ function_id: 'a', action });
    void iii.trigger({ function_id: 'b', namespace: 'other', action });
    void iii.trigger({ function_id: 'engine::c', action });
    void iii.trigger({ function_id: 'engine::d', namespace: 'other', action });
    iii.registerTrigger({ type: 't', function_id: 'a', config: 1 });
    iii.registerTrigger({
      type: 't',
      function_id: 'a',
      config: 1,
      namespace: 'x',
      trigger_namespace: 'y',
    });
    await engine.waitForFrame('invokefunction', (f) => f.function_id === 'engine::d');
    const sent = engine.framesOf('invokefunction').slice(1);
    expect(sent.map((f) => f.namespace)).toEqual(['team', 'other', 'default', 'other']);
    expect(engine.framesOf('registertrigger')).toMatchObject([
      { namespace: 'team' },
      { namespace: 'x', trigger_namespace: 'y' },
    ]);
    await expect(iii.trigger({ function_id: 'a', namespace: ' ' })).rejects.toThrow(
      'namespace is empty',
    );
    expect(() =>
      iii.registerTrigger({ type: 't', function_id: 'a', config: 1, namespace: '' }),
    ).toThrow('namespace is empty');
  });
});

describe('without a connection', () => {
  test('calls wait and are sent in order, but not those nobody waits for any more', async () => {
    const engine = await startFakeEngine();
    const { port } = engine;
    await engine.close();
    await using worker = startClient(`ws://127.0.0.1:${port}`);
    const { iii } = worker;
    const expired = iii.trigger({ function_id: 'expired', timeoutMs: 10 });
    await expect(expired).rejects.toMatchObject({ code: 'TIMEOUT' });
    const first = iii.trigger({ function_id: 'first', payload: 1 });
    void iii.trigger({ function_id: 'second', action: { type: 'void' } });
    await using later = await startFakeEngine({ port });
    later.serve('first', () => 'done');
    expect(await first).toBe('done');
    const ids = later.framesOf('invokefunction').map((f) => f.function_id);
    expect(ids).toEqual(['engine::workers::register', 'first', 'second']);
  });

  test('a full queue refuses calls and counts dropped voids', async () => {
    const engine = await startFakeEngine();
    const { port } = engine;
    await engine.close();
    await using worker = startClient(`ws://127.0.0.1:${port}`, {
      offlineQueue: { maxFrames: 1, maxBytes: 1_000 },
    });
    const { iii } = worker;
    void iii.trigger({ function_id: 'kept', action: { type: 'void' } });
    void iii.trigger({ function_id: 'dropped', action: { type: 'void' } });
    await expect(iii.trigger({ function_id: 'refused' })).rejects.toMatchObject({
      code: 'OFFLINE_QUEUE_FULL',
    });
    await using later = await startFakeEngine({ port });
    await later.waitForFrame('invokefunction', (f) => f.function_id === 'kept');
    expect(worker.log.map(({ message }) => message)).toContain(
      '[iii] Dropped 1 void calls while offline',
    );
  });

  test('a queued payload is the one of the moment of the call', async () => {
    const engine = await startFakeEngine();
    const { port } = engine;
    await engine.close();
    await using worker = startClient(`ws://127.0.0.1:${port}`);
    const payload = { n: 1 };
    const call = worker.iii.trigger({ function_id: 'echo', payload });
    await Promise.resolve();
    payload.n = 2;
    await using later = await startFakeEngine({ port });
    later.serve('echo', (data) => data);
    expect(await call).toEqual({ n: 1 });
  });

  test('a call in flight fails with CONNECTION_LOST, an idempotent one is made again', async () => {
    await using engine = await startFakeEngine();
    engine.serve('hang', () => new Promise(() => {}));
    await using worker = startClient(engine.address);
    await worker.iii.ready();
    const lost = worker.iii.trigger({ function_id: 'hang' });
    const again = worker.iii.trigger({ function_id: 'hang', payload: 2, idempotent: true });
    await engine.waitFor(
      () => engine.framesOf('invokefunction').filter((f) => f.function_id === 'hang').length === 2,
    );
    engine.serve('hang', (data) => data);
    engine.connection.terminate();
    await expect(lost).rejects.toMatchObject({ code: 'CONNECTION_LOST', function_id: 'hang' });
    expect(await again).toBe(2);
    const ids = engine
      .framesOf('invokefunction')
      .filter((f) => f.function_id === 'hang')
      .map((f) => f.invocation_id);
    expect(new Set(ids).size).toBe(3);
  });
});

test('isErrorBody knows an error body', () => {
  expect(isErrorBody({ code: 'a', message: 'b' })).toBe(true);
  expect(isErrorBody({ code: 'a', message: 'b', stacktrace: 's' })).toBe(true);
  for (const value of [
    null,
    undefined,
    'a',
    1,
    {},
    { code: 'a' },
    { code: 1, message: 'b' },
    { code: 'a', message: 'b', stacktrace: 1 },
  ]) {
    expect(isErrorBody(value)).toBe(false);
  }
});
