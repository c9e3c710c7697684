// SPDX-License-Identifier: Apache-2.0

/** Longest delay a timer can hold. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Timers that end with their owner. */
export class Timers {
  readonly #running = new Set<NodeJS.Timeout>();

  /** Calls back at a time, or earlier when it is too far off for one timer. Returns how to stop it. */
  at(timeMs: number, nowMs: number, run: () => void): () => void {
    const timer = setTimeout(
      () => {
        this.#running.delete(timer);
        run();
      },
      Math.min(Math.max(timeMs - nowMs, 0), MAX_TIMER_MS),
    );
    this.#running.add(timer);
    return () => {
      clearTimeout(timer);
      this.#running.delete(timer);
    };
  }

  close(): void {
    for (const timer of this.#running) clearTimeout(timer);
    this.#running.clear();
  }
}
