// SPDX-License-Identifier: Apache-2.0
/** After each of many torn connections, every function, route and trigger works exactly once. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Client, ours, published, type Subject } from './support/clients.ts';
import { CuttingProxy } from './support/cutting-proxy.ts';
import { EngineProcess } from './support/engine-process.ts';
import { makeRandom } from './support/random.ts';

const CUTS = 64;
const WAIT = { timeout: 20_000, interval: 10 };
/** Longest a connection lives before it is torn; long enough for a replay, short enough to hit it. */
const CUT_WITHIN_MS = 40;
/** The upgrade request and a replay fit into this, so that limits below it tear both. */
const REPLAY_BYTES = 1_500;

test.each<Subject>([ours, published['0.22.1']])(
  `iii-sdk $version keeps one of each over ${CUTS} cuts`,
  async (subject) => {
    const random = makeRandom();
    await using engine = await EngineProcess.start();
    await using proxy = await CuttingProxy.start(engine.port);
    const worker = await subject.connect(proxy.url, 'cut');
    const observer = await ours.connect(engine.url, 'observer');
    const fired = new Map<number, number>();
    try {
      setUp(worker, fired);
      await expectWorking(engine, observer, fired, -1);
      for (let cut = 0; cut < CUTS; ) {
        keepBusy(worker);
        await delay(random() * CUT_WITHIN_MS);
        // Every third time the connection that follows dies as well, while it replays.
        if (random() < 1 / 3 && cut + 1 < CUTS) {
          proxy.cutNextAfter(Math.floor(random() * REPLAY_BYTES));
          cut += 1;
        }
        proxy.cut();
        cut += 1;
        await expectWorking(engine, observer, fired, cut);
      }
      expect([...fired.values()].filter((times) => times !== 1)).toEqual([]);
    } finally {
      await worker.shutdown();
      await observer.shutdown();
    }
  },
  300_000,
);

function setUp(worker: Client, fired: Map<number, number>): void {
  worker.register('cut::echo', async (payload: unknown) => payload);
  worker.register('cut::web', async () => ({ status_code: 200, body: 'here' }));
  worker.register('cut::changed', async ({ new_value }: { new_value: number }) => {
    fired.set(new_value, (fired.get(new_value) ?? 0) + 1);
  });
  worker.bind('http', 'cut::web', { api_path: '/cut', http_method: 'GET' });
  worker.bind('state', 'cut::changed', { scope: 'cut' });
}

/** Keeps the connection busy; calls the cut hits fail or are answered late, and neither matters. */
function keepBusy(worker: Client): void {
  void Promise.allSettled(
    Array.from({ length: 8 }, (_, n) => worker.call('cut::echo', { n, text: 'x'.repeat(500) })),
  );
}

async function expectWorking(
  engine: EngineProcess,
  observer: Client,
  fired: Map<number, number>,
  round: number,
): Promise<void> {
  await expect
    .poll(() => countOf(observer, 'engine::functions::list', 'functions', 'cut::'), WAIT)
    .toBe(3);
  await expect
    .poll(
      () => countOf(observer, 'engine::registered-triggers::list', 'registered_triggers', 'cut::'),
      WAIT,
    )
    .toBe(2);
  await expect.poll(() => echo(observer, round), WAIT).toBe(round);
  await expect
    .poll(() => fetch(`${engine.httpUrl}/cut`).then((answer) => answer.status), WAIT)
    .toBe(200);
  await observer.call('state::set', { scope: 'cut', key: 'round', value: round });
  await expect.poll(() => fired.get(round), WAIT).toBe(1);
}

async function echo(observer: Client, n: number): Promise<unknown> {
  const answer = await observer.call('cut::echo', { n }).catch(() => undefined);
  return (answer as { n: number } | undefined)?.n;
}

/** Rows of a listing whose function id starts with the prefix. */
async function countOf(
  observer: Client,
  id: string,
  field: string,
  prefix: string,
): Promise<number> {
  const answer = (await observer.call(id, {})) as Record<string, { function_id: string }[]>;
  return (answer[field] ?? []).filter((row) => row.function_id.startsWith(prefix)).length;
}
