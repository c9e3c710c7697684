// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ours, published } from './support/clients.ts';
import { EngineProcess } from './support/engine-process.ts';
import { RawWorker } from './support/raw-worker.ts';

/** As large as one unfragmented frame of the published clients may be. */
const LARGE_BYTES = 16 * 1024 * 1024;

let engine: EngineProcess;

beforeAll(async () => {
  engine = await EngineProcess.start();
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

test.each([
  ['an integer above 2^53', '9007199254740993'],
  ['numbers as they were spelled', '[1.0,1e3,-0,0.10,123456789012345678901234567890]'],
  ['keys in their order, twice and escaped', '{"b":1,"a":2,"b":3,"\\u0061":"\\/é\\ud83d\\ude00"}'],
  ['a text that looks like a frame', '"{\\"type\\":\\"ping\\",\\"invocation_id\\":null}"'],
])('%s arrives and returns byte for byte', async (_name, text) => {
  using provider = await RawWorker.connect(engine.url);
  using caller = await RawWorker.connect(engine.url);
  const got: string[] = [];
  provider.register('exact::echo', (data) => {
    got.push(data);
    return data;
  });
  await expect
    .poll(() => caller.call('exact::echo', 'null').catch(() => ''), { timeout: 10_000 })
    .toBe('null');
  got.length = 0;
  expect(withoutCaller(await caller.call('exact::echo', text))).toBe(text);
  expect(got.map(withoutCaller)).toEqual([text]);
});

test('state returns an integer above 2^53 as it was stored', async () => {
  using worker = await RawWorker.connect(engine.url);
  const at = '"scope":"exact","key":"large"';
  await worker.call('state::set', `{${at},"value":9007199254740993}`);
  expect(await worker.call('state::get', `{${at}}`)).toBe('9007199254740993');
});

test('16 MiB pass through byte for byte', async () => {
  using provider = await RawWorker.connect(engine.url);
  using caller = await RawWorker.connect(engine.url);
  provider.register('exact::large', (data) => data);
  await expect
    .poll(() => caller.call('exact::large', '1').catch(() => ''), { timeout: 10_000 })
    .toBe('1');
  const text = `"${'x'.repeat(LARGE_BYTES - 2)}"`;
  const answer = await caller.call('exact::large', text);
  // Not toBe: a failing assertion would print both texts.
  expect(answer === text).toBe(true);
});

test.each([ours, published['0.22.1']])('16 MiB pass through iii-sdk $version', async (subject) => {
  const client = await subject.connect(engine.url, `large-${subject.version}`);
  try {
    client.register('exact::sdk', async (payload: unknown) => payload);
    const text = 'y'.repeat(LARGE_BYTES - 1024);
    const answer = await client.call('exact::sdk', text);
    expect(answer === text).toBe(true);
  } finally {
    await client.shutdown();
  }
});

/** The engine tells a function who calls, in front of an object's own fields; the rest is untouched. */
function withoutCaller(text: string): string {
  return text.replace(/^\{"_caller_worker_id":"[0-9a-f-]{36}",?/, '{');
}
