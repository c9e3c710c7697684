// SPDX-License-Identifier: Apache-2.0
/** Acknowledged means stored: `kill -9` at random moments under load, then every value is read. */
import { expect, test } from 'vitest';
import { EngineProcess } from './support/engine-process.ts';
import { makeRandom } from './support/random.ts';
import { RawWorker } from './support/raw-worker.ts';

/** 20 on every run, more by hand or at night. */
const KILLS = Number(process.env.III_TEST_KILLS || 20);
const SETS_PER_KILL = 500;
const OUTSTANDING = 128;

test(`${KILLS} kills during ${KILLS * SETS_PER_KILL} sets lose nothing acknowledged`, async () => {
  const random = makeRandom();
  await using engine = await EngineProcess.start();
  const acknowledged = new Map<string, string>();
  let cutShort = 0;

  for (let round = 0; round < KILLS; round += 1) {
    const killAfter = Math.floor(random() * SETS_PER_KILL);
    const count = await setUntilKilled(engine, round, killAfter, acknowledged);
    if (count < SETS_PER_KILL) cutShort += 1;
    await engine.start();
    await expectAll(engine, acknowledged);
  }

  // A kill that always came after the last set would prove nothing.
  expect(cutShort).toBeGreaterThan(0);
}, 600_000);

/** Sets with many outstanding; kills once `killAfter` are acknowledged. Returns how many were. */
async function setUntilKilled(
  engine: EngineProcess,
  round: number,
  killAfter: number,
  acknowledged: Map<string, string>,
): Promise<number> {
  const worker = await RawWorker.connect(engine.url);
  let next = 0;
  let count = 0;
  let killed: Promise<void> | undefined;
  const lane = async () => {
    while (next < SETS_PER_KILL) {
      const key = `k-${round}-${next}`;
      const value = `{"round":${round},"n":${next}}`;
      next += 1;
      try {
        await worker.call('state::set', `{"scope":"crash","key":"${key}","value":${value}}`);
      } catch (error) {
        if (killed) return; // Sent, never acknowledged: may be there or not.
        throw error;
      }
      acknowledged.set(key, value);
      count += 1;
      if (count > killAfter) killed ??= engine.kill('SIGKILL');
    }
  };
  await Promise.all(Array.from({ length: OUTSTANDING }, lane));
  await (killed ?? engine.kill('SIGKILL'));
  worker.close();
  return count;
}

async function expectAll(engine: EngineProcess, acknowledged: Map<string, string>): Promise<void> {
  using worker = await RawWorker.connect(engine.url);
  const entries = [...acknowledged];
  const lost: string[] = [];
  const lane = async () => {
    for (let entry = entries.pop(); entry; entry = entries.pop()) {
      const [key, value] = entry;
      const got = await worker.call('state::get', `{"scope":"crash","key":"${key}"}`);
      if (got !== value) lost.push(`${key}: ${got}`);
    }
  };
  await Promise.all(Array.from({ length: OUTSTANDING }, lane));
  expect(lost).toEqual([]);
}
