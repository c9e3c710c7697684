// SPDX-License-Identifier: Apache-2.0
import { makeTempDir } from '@iii-dev/worker-kit/testing';
import { describe, expect, it } from 'vitest';
import { createLmdbCronStore } from '../../src/adapters/lmdb.ts';
import { createMemoryCronStore } from '../../src/adapters/memory.ts';
import { CLAIM_AHEAD_MS } from '../../src/store.ts';

const openLmdb = (folder: string, nowMs = 0) =>
  createLmdbCronStore({ folder, nowMs, onFailure: () => {} });

for (const name of ['memory', 'lmdb'] as const) {
  describe(`the ${name} store`, () => {
    it('cron:C10 of two claims exactly one wins, and no earlier time is claimed after', async () => {
      await using dir = await makeTempDir();
      const store = name === 'memory' ? createMemoryCronStore() : await openLmdb(dir.path);
      const claims = await Promise.all([store.claim('k', 5, 5), store.claim('k', 5, 5)]);
      expect(claims).toEqual([true, false]);
      expect(await store.claim('k', 4, 5)).toBe(false);
      expect(await store.claim('other', 4, 5)).toBe(true);
      expect(await store.claim('k', 6, 6)).toBe(true);
      expect(await store.lastRun('k')).toBe(6);
      expect(await store.lastRun('none')).toBeUndefined();
      await store.close();
    });

    it('a claim of a clock that was far ahead does not count', async () => {
      await using dir = await makeTempDir();
      const store = name === 'memory' ? createMemoryCronStore() : await openLmdb(dir.path);
      await store.claim('k', CLAIM_AHEAD_MS + 100, 0);
      expect(await store.claim('k', 50, 200)).toBe(false);
      expect(await store.claim('k', 50, 50)).toBe(true);
      await store.close();
    });
  });
}

it('claims outlive the process, and those of jobs long gone do not', async () => {
  await using dir = await makeTempDir();
  const first = await openLmdb(dir.path);
  await first.claim('k', 1000, 1000);
  await first.close();
  const second = await openLmdb(dir.path, 2000);
  expect(await second.claim('k', 1000, 2000)).toBe(false);
  await second.close();
  const late = await openLmdb(dir.path, 1e12);
  expect(await late.lastRun('k')).toBeUndefined();
  await late.close();
});
