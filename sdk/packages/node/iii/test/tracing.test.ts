// SPDX-License-Identifier: Apache-2.0
import { AsyncLocalStorage } from 'node:async_hooks';
import { startFakeEngine } from '@iii-dev/client-core/testing';
import { type Context, context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { registerWorker, TriggerAction } from 'iii-sdk';
import { afterEach, expect, test } from 'vitest';

const logger = { debug: () => {}, warn: () => {}, error: () => {} };
const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;

afterEach(() => context.disable());

async function relay() {
  await using engine = await startFakeEngine();
  const iii = registerWorker(engine.address, { logger });
  iii.registerFunction('relay', async () => {
    await new Promise((resolve) => setImmediate(resolve));
    void iii.trigger({ function_id: 'next', action: TriggerAction.Void() });
  });
  await engine.waitForFrame('registerfunction');
  await engine.callOn(engine.connection, 'relay', null, undefined, {
    traceparent,
    baggage: 'user=a%20b',
  });
  const next = await engine.waitForFrame('invokefunction', (f) => f.function_id === 'next');
  await iii.shutdown();
  return next;
}

test('a call made in a handler carries on its trace', async () => {
  expect(await relay()).toMatchObject({ traceparent, baggage: 'user=a%20b' });
});

test('a call made in a handler carries on its trace with OpenTelemetry too', async () => {
  const store = new AsyncLocalStorage<Context>();
  const manager = {
    active: () => store.getStore() ?? ROOT_CONTEXT,
    with: (ctx: Context, fn: (...args: unknown[]) => unknown, self?: unknown, ...args: unknown[]) =>
      store.run(ctx, () => fn.apply(self, args)),
    bind: <T>(_context: Context, target: T) => target,
    enable: () => manager,
    disable: () => manager,
  };
  context.setGlobalContextManager(manager as never);
  expect(await relay()).toMatchObject({
    traceparent: expect.stringContaining(traceId),
    baggage: 'user=a%20b',
  });
});

test('a call outside any trace has no trace fields, one inside the active context has them', async () => {
  const store = new AsyncLocalStorage<Context>();
  const manager = {
    active: () => store.getStore() ?? ROOT_CONTEXT,
    with: (ctx: Context, fn: () => unknown) => store.run(ctx, fn),
    bind: <T>(_context: Context, target: T) => target,
    enable: () => manager,
    disable: () => manager,
  };
  context.setGlobalContextManager(manager as never);
  await using engine = await startFakeEngine();
  const iii = registerWorker(engine.address, { logger });
  const action = TriggerAction.Void();
  void iii.trigger({ function_id: 'out', action });
  let active = trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
  });
  active = propagation.setBaggage(active, propagation.createBaggage({ k: { value: 'v' } }));
  context.with(active, () => void iii.trigger({ function_id: 'in', action }));
  const inside = await engine.waitForFrame('invokefunction', (f) => f.function_id === 'in');
  expect(inside).toMatchObject({ traceparent, baggage: 'k=v' });
  const outside = await engine.waitForFrame('invokefunction', (f) => f.function_id === 'out');
  expect(outside).not.toHaveProperty('traceparent');
  await iii.shutdown();
});
