// SPDX-License-Identifier: Apache-2.0
import type { RateLimit } from './settings.ts';

/** Keys remembered before those whose time is over are looked for. */
const SWEEP_KEYS = 10_000;

/** Gives out turns so that no more than `limit` fall into any `perMs`, per key. */
export class RateGate {
  readonly limit: RateLimit;
  /** The times of the last turns, oldest first; one number per turn. */
  readonly #turns = new Map<string, number[]>();
  #sweepAt = SWEEP_KEYS;

  constructor(limit: RateLimit) {
    this.limit = limit;
  }

  /** Reserves the next turn of a key and tells when it is. */
  reserve(key: string, nowMs: number): number {
    if (this.#turns.size >= this.#sweepAt) this.#sweep(nowMs);
    const { limit, perMs } = this.limit;
    const turns = this.#turns.get(key) ?? [];
    const oldest = turns.length < limit ? undefined : turns.shift();
    const atMs = oldest === undefined ? nowMs : Math.max(nowMs, oldest + perMs);
    turns.push(atMs);
    this.#turns.set(key, turns);
    return atMs;
  }

  #sweep(nowMs: number): void {
    for (const [key, turns] of this.#turns) {
      if ((turns.at(-1) ?? 0) + this.limit.perMs <= nowMs) this.#turns.delete(key);
    }
    this.#sweepAt = Math.max(SWEEP_KEYS, this.#turns.size * 2);
  }
}
