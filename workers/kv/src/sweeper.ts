// SPDX-License-Identifier: Apache-2.0
import type { WorkerLog } from '@iii-dev/worker-kit';
import type { KvStore } from './store.ts';

/** How often values whose time is over are removed, ms. They are absent from the first moment on. */
const SWEEP_INTERVAL_MS = 1_000;
const SWEEP_BATCH = 1_000;

/** Removes values whose time is over, so that they take no room. */
export class Sweeper {
  readonly #store: KvStore;
  readonly #log: WorkerLog;
  readonly #timer: NodeJS.Timeout;
  #sweeping: Promise<void> | undefined;

  constructor(store: KvStore, log: WorkerLog) {
    this.#store = store;
    this.#log = log;
    this.#timer = setInterval(() => {
      this.#sweeping ??= this.#sweep().finally(() => {
        this.#sweeping = undefined;
      });
    }, SWEEP_INTERVAL_MS);
    this.#timer.unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
  }

  async #sweep(): Promise<void> {
    try {
      const due = await this.#store.expired(SWEEP_BATCH);
      await Promise.all(due.map((expired) => this.#store.sweep(expired)));
    } catch (error) {
      // A failed store refuses everything from now on; sweeping has no more to do.
      clearInterval(this.#timer);
      this.#log.error('expired values are no longer removed', { error: (error as Error).message });
    }
  }
}
