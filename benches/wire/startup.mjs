// SPDX-License-Identifier: Apache-2.0
/** From spawn to the first answered call, and what an idle engine costs. */
import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { median } from '../lib/numbers.mjs';
import { cpuSeconds, rssMib, startEngine, waitForPort } from '../lib/process.mjs';
import {
  announce,
  invocationIdOf,
  invoke,
  open,
  register,
  result,
  uuidOf,
} from '../lib/raw-socket.mjs';

const IDLE_MS = 5_000;

async function firstCallMs(spawnedAt, engine) {
  await waitForPort(engine.port);
  const socket = await open(engine.url);
  const answered = new Promise((resolve) => {
    socket.on('message', (data) => {
      const text = data.toString();
      if (text.startsWith('{"type":"invokefunction"'))
        socket.send(result(invocationIdOf(text), 'bench::first', '1'));
      if (text.startsWith('{"type":"invocationresult"') && text.includes('"result":1')) resolve();
    });
  });
  socket.send(announce('bench-first'));
  socket.send(register('bench::first'));
  socket.send(invoke(uuidOf(1), 'bench::first', 'null'));
  await answered;
  const elapsed = performance.now() - spawnedAt;
  socket.terminate();
  return elapsed;
}

export async function run({ rounds }) {
  const engines = [];
  const nodes = [];
  let idle;
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = performance.now();
    spawnSync(process.execPath, ['-e', '0']);
    nodes.push(performance.now() - startedAt);
    const spawnedAt = performance.now();
    const engine = await startEngine({ ready: false });
    try {
      engines.push(await firstCallMs(spawnedAt, engine));
      if (round === rounds - 1) idle = await measureIdle(engine);
    } finally {
      await engine.stop();
    }
  }
  return [
    {
      name: 'spawn to first call',
      ours: median(engines),
      theirs: median(nodes),
      unit: 'ms',
      against: 'node -e 0',
    },
    { name: 'idle memory', ours: idle.rss, unit: 'MiB' },
    { name: 'idle CPU', ours: idle.cpuPercent, unit: '%' },
  ];
}

async function measureIdle(engine) {
  await delay(1_000);
  const before = await cpuSeconds(engine.pid);
  await delay(IDLE_MS);
  const cpuPercent = (((await cpuSeconds(engine.pid)) - before) / (IDLE_MS / 1_000)) * 100;
  return { cpuPercent, rss: await rssMib(engine.pid) };
}
