// SPDX-License-Identifier: Apache-2.0
// Queues and runs jobs until it is killed; names on stdout each one that was acknowledged, and runs.
import { writeSync } from 'node:fs';
import { InvocationError } from 'iii-sdk';
import type { RawCalls } from 'iii-sdk/internal';
import { parse } from 'valibot';
import { createLmdbQueueStore } from '../../src/adapters/lmdb.ts';
import { Broker } from '../../src/broker.ts';
import { queueConfig } from '../../src/config.ts';

const [folder, round] = process.argv.slice(2);
const isDraining = round === 'drain';
const silent = { info: () => {}, warn: () => {}, error: () => {} };
const raw: RawCalls = {
  async trigger({ payload }) {
    if (isDraining) {
      writeSync(1, `${payload.value}\n`);
      return undefined;
    }
    await new Promise((resolve) => setImmediate(resolve));
    const last = String(payload.value).slice(-1);
    if (last === '7') throw new InvocationError({ code: 'boom', message: 'no luck' });
    if (last === '9') return new Promise(() => {});
    writeSync(1, `ran ${payload.value}\n`);
    return undefined;
  },
  registerFunction() {
    throw new Error('not used');
  },
};
const broker = new Broker({
  store: await createLmdbQueueStore({ folder: folder as string }),
  raw,
  log: silent,
  config: parse(queueConfig, {
    queue_configs: {
      default: { backoff_ms: 1, concurrency: 100, max_retries: isDraining ? 3 : 1000 },
    },
  }),
});

async function enqueueForEver(lane: number): Promise<void> {
  for (let n = 0; ; n += 1) {
    const id = `${round}-${lane}-${n}`;
    const message = {
      id,
      data: JSON.stringify(id),
      dueMs: n % 10 === 5 ? Date.now() + 20 : undefined,
      idempotencyKey: undefined,
      priority: undefined,
      traceparent: undefined,
      baggage: undefined,
      metadata: undefined,
    };
    await broker.enqueue('default', { functionId: 'f', namespace: 'default' }, message);
    writeSync(1, `queued ${id}\n`);
  }
}

if (isDraining) {
  const { row } = broker.queue('__fn_queue::default') as {
    row: { ready: number; delayed: number };
  };
  while (row.ready + row.delayed > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await broker.close();
} else {
  await Promise.all(Array.from({ length: 20 }, (_, lane) => enqueueForEver(lane)));
}
