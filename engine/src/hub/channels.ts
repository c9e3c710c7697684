// SPDX-License-Identifier: Elastic-2.0
// Streams of messages between two sockets, one that writes and one that reads.
//
// I1 Each end is attached once, and only with the right key.
// I2 The queue is bounded in messages and bytes; a full queue asks the writer to wait.
// I3 Order, kind and boundaries of messages stay; end of stream comes after the last message.
// I4 A channel leaves the table when its stream is over, its reader is gone, its owner is gone before
//    the stream began, or an end has stayed away too long. Nothing else keeps it.
import { randomUUID, timingSafeEqual } from 'node:crypto';
import { CHANNEL_BUFFER_MESSAGES, CHANNEL_ORPHAN_MS, CHANNEL_SWEEP_MS } from '@iii-dev/protocol';

/** Bytes a channel holds before its writer waits, however few messages. */
const BUFFER_BYTES = 8 * 1024 * 1024;

export type ChannelDirection = 'read' | 'write';

/** One end of a channel as it travels in payloads; whoever has it may attach. */
export interface ChannelRef {
  readonly channel_id: string;
  readonly access_key: string;
  readonly direction: ChannelDirection;
}

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

export interface ChannelsOptions {
  /** @default Date.now */
  readonly now?: () => number;
  /** @default CHANNEL_ORPHAN_MS */
  readonly orphanMs?: number;
  /** @default CHANNEL_SWEEP_MS */
  readonly sweepMs?: number;
}

/** The table of channels; shared by all listeners of an engine. */
export class Channels {
  readonly #channels = new Map<string, Channel>();
  readonly #now: () => number;
  readonly #orphanMs: number;
  readonly #timer: NodeJS.Timeout;

  constructor(options: ChannelsOptions = {}) {
    this.#now = options.now ?? Date.now;
    this.#orphanMs = options.orphanMs ?? CHANNEL_ORPHAN_MS;
    this.#timer = setInterval(() => this.sweep(), options.sweepMs ?? CHANNEL_SWEEP_MS);
    this.#timer.unref();
  }

  get size(): number {
    return this.#channels.size;
  }

  /** Makes a channel; `ownerId` is who makes it, for `removeOwnedBy`. */
  create(bufferSize?: number, ownerId?: string): { writer: ChannelRef; reader: ChannelRef } {
    const id = randomUUID();
    const key = randomUUID();
    const remove = () => this.#channels.delete(id);
    const channel = new Channel(key, clampBuffer(bufferSize), ownerId, this.#now(), remove);
    this.#channels.set(id, channel);
    const ref = { channel_id: id, access_key: key };
    return { writer: { ...ref, direction: 'write' }, reader: { ...ref, direction: 'read' } };
  }

  /** Whether `attach` would find the channel; takes nothing. */
  has(id: string, key: string): boolean {
    return this.#channels.get(id)?.isKey(key) ?? false;
  }

  /** Takes one end. A wrong key looks like an unknown channel. */
  attach(id: string, key: string, direction: ChannelDirection): AttachOutcome {
    const channel = this.#channels.get(id);
    if (channel === undefined || !channel.isKey(key)) return { kind: 'unknown' };
    return direction === 'write' ? channel.attachWriter() : channel.attachReader();
  }

  /** Removes channels that are too old for an end never to have been attached. */
  sweep(): void {
    const oldest = this.#now() - this.#orphanMs;
    for (const channel of [...this.#channels.values()]) {
      if (!channel.isFullyAttached && channel.createdAt < oldest) channel.remove();
    }
  }

  /**
   * Removes what a worker made and nobody has begun to write to. A stream that has begun outlives
   * its maker: a worker may write, end, and leave before the reader has come for the rest.
   */
  removeOwnedBy(ownerId: string): void {
    for (const channel of [...this.#channels.values()]) {
      if (channel.ownerId === ownerId && !channel.hasBegun) channel.remove();
    }
  }

  close(): void {
    clearInterval(this.#timer);
    for (const channel of [...this.#channels.values()]) channel.remove();
  }
}

class Channel {
  readonly ownerId: string | undefined;
  readonly createdAt: number;
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

  constructor(
    key: string,
    bufferSize: number,
    ownerId: string | undefined,
    createdAt: number,
    forget: () => void,
  ) {
    this.#key = Buffer.from(key);
    this.#bufferSize = bufferSize;
    this.ownerId = ownerId;
    this.createdAt = createdAt;
    this.#forget = forget;
  }

  get isFullyAttached(): boolean {
    return this.#writer !== undefined && this.#reader !== undefined;
  }

  get hasBegun(): boolean {
    return this.#writer !== undefined;
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
