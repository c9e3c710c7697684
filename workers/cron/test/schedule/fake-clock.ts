// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../../src/schedule/clock.ts';

/** A clock that stands until a test moves it. */
export class FakeClock implements Clock {
  readonly timers = new Set<{ readonly atMs: number; readonly run: () => void }>();
  chance = 0;
  #nowMs: number;

  constructor(start: string) {
    this.#nowMs = Date.parse(start);
  }

  now(): number {
    return this.#nowMs;
  }

  random(): number {
    return this.chance;
  }

  startTimer(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  /** Lets time pass, timer by timer, with room after each for what it set off. */
  async advance(ms: number): Promise<void> {
    const end = this.#nowMs + ms;
    for (;;) {
      const next = [...this.timers].sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > end) break;
      this.timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
      await settle();
    }
    this.#nowMs = end;
    await settle();
  }

  /** Sets the clock without letting time pass; timers run when their time is up all the same. */
  set(ms: number): void {
    const shift = ms - this.#nowMs;
    this.#nowMs = ms;
    for (const timer of [...this.timers]) {
      this.timers.delete(timer);
      this.timers.add({ ...timer, atMs: timer.atMs + shift });
    }
  }
}

export async function settle(): Promise<void> {
  for (let n = 0; n < 5; n += 1) await new Promise((resolve) => setImmediate(resolve));
}
