// SPDX-License-Identifier: Elastic-2.0

/** Upgrades done in one turn of the loop: about a millisecond, so calls in between hardly wait. */
const PER_TURN = 8;

/**
 * Spreads work that arrives in a burst over turns of the event loop. A thousand workers that come
 * back at once are taken in a few at a time, and the calls of everybody else go on in between.
 */
export class Pacer {
  #waiting: (() => void)[] = [];

  /** Runs `task` in a later turn, in the order of `add`. */
  add(task: () => void): void {
    if (this.#waiting.push(task) === 1) setImmediate(() => this.#run());
  }

  #run(): void {
    const due = this.#waiting.slice(0, PER_TURN);
    for (const task of due) task();
    this.#waiting = this.#waiting.slice(due.length);
    if (this.#waiting.length > 0) setImmediate(() => this.#run());
  }
}
