// SPDX-License-Identifier: Apache-2.0
import type { Job } from './job.ts';
import type { QueueStore } from './store.ts';
import { Timers } from './timers.ts';

/** Jobs brought back in one go when their time comes. */
const PROMOTED_AT_ONCE = 500;
/** How often used keys whose window is over are swept, ms, and how many at a time. */
const SWEEP_MS = 30_000;
const SWEEP_KEYS = 5_000;

/** Brings delayed jobs back when they are due: one timer, for the one that is due first. */
export class DueClock {
  readonly #store: QueueStore;
  readonly #now: () => number;
  readonly #bringBack: (job: Job) => Promise<unknown>;
  readonly #timers = new Timers();
  #next: { readonly atMs: number; readonly stop: () => void } | undefined;
  #isPromoting = false;
  #isClosed = false;

  constructor(store: QueueStore, now: () => number, bringBack: (job: Job) => Promise<unknown>) {
    this.#store = store;
    this.#now = now;
    this.#bringBack = bringBack;
  }

  /** Takes up what the store holds. */
  start(): void {
    this.#watchNext();
    this.#sweepOn();
  }

  /** Takes note of a delayed job that was stored. */
  watch(dueMs: number): void {
    if (this.#isClosed || (this.#next !== undefined && this.#next.atMs <= dueMs)) return;
    this.#next?.stop();
    const stop = this.#timers.at(dueMs, this.#now(), () => {
      this.#next = undefined;
      void this.#promote();
    });
    this.#next = { atMs: dueMs, stop };
  }

  close(): void {
    this.#isClosed = true;
    this.#timers.close();
  }

  async #promote(): Promise<void> {
    if (this.#isPromoting) return;
    this.#isPromoting = true;
    try {
      const due = this.#store.due(this.#now(), PROMOTED_AT_ONCE);
      await Promise.all(due.map((job) => this.#bringBack(job)));
    } catch {
      // The store has reported that it failed; the jobs come back at the next start.
      return;
    } finally {
      this.#isPromoting = false;
    }
    if (!this.#isClosed) this.#watchNext();
  }

  #watchNext(): void {
    const dueMs = this.#store.nextDueMs();
    if (dueMs !== undefined) this.watch(dueMs);
  }

  #sweepOn(): void {
    const now = this.#now();
    this.#timers.at(now + SWEEP_MS, now, () => {
      this.#store.sweep(this.#now(), SWEEP_KEYS).then(
        () => {
          if (!this.#isClosed) this.#sweepOn();
        },
        () => undefined,
      );
    });
  }
}
