// SPDX-License-Identifier: Apache-2.0
/** Calls through the engine, through a naive hub and through a blind relay, by turns. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { median } from '../lib/numbers.mjs';
import { cpuSeconds, startEngine, startPeer } from '../lib/process.mjs';

const generator = join(import.meta.dirname, '../peers/call-generator.mjs');
const WINDOW_MS = 1_500;

/** One window of load on one target; a lost or wrong answer is no result. */
async function measure(target, load) {
  const child = fork(generator, [
    JSON.stringify({ url: target.url, windowMs: WINDOW_MS, ...load }),
  ]);
  let before = 0;
  let sample;
  child.on('message', async (message) => {
    if (message.kind === 'window-start') before = await cpuSeconds(target.pid);
    if (message.kind === 'window-end') {
      const cpu = (await cpuSeconds(target.pid)) - before;
      sample = { ...message, cpuMicros: (cpu / message.calls) * 1e6 };
    }
    if (message.kind === 'done' && (message.lost > 0 || message.wrong > 0))
      throw new Error(`${target.name}: ${message.lost} lost, ${message.wrong} wrong`);
  });
  const [code] = await once(child, 'exit');
  if (code !== 0 || !sample) throw new Error(`${target.name}: the generator ended with ${code}`);
  return sample;
}

/** Rounds in ABBA order, the first dropped, the median of each number kept. */
async function compare(starters, load, rounds) {
  const samples = starters.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    const order = [...starters.keys()];
    if (round % 2 === 1) order.reverse();
    for (const index of order) {
      const target = await starters[index]();
      try {
        const sample = await measure(target, load);
        if (round > 0) samples[index].push(sample);
      } finally {
        await target.stop();
      }
    }
  }
  const pick = (all, field) => median(all.map((sample) => sample[field]));
  return samples.map((all) => ({
    callsPerSecond: pick(all, 'callsPerSecond'),
    cpuMicros: pick(all, 'cpuMicros'),
    p50Ms: pick(all, 'p50Ms'),
    p99Ms: pick(all, 'p99Ms'),
  }));
}

export async function run({ rounds }) {
  const naive = () => startPeer('naive-hub');
  const relay = () => startPeer('relay');
  const rows = [];
  const [engine, hub] = await compare([startEngine, naive], { outstanding: 128 }, rounds);
  rows.push(row('call CPU, 128 outstanding', engine, hub, 'cpuMicros', 'µs', 'naive hub'));
  rows.push(
    row('calls per second, 128 outstanding', engine, hub, 'callsPerSecond', '/s', 'naive hub'),
  );
  const [engine1, relay1] = await compare([startEngine, relay], { outstanding: 1 }, rounds);
  rows.push(row('call p50, one at a time', engine1, relay1, 'p50Ms', 'ms', 'relay'));
  const large = { outstanding: 16, payloadBytes: 65_536 };
  const [engine64, relay64] = await compare([startEngine, relay], large, rounds);
  rows.push(row('call CPU, 64 KiB', engine64, relay64, 'cpuMicros', 'µs', 'relay'));
  rows.push(row('calls per second, 64 KiB', engine64, relay64, 'callsPerSecond', '/s', 'relay'));
  return rows;
}

function row(name, ours, theirs, field, unit, against) {
  return { name, ours: ours[field], theirs: theirs[field], unit, against };
}
