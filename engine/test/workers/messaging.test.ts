// SPDX-License-Identifier: Elastic-2.0
import { type IIIClient, registerWorker, TriggerAction } from 'iii-sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestEngine, type TestEngine } from '../../src/testing/index.ts';
import { eventually, type Json } from '../support/wire-engine.ts';

const QUIET = { otel: { enabled: false }, enableMetricsReporting: false } as const;

/** Queue, cron, pub/sub and kv with the real engine, wherever they run. */
describe.each(['inline', 'process'] as const)('placement %s', (placement) => {
  let engine: TestEngine;
  let iii: IIIClient;

  beforeAll(async () => {
    engine = await startTestEngine({
      placement,
      workers: ['iii-queue', 'iii-cron', 'iii-pubsub', 'kv'],
    });
    iii = registerWorker(engine.url, { ...QUIET, workerName: `user-${placement}` });
  });

  afterAll(async () => {
    await iii?.shutdown();
    await engine?.stop();
  });

  /** Binds a function to a trigger and collects what it is called with. */
  async function collect(id: string, type: string, config: Json): Promise<Json[]> {
    const received: Json[] = [];
    iii.registerFunction(id, async (data) => {
      received.push(data);
    });
    const trigger = iii.registerTrigger({ type, function_id: id, config });
    await trigger.registered;
    return received;
  }

  test('a message published before its subscriber exists waits for it', async () => {
    const topic = 'orders';
    await iii.trigger({
      function_id: 'iii::durable::publish',
      payload: { topic, data: { n: 1 } },
    });
    const received = await collect('on-order', 'durable:subscriber', { topic });
    await iii.trigger({ function_id: 'enqueue', payload: { topic, data: { n: 2 } } });
    await eventually(() => received.some((data) => data.n === 2));
    expect(received).toContainEqual(expect.objectContaining({ n: 2 }));
  });

  test('an enqueued call runs, and its caller has a receipt first', async () => {
    const received: Json[] = [];
    iii.registerFunction('send-mail', async (data) => {
      received.push(data);
    });
    const receipt = (await iii.trigger({
      function_id: 'send-mail',
      payload: { to: 'a' },
      action: TriggerAction.Enqueue({ queue: 'default' }),
    })) as Json;
    expect(receipt.messageReceiptId).toEqual(expect.any(String));
    await eventually(() => received.length === 1);
    expect(received[0]).toMatchObject({ to: 'a' });
  });

  test('cron fires every second', async () => {
    const received = await collect('on-tick', 'cron', { expression: '* * * * * *' });
    await eventually(() => received.length > 0);
    expect(received[0]).toMatchObject({ trigger: 'cron', job_id: expect.any(String) });
  });

  test('what is published reaches its subscribers', async () => {
    const received = await collect('on-news', 'subscribe', { topic: 'news' });
    await iii.trigger({ function_id: 'publish', payload: { topic: 'news', data: { hot: true } } });
    await eventually(() => received.length === 1);
    expect(received[0]).toMatchObject({ hot: true });
  });

  test('kv keeps values', async () => {
    await iii.trigger({
      function_id: 'kv_server::set',
      payload: { index: 'i', key: 'k', value: 1 },
    });
    const at = { index: 'i', key: 'k' };
    expect(await iii.trigger({ function_id: 'kv_server::get', payload: at })).toEqual(1);
  });
});
