// SPDX-License-Identifier: Apache-2.0
/** 5000 workers connect and leave, several times: memory must not remember them. */
import { setTimeout as delay } from 'node:timers/promises';
import { runGenerator } from '../lib/fork.mjs';
import { rssMib, startEngine } from '../lib/process.mjs';

const WORKERS = 5_000;
const CYCLES = 4;

export async function run() {
  const engine = await startEngine();
  try {
    const before = await rssMib(engine.pid);
    const after = [];
    for (let cycle = 0; cycle < CYCLES; cycle += 1) {
      await runGenerator('churn-generator', { url: engine.url, workers: WORKERS, cycle });
      await delay(2_000);
      after.push(await rssMib(engine.pid));
    }
    const name = `memory after ${CYCLES} × ${WORKERS} workers came and left`;
    return [
      { name, ours: after.at(-1), theirs: after[0], unit: 'MiB', against: 'after the first' },
      { name: 'memory before they came', ours: before, unit: 'MiB' },
    ];
  } finally {
    await engine.stop();
  }
}
