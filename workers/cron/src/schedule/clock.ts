// SPDX-License-Identifier: Apache-2.0

/** Time and chance, so that a test can hold both. */
export interface Clock {
  /** Ms since 1970. */
  now(): number;
  /** From 0 to below 1. */
  random(): number;
  /** Runs once after a delay; the answer calls it off. */
  startTimer(delayMs: number, run: () => void): () => void;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: Date.now,
  random: Math.random,
  startTimer(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
