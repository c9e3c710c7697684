// SPDX-License-Identifier: Apache-2.0
import { type CronStore, isClaimable } from '../store.ts';

/** Claims that end with the process; schedulers that share one share them. */
export function createMemoryCronStore(): CronStore {
  const runs = new Map<string, number>();
  return {
    async claim(key, scheduledMs, nowMs) {
      if (!isClaimable(runs.get(key), scheduledMs, nowMs)) return false;
      runs.set(key, scheduledMs);
      return true;
    },
    lastRun: async (key) => runs.get(key),
    close: async () => {},
  };
}
