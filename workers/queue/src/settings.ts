// SPDX-License-Identifier: Apache-2.0

/** How often something may happen: `limit` times in any `perMs`. */
export interface RateLimit {
  readonly limit: number;
  readonly perMs: number;
  /** Member of the data whose values are counted apart; unset counts the whole queue. */
  readonly keyField: string | undefined;
}

/** Only the last of several messages that come close together is delivered. */
export interface Debounce {
  readonly waitMs: number;
  /** Member of the data that tells them apart; unset is the function. */
  readonly keyField: string | undefined;
}

/** How the jobs of one queue are run. */
export interface QueueSettings {
  readonly isFifo: boolean;
  readonly concurrency: number;
  /** Calls in all, the first one counted. */
  readonly maxAttempts: number;
  /** As configured, for what is stored with dead jobs. */
  readonly shownMaxAttempts: number;
  readonly backoffMs: number;
  readonly isBackoffFixed: boolean;
  readonly maxBackoffMs: number;
  /** Share of the delay that is added at random at most. */
  readonly jitter: number;
  readonly handlerTimeoutMs: number;
  readonly delayMs: number;
  readonly groupField: string | undefined;
  readonly priorityField: string | undefined;
  readonly maxPriority: number;
  readonly rateLimit: RateLimit | undefined;
  readonly debounce: Debounce | undefined;
  readonly idempotencyField: string | undefined;
  readonly dedupWindowMs: number;
  /** Jobs that may wait; unset is no limit. */
  readonly maxDepth: number | undefined;
}

/** Settings of a queue about which nothing is said. */
export const DEFAULT_SETTINGS: QueueSettings = {
  isFifo: false,
  concurrency: 10,
  maxAttempts: 3,
  shownMaxAttempts: 3,
  backoffMs: 1000,
  isBackoffFixed: false,
  // A day apart is as far as retries are useful; exponential growth passes it soon.
  maxBackoffMs: 86_400_000,
  jitter: 0.1,
  // Half an hour, as the original's provider: one hung call must not hold its slot for ever.
  handlerTimeoutMs: 1_800_000,
  delayMs: 0,
  groupField: undefined,
  priorityField: undefined,
  maxPriority: 255,
  rateLimit: undefined,
  debounce: undefined,
  idempotencyField: undefined,
  // Five minutes: as long as callers usually repeat a request whose answer they missed.
  dedupWindowMs: 300_000,
  maxDepth: undefined,
};
