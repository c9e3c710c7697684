// SPDX-License-Identifier: Apache-2.0
/**
 * One caller and one provider in a process of their own. Keeps `outstanding` calls in flight for a
 * warm-up and a window, and tells the parent when the window starts and what happened in it.
 */

import { quantile } from '../lib/numbers.mjs';
import { announce, invocationIdOf, invoke, open, register, uuidOf } from '../lib/raw-socket.mjs';

const { url, outstanding, windowMs, payloadBytes } = JSON.parse(process.argv[2]);
const WARM_UP_MS = 700;
const FUNCTION = 'bench::echo';
const STANDARD = '{"source":"criterion","value":42,"labels":["startup","core-runtime"]}';
const payload = payloadBytes ? `{"payload":"${'x'.repeat(payloadBytes)}"}` : STANDARD;
const tail = `","function_id":"${FUNCTION}","result":${payload}}`;
const prefix = '{"type":"invokefunction","invocation_id":"';
const suffix = `","function_id":"${FUNCTION}","data":${payload}}`;

const provider = await open(`${url}?role=provider`);
provider.on('message', (data) => {
  const text = data.toString();
  // A relay passes the caller's announcement on, too; it has no id.
  if (!text.startsWith('{"type":"invokefunction"') || !text.includes('"invocation_id"')) return;
  provider.send(`{"type":"invocationresult","invocation_id":"${invocationIdOf(text)}${tail}`);
});
provider.send(announce('bench-provider'));
provider.send(register(FUNCTION));

const caller = await open(`${url}?role=caller`);
const sentAt = new Map();
const latencies = [];
let next = 0;
let measuring = false;
let running = true;
let wrong = 0;

function freshId() {
  next += 1;
  return uuidOf(next);
}

function send() {
  const id = freshId();
  sentAt.set(id, performance.now());
  caller.send(`${prefix}${id}${suffix}`);
}

let isCallable = false;
caller.on('message', (data) => {
  const text = data.toString();
  if (!text.startsWith('{"type":"invocationresult"')) return;
  const id = invocationIdOf(text);
  const at = sentAt.get(id);
  sentAt.delete(id);
  if (!isCallable) {
    isCallable = text.includes('"result"');
    return;
  }
  if (at === undefined || !text.includes('"result"')) wrong += 1;
  else if (measuring) latencies.push(performance.now() - at);
  if (running) send();
});
caller.send(announce('bench-caller'));

// The registration may wait for the provider's namespace: ask until the function answers.
while (!isCallable) {
  caller.send(invoke(freshId(), FUNCTION, payload));
  await sleep(50);
}
// Answers to probes that are still on their way are not ours to count.
await sleep(200);
sentAt.clear();
for (let n = 0; n < outstanding; n += 1) send();
await sleep(WARM_UP_MS);
measuring = true;
const startedAt = performance.now();
process.send({ kind: 'window-start' });
await sleep(windowMs);
measuring = false;
const elapsedMs = performance.now() - startedAt;
process.send({
  kind: 'window-end',
  calls: latencies.length,
  callsPerSecond: (latencies.length / elapsedMs) * 1000,
  p50Ms: quantile(latencies, 0.5),
  p99Ms: quantile(latencies, 0.99),
});
running = false;
for (let waited = 0; sentAt.size > 0 && waited < 5_000; waited += 20) await sleep(20);
process.send({ kind: 'done', lost: sentAt.size, wrong });
process.exit(0);

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
