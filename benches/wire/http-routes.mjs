// SPDX-License-Identifier: Apache-2.0
/** A POST must not care how many routes there are. */
import { runGenerator } from '../lib/fork.mjs';
import { startEngine } from '../lib/process.mjs';

const REQUESTS = 4_000;

async function measure(routes) {
  const engine = await startEngine();
  try {
    const { url, httpPort } = engine;
    return await runGenerator('http-generator', { url, httpPort, routes, requests: REQUESTS });
  } finally {
    await engine.stop();
  }
}

export async function run() {
  const one = await measure(1);
  const many = await measure(1_000);
  const against = '1 route';
  return [
    {
      name: 'POST p50, 1000 routes, 8 at once',
      ours: many.p50Ms,
      theirs: one.p50Ms,
      unit: 'ms',
      against,
    },
    {
      name: 'POST max, 1000 routes, 8 at once',
      ours: many.maxMs,
      theirs: one.maxMs,
      unit: 'ms',
      against,
    },
  ];
}
