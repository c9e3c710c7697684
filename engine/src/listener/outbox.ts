// SPDX-License-Identifier: Elastic-2.0
// What waits to be written to one socket.
//
// Frames sent within one turn of the event loop leave in one write: each costs a copy into a shared
// buffer instead of a system call. The flush runs right after the poll phase (`setImmediate`), so
// frames that several peers sent into the same turn are joined too, and nothing waits for a timer.
//
// I1 Frames leave in the order of `push`.
// I2 `bufferedBytes` counts every byte from `push` until the kernel has it.
// I3 A frame that would pass the limit is refused whole; nothing of it is queued.
import type { Socket } from 'node:net';
import { FLUSH_EARLY_BYTES } from '@iii-dev/protocol';
import { FULL, SENT, type SendOutcome } from '../hub/link.ts';

/** FIN and the opcode of a text frame. */
const TEXT_FRAME = 0x81;

/** Flushes all outboxes that were written to in this turn of the event loop. */
export class TickFlusher {
  #waiting: Outbox[] = [];

  add(outbox: Outbox): void {
    if (this.#waiting.push(outbox) === 1) setImmediate(() => this.#run());
  }

  #run(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const outbox of waiting) outbox.flush();
  }
}

export interface OutboxLimits {
  /** Below this many buffered bytes, waiters of `onceDrained` run. */
  readonly pauseBytes: number;
  /** Above this many buffered bytes, frames are refused. */
  readonly limitBytes: number;
}

/** The bounded queue of text frames towards one peer; writes unmasked frames as a server does. */
export class Outbox {
  readonly #socket: Socket;
  readonly #flusher: TickFlusher;
  readonly #limits: OutboxLimits;
  readonly #isWritable: () => boolean;
  #texts: string[] = [];
  #sizes: number[] = [];
  #batchBytes = 0;
  #inFlightBytes = 0;
  #takenBytes = 0;
  #isScheduled = false;
  #isClosed = false;
  #drainListeners: (() => void)[] = [];

  /** `isWritable` says whether a data frame may still be sent; what is queued after that is dropped. */
  constructor(
    socket: Socket,
    flusher: TickFlusher,
    limits: OutboxLimits,
    isWritable: () => boolean,
  ) {
    this.#socket = socket;
    this.#flusher = flusher;
    this.#limits = limits;
    this.#isWritable = isWritable;
  }

  get bufferedBytes(): number {
    return this.#batchBytes + this.#inFlightBytes;
  }

  /** Bytes the kernel has taken since the start; while it grows on a full socket, the peer reads. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  push(text: string): SendOutcome {
    const size = Buffer.byteLength(text);
    const frameBytes = size + headerBytes(size);
    if (this.bufferedBytes + frameBytes > this.#limits.limitBytes) return FULL; // I3
    this.#texts.push(text);
    this.#sizes.push(size);
    this.#batchBytes += frameBytes;
    if (this.#batchBytes >= FLUSH_EARLY_BYTES) this.flush();
    else if (!this.#isScheduled) {
      this.#isScheduled = true;
      this.#flusher.add(this);
    }
    return SENT;
  }

  /** Writes what is queued; the kernel gets it in one call. */
  flush(): void {
    this.#isScheduled = false;
    if (this.#batchBytes === 0) return;
    const texts = this.#texts;
    const sizes = this.#sizes;
    const bytes = this.#batchBytes;
    this.#texts = [];
    this.#sizes = [];
    this.#batchBytes = 0;
    if (!this.#isWritable()) {
      this.#runDrainListeners();
      return;
    }

    const buffer = Buffer.allocUnsafe(bytes);
    let offset = 0;
    for (let i = 0; i < texts.length; i++) {
      offset = writeTextFrame(buffer, offset, texts[i] as string, sizes[i] as number);
    }
    this.#inFlightBytes += bytes; // I2
    this.#socket.write(buffer, () => this.#onTaken(bytes));
  }

  /** Runs `listener` once, never before this call has returned. */
  onceDrained(listener: () => void): void {
    if (this.#isClosed || this.bufferedBytes < this.#limits.pauseBytes) queueMicrotask(listener);
    else this.#drainListeners.push(listener);
  }

  /** Forgets what is queued and lets everyone go who waits for room. */
  close(): void {
    this.#isClosed = true;
    this.#texts = [];
    this.#sizes = [];
    this.#batchBytes = 0;
    this.#runDrainListeners();
  }

  #onTaken(bytes: number): void {
    this.#inFlightBytes -= bytes;
    this.#takenBytes += bytes;
    if (this.bufferedBytes < this.#limits.pauseBytes) this.#runDrainListeners();
  }

  #runDrainListeners(): void {
    if (this.#drainListeners.length === 0) return;
    const listeners = this.#drainListeners;
    this.#drainListeners = [];
    for (const listener of listeners) listener();
  }
}

function headerBytes(size: number): number {
  if (size < 126) return 2;
  return size < 65_536 ? 4 : 10;
}

function writeTextFrame(buffer: Buffer, start: number, text: string, size: number): number {
  let offset = start;
  buffer[offset++] = TEXT_FRAME;
  if (size < 126) {
    buffer[offset++] = size;
  } else if (size < 65_536) {
    buffer[offset++] = 126;
    offset = buffer.writeUInt16BE(size, offset);
  } else {
    buffer[offset++] = 127;
    offset = buffer.writeUInt32BE(Math.floor(size / 2 ** 32), offset);
    offset = buffer.writeUInt32BE(size >>> 0, offset);
  }
  // As many bytes as characters means ASCII, for which latin1 is a plain copy.
  buffer.write(text, offset, size, size === text.length ? 'latin1' : 'utf8');
  return offset + size;
}
