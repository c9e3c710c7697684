// SPDX-License-Identifier: Apache-2.0

/** Answers in a row without a channel before a route counts as one that does without, */
const QUICK_ANSWERS = 8;
/** its channels are then opened this late, ms: past any ordinary queueing under load. */
const LATE_MS = 250;
/** What an unknown route is given to answer by result alone, ms. */
const UNKNOWN_MS = 20;
/** One in so many requests of an eager route tries the delay again, in case it has changed. */
const RETRY_EVERY = 16;

/**
 * How soon the channels of a route's requests are worth a connection of their own.
 *
 * Every request carries references to two channels, few handlers use them, and an attached end
 * costs a WebSocket. Nothing is lost by attaching late, since the engine holds what was written
 * before: so an end is attached once the handler has taken longer than a route's handlers take
 * that need none, and at once on routes that are known to need it.
 */
export class AttachHabit {
  #quickAnswers = 0;
  #isEager = false;
  #requests = 0;

  /** Delay for the next request, ms; 0 is at once. */
  nextDelayMs(): number {
    this.#requests += 1;
    if (this.#isEager) return this.#requests % RETRY_EVERY === 0 ? UNKNOWN_MS : 0;
    return this.#quickAnswers >= QUICK_ANSWERS ? LATE_MS : UNKNOWN_MS;
  }

  /** The answer came before the end was attached. */
  didWithout(): void {
    this.#quickAnswers += 1;
    this.#isEager = false;
  }

  /** The end was attached and, as far as one can tell, used. */
  needed(): void {
    this.#quickAnswers = 0;
    this.#isEager = true;
  }
}
