// SPDX-License-Identifier: Elastic-2.0
// Finds peers that are gone without a word (a pulled cable, a frozen machine): no Close, no reset.
// One timer serves all links of a listener.
//
// I1 Any byte from the peer is a sign of life, and so is a full socket that moves again.
// I2 A peer we do not read from (paused) cannot give a sign, so it is not judged.

/** One watched connection. */
export interface Pulse {
  readonly isPaused: boolean;
  /** Bytes received so far. */
  readonly bytesRead: number;
  /** Bytes accepted for the peer and not yet taken. */
  readonly bufferedBytes: number;
  /** Bytes taken so far. */
  readonly takenBytes: number;
  ping(): void;
  /** Called when the peer counts as dead. */
  evict(): void;
}

interface Watched {
  unanswered: number;
  bytesRead: number;
  takenBytes: number;
  wasBacklogged: boolean;
}

/** Pings every watched connection and evicts those that stay silent. */
export class Heartbeat {
  readonly #watched = new Map<Pulse, Watched>();
  readonly #pingsMissed: number;
  readonly #timer: NodeJS.Timeout;

  constructor(intervalMs: number, pingsMissed: number) {
    this.#pingsMissed = pingsMissed;
    // Judged after the poll phase: after a long block of our own, answers that wait in the kernel
    // are read first, so a busy engine does not take its peers for dead.
    this.#timer = setInterval(() => setImmediate(() => this.#beat()), intervalMs);
    this.#timer.unref();
  }

  add(pulse: Pulse): void {
    this.#watched.set(pulse, {
      unanswered: 0,
      bytesRead: pulse.bytesRead,
      takenBytes: 0,
      wasBacklogged: false,
    });
  }

  remove(pulse: Pulse): void {
    this.#watched.delete(pulse);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#watched.clear();
  }

  #beat(): void {
    for (const [pulse, watched] of this.#watched) {
      if (this.#isAlive(pulse, watched)) watched.unanswered = 0;
      watched.bytesRead = pulse.bytesRead;
      watched.takenBytes = pulse.takenBytes;
      watched.wasBacklogged = pulse.bufferedBytes > 0;
      if (watched.unanswered >= this.#pingsMissed) {
        this.#watched.delete(pulse);
        pulse.evict();
      } else {
        watched.unanswered++;
        pulse.ping();
      }
    }
  }

  #isAlive(pulse: Pulse, watched: Watched): boolean {
    if (pulse.isPaused) return true; // I2
    if (pulse.bytesRead !== watched.bytesRead) return true;
    // Without a backlog the kernel takes bytes for a dead peer as well; only room made by the peer counts.
    return watched.wasBacklogged && pulse.takenBytes !== watched.takenBytes; // I1
  }
}
