// SPDX-License-Identifier: Apache-2.0
import { startFakeEngine } from '@iii-dev/client-core/testing';
import { getContext, init, Logger } from 'iii-sdk/compat';
import { expect, test } from 'vitest';

const logger = { debug: () => {}, warn: () => {}, error: () => {} };

test('code of the first versions runs as it is', async () => {
  await using engine = await startFakeEngine();
  engine.serve('echo', (data) => data);
  engine.serve('engine::functions::list', () => ({ functions: [{ function_id: 'f' }] }));
  const sdk = init(engine.address, { logger });
  const { registerFunction, call, trigger, listFunctions } = sdk;
  let context: unknown;
  registerFunction({ id: 'f', description: 'old' }, async (data: { n: number }) => {
    context = getContext().logger;
    return data.n;
  });
  // The key of the very first versions.
  sdk.registerTrigger({ trigger_type: 'api', function_id: 'f', config: {} } as never);
  sdk.registerService({ id: 's' });
  expect(await engine.call('f', { n: 3 })).toBe(3);
  expect(context).toBeInstanceOf(Logger);
  expect(context).toHaveProperty('serviceName', 'f');
  expect(await engine.waitForFrame('registertrigger')).toMatchObject({ trigger_type: 'api' });
  expect(await call('echo', 1)).toBe(1);
  expect(await trigger('echo', 2, 1_000)).toBe(2);
  expect(await trigger({ function_id: 'echo', payload: 3 })).toBe(3);
  expect(await listFunctions()).toEqual([{ function_id: 'f' }]);
  sdk.callVoid('void', 1);
  await engine.waitForFrame('invokefunction', (f) => f.function_id === 'void');
  await sdk.shutdown();
});

test('listeners of functions and logs are called until they are taken off', async () => {
  await using engine = await startFakeEngine();
  const sdk = init(engine.address, { logger });
  const logs: unknown[] = [];
  const stop = sdk.onLog((log) => logs.push(log), { level: 'warn' });
  const binding = await engine.waitForFrame('registertrigger', (f) => f.trigger_type === 'log');
  await engine.call(binding.function_id, { severity_number: 9 });
  await engine.call(binding.function_id, { severity_number: 17 });
  expect(logs).toEqual([{ severity_number: 17 }]);
  stop();
  await engine.waitForFrame('unregistertrigger', (f) => f.id === binding.id);
  await sdk.shutdown();
});
