// SPDX-License-Identifier: Apache-2.0
/** 1000 workers reconnect in the same moment. */
import { runGenerator } from '../lib/fork.mjs';
import { startEngine } from '../lib/process.mjs';

export async function run() {
  const engine = await startEngine();
  try {
    const { p50Ms, p99Ms } = await runGenerator('storm-generator', {
      url: engine.url,
      workers: 1_000,
    });
    return [
      { name: 'reconnect of 1000 workers, p50', ours: p50Ms, unit: 'ms' },
      { name: 'reconnect of 1000 workers, p99', ours: p99Ms, unit: 'ms' },
    ];
  } finally {
    await engine.stop();
  }
}
