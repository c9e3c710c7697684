// SPDX-License-Identifier: Apache-2.0
/** The first worker: one function, no idea who calls it. */
import { registerWorker } from 'iii-sdk';

const iii = registerWorker(process.env.III_URL ?? 'ws://127.0.0.1:49134', {
  workerName: 'math',
});

iii.registerFunction('math::add', async ({ a, b }: { a: number; b: number }) => ({ sum: a + b }), {
  description: 'Adds two numbers',
});
