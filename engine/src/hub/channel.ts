// SPDX-License-Identifier: Elastic-2.0
// A stream of messages between two sockets, one that writes and one that reads.
//
// I1 Each end is attached once.
// I2 The queue is bounded in messages and bytes; a full queue asks the writer to wait.
// I3 Order, kind and boundaries of messages stay; end of stream comes after the last message.
// I4 `forget` is called once, when the stream is over or the channel was removed.
import { timingSafeEqual } from 'node:crypto';
import { CHANNEL_BUFFER_MESSAGES } from '@iii-dev/protocol';

/** Bytes a channel holds before its writer waits, however few messages. */
const BUFFER_BYTES = 8 * 1024 * 1024;

export interface ChannelMessage {
  readonly data: Uint8Array;
  readonly isBinary: boolean;
}

/** Why a channel ended for one of its sides. */
export type ChannelEnd = 'complete' | 'removed';

/** The writing side, held by one socket. */
export interface ChannelWriter {
  /** Takes a message in every case but `gone`; after `full` the writer waits for `onRoom`. */
  write(message: ChannelMessage): 'sent' | 'full' | 'gone';
  /** No more messages; those queued are still delivered. */
  end(): void;
  /** Set by the holder: there is room again. */
  onRoom: () => void;
  /** Set by the holder: nobody will read any more. */
  onGone: () => void;
}

/** The reading side, held by one socket. */
export interface ChannelReader {
  /** The next message, when there is one. */
  read(): ChannelMessage | undefined;
  /** The holder reads no more; ends the channel. */
  end(): void;
  /** Set by the holder: a message may be there. */
  onMessage: () => void;
  /** Set by the holder: nothing more will come, and everything has been read. */
  onEnd: (end: ChannelEnd) => void;
}

export type AttachOutcome =
  | { readonly kind: 'writer'; readonly writer: ChannelWriter }
  | { readonly kind: 'reader'; readonly reader: ChannelReader }
  | { readonly kind: 'taken' }
  | { readonly kind: 'unknown' };

/** How a channel is made. */
export interface ChannelInit {
  readonly key: string;
  /** Messages it holds; kept within what the protocol allows. */
  readonly bufferSize?: number | undefined;
  readonly ownerId?: string | undefined;
  /** Whether it came into being when an end was attached. */
  readonly isGranted: boolean;
  readonly createdAt: number;
  readonly forget: () => void;
}

/** One channel, from its making to its end. */
export class Channel {
  readonly ownerId: string | undefined;
  readonly createdAt: number;
  readonly isGranted: boolean;
  readonly #key: Buffer;
  readonly #bufferSize: number;
  readonly #forget: () => void;
  #queue: ChannelMessage[] = [];
  #queuedBytes = 0;
  #writer: ChannelWriter | undefined;
  #reader: ChannelReader | undefined;
  #isWriterWaiting = false;
  #isWriterDone = false;
  #isOver = false;

  constructor(init: ChannelInit) {
    this.#key = Buffer.from(init.key);
    this.#bufferSize = clampBuffer(init.bufferSize);
    this.ownerId = init.ownerId;
    this.isGranted = init.isGranted;
    this.createdAt = init.createdAt;
    this.#forget = init.forget;
  }

  get isFullyAttached(): boolean {
    return this.#writer !== undefined && this.#reader !== undefined;
  }

  /**
   * Whether it goes on when its maker is gone. A stream that has begun outlives its maker: a worker
   * may write, end, and leave before the reader has come for the rest. The maker of a granted
   * channel holds one of its ends, and comes only when the other is there.
   */
  get outlivesOwner(): boolean {
    return this.isGranted ? this.isFullyAttached : this.#writer !== undefined;
  }

  isKey(key: string): boolean {
    const given = Buffer.from(key);
    return given.length === this.#key.length && timingSafeEqual(given, this.#key);
  }

  attachWriter(): AttachOutcome {
    if (this.#writer !== undefined) return { kind: 'taken' }; // I1
    this.#writer = {
      write: (message) => this.#write(message),
      end: () => this.#endWriter(),
      onRoom: () => {},
      onGone: () => {},
    };
    return { kind: 'writer', writer: this.#writer };
  }

  attachReader(): AttachOutcome {
    if (this.#reader !== undefined) return { kind: 'taken' }; // I1
    this.#reader = {
      read: () => this.#read(),
      end: () => this.#finish('removed'),
      onMessage: () => {},
      onEnd: () => {},
    };
    // A writer may have come and gone without a message; the holder sets its callbacks first.
    queueMicrotask(() => this.#finishWhenDrained());
    return { kind: 'reader', reader: this.#reader };
  }

  remove(): void {
    this.#finish('removed');
  }

  #write(message: ChannelMessage): 'sent' | 'full' | 'gone' {
    if (this.#isOver || this.#isWriterDone) return 'gone';
    this.#queue.push(message);
    this.#queuedBytes += message.data.length;
    this.#reader?.onMessage();
    this.#isWriterWaiting = this.#isFull(); // I2
    return this.#isWriterWaiting ? 'full' : 'sent';
  }

  #read(): ChannelMessage | undefined {
    const message = this.#queue.shift();
    if (message === undefined) return undefined;
    this.#queuedBytes -= message.data.length;
    if (this.#isWriterWaiting && !this.#isFull()) {
      this.#isWriterWaiting = false;
      this.#writer?.onRoom();
    }
    // The holder sends this message before it hears of the end.
    if (this.#queue.length === 0) queueMicrotask(() => this.#finishWhenDrained());
    return message;
  }

  #endWriter(): void {
    this.#isWriterDone = true;
    this.#finishWhenDrained();
  }

  #isFull(): boolean {
    return this.#queue.length >= this.#bufferSize || this.#queuedBytes >= BUFFER_BYTES;
  }

  /** I3: the end waits for the reader to come and for its last message. */
  #finishWhenDrained(): void {
    if (this.#isWriterDone && this.#reader !== undefined && this.#queue.length === 0) {
      this.#finish('complete');
    }
  }

  #finish(end: ChannelEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#forget(); // I4
    this.#queue = [];
    this.#reader?.onEnd(end);
    if (!this.#isWriterDone) this.#writer?.onGone();
  }
}

function clampBuffer(size: number = CHANNEL_BUFFER_MESSAGES.default): number {
  return Math.min(Math.max(size, CHANNEL_BUFFER_MESSAGES.min), CHANNEL_BUFFER_MESSAGES.max);
}
