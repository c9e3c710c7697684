// SPDX-License-Identifier: Apache-2.0

/** What became of a request that asked for a place. */
export type Admission = 'admitted' | 'full' | 'given-up';

interface Waiting {
  admit(): void;
}

/**
 * Lets at most `limit` requests in at a time; up to `queueLimit` more wait, first come first
 * served. Every `admitted` must be followed by one `leave`.
 */
export class RequestGate {
  #inside = 0;
  #limit: number;
  #queueLimit: number;
  readonly #waiting = new Set<Waiting>();

  constructor(limit: number, queueLimit: number) {
    this.#limit = limit;
    this.#queueLimit = queueLimit;
  }

  /** Requests that are in. */
  get inside(): number {
    return this.#inside;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes over new limits; places that are free by them go to who waits. */
  setLimits(limit: number, queueLimit: number): void {
    this.#limit = limit;
    this.#queueLimit = queueLimit;
    while (this.#inside < this.#limit && this.#waiting.size > 0) this.#admitNext();
  }

  /** Whether there is a place, which is then taken. */
  tryEnter(): boolean {
    if (this.#inside >= this.#limit) return false;
    this.#inside += 1;
    return true;
  }

  /** Takes a place, waiting for one until `signal` aborts. */
  enter(signal: AbortSignal): Promise<Admission> {
    if (this.tryEnter()) return Promise.resolve('admitted');
    if (this.#waiting.size >= this.#queueLimit) return Promise.resolve('full');
    return new Promise((resolve) => {
      const onAbort = () => {
        this.#waiting.delete(waiting);
        resolve('given-up');
      };
      const waiting: Waiting = {
        admit: () => {
          signal.removeEventListener('abort', onAbort);
          resolve('admitted');
        },
      };
      this.#waiting.add(waiting);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Gives a place back. */
  leave(): void {
    this.#inside -= 1;
    if (this.#inside < this.#limit) this.#admitNext();
  }

  #admitNext(): void {
    for (const waiting of this.#waiting) {
      this.#waiting.delete(waiting);
      this.#inside += 1;
      waiting.admit();
      return;
    }
  }
}
