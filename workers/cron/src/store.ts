// SPDX-License-Identifier: Apache-2.0

/**
 * Where runs are claimed. What an adapter promises:
 *
 * - Of all who claim a key and a time, in whatever process, one gets it.
 * - Who gets it has it stored: after a crash nobody gets it again, nor any earlier time of that key.
 * - A stored time more than {@link CLAIM_AHEAD_MS} after `nowMs` comes from a clock that was wrong,
 *   and does not count.
 * - A rejection means that nothing was claimed.
 */
export interface CronStore {
  claim(key: string, scheduledMs: number, nowMs: number): Promise<boolean>;
  /** The latest time claimed. */
  lastRun(key: string): Promise<number | undefined>;
  /** Stores what is on the way and lets go of everything. May be called twice. */
  close(): Promise<void>;
}

/** More than any clock is wrong while it works, ms: a day. */
export const CLAIM_AHEAD_MS = 86_400_000;

/** Whether a time may be claimed after the one that is stored. */
export function isClaimable(
  storedMs: number | undefined,
  scheduledMs: number,
  nowMs: number,
): boolean {
  return storedMs === undefined || storedMs < scheduledMs || storedMs > nowMs + CLAIM_AHEAD_MS;
}
