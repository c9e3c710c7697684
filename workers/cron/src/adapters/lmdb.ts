// SPDX-License-Identifier: Apache-2.0
import {
  endOfPrefix,
  joinKey,
  keyPart,
  type LmdbStore,
  openStore,
  type StoreFailedError,
} from '@iii-dev/worker-kit';
import { type CronStore, isClaimable } from '../store.ts';

/** How long the last run of a job nobody registers any more is remembered, ms: two years. */
const KEPT_MS = 2 * 366 * 86_400_000;

/** Claims on disk. @throws StoreOpenError, FolderInUseError */
export async function createLmdbCronStore(options: {
  readonly folder: string;
  readonly nowMs: number;
  onFailure(error: StoreFailedError): void;
}): Promise<CronStore> {
  const store = await openStore(options.folder, {
    format: 'cron 1',
    onFailure: options.onFailure,
  });
  await forgetOld(store, options.nowMs - KEPT_MS);
  return {
    async claim(key, scheduledMs, nowMs) {
      const place = rowKey(key);
      // `latest`, since another claim may be on its way to disk.
      if (!isClaimable(readTime(store.latest(place)), scheduledMs, nowMs)) return false;
      await store.write([{ key: place, value: String(scheduledMs) }]);
      return true;
    },
    lastRun: async (key) => readTime(store.latest(rowKey(key))),
    close: () => store.close(),
  };
}

async function forgetOld(store: LmdbStore, beforeMs: number): Promise<void> {
  const start = joinKey('r', '');
  const old = [...store.range({ start, end: endOfPrefix(start) })]
    .filter(({ value }) => Number(value) < beforeMs)
    .map(({ key }) => ({ key, value: undefined }));
  if (old.length > 0) await store.write(old);
}

function rowKey(key: string): string {
  return joinKey('r', keyPart(key));
}

function readTime(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
