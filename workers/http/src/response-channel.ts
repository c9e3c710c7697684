// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from 'node:http';
import type { ChannelReaderEnd, RequestChannels } from './engine.ts';
import { dismissResponse } from './granted-channels.ts';
import { readHeaders, type SkipHeader } from './response.ts';

/** Statuses a handler may set over the channel. */
const STATUS_RANGE = { min: 100, max: 599 } as const;
/** How long an event stream may stay silent before its head is sent without a first event, ms. */
const EVENT_STREAM_HEAD_MS = 100;

/** Head of a response that a handler writes to its channel. */
export class StreamedHead {
  status = 200;
  readonly #headers: Record<string, string> = {};

  /** Takes a control message; returns whether it was one. Anything else is ignored. */
  apply(text: string): boolean {
    let message: { type?: unknown; status_code?: unknown; headers?: unknown } | null;
    try {
      message = JSON.parse(text) as typeof message;
    } catch {
      // The contract ignores text that is no control message.
      return false;
    }
    switch (message?.type) {
      case 'set_status':
        this.#setStatus(message.status_code);
        return true;
      case 'set_headers':
        this.#mergeHeaders(message.headers);
        return true;
      default:
        return false;
    }
  }

  /** Name, value pairs that can be sent. */
  headers(skip: SkipHeader): string[] {
    return readHeaders(this.#headers, skip);
  }

  /** Whether this is a stream of server-sent events. */
  get isEventStream(): boolean {
    return this.#headers['content-type']?.startsWith('text/event-stream') ?? false;
  }

  #setStatus(status: unknown): void {
    if (typeof status !== 'number' || !Number.isInteger(status)) return;
    if (status >= STATUS_RANGE.min && status <= STATUS_RANGE.max) this.status = status;
  }

  #mergeHeaders(headers: unknown): void {
    if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return;
    for (const [name, value] of Object.entries(headers)) {
      if (typeof value === 'string') this.#headers[name.toLowerCase()] = value;
    }
  }
}

/** Hears what becomes of a response channel; each is called once at most. */
export interface ResponseListener {
  /** The response has begun; its head is final. */
  onCommit(): void;
  /** The handler opened the channel and ended it without a word. */
  onSilentEnd(): void;
}

/**
 * The response channel of a request, from the server's side.
 *
 * Stages: closed → opened by the handler → committed (first bytes, the end, or a silent event
 * stream) → ended.
 * I1: `onCommit` fires once at most; after it head messages have no effect.
 * I2: no byte is taken from the channel before somebody pipes it on, so nothing is held twice.
 */
export class ResponseChannel {
  readonly head: StreamedHead = new StreamedHead();
  readonly #listener: ResponseListener;
  #reader: ChannelReaderEnd | undefined;
  #headTimer: NodeJS.Timeout | undefined;
  #isCommitted = false;
  #isTouched = false;
  #hasEnded = false;
  #hasFailed = false;

  constructor(channels: RequestChannels, listener: ResponseListener) {
    this.#listener = listener;
    channels.onResponseOpened = (reader) => this.#attach(reader);
  }

  /** Whether the handler has opened it and may still write; then it may yet be the response. */
  get isAwaited(): boolean {
    return this.#reader !== undefined && (!this.#hasEnded || this.#isTouched);
  }

  /** Sends what the handler writes; resolves when the channel or the client has ended. */
  async pipeTo(res: ServerResponse, contentLength: number | undefined): Promise<void> {
    const reader = this.#reader;
    if (!reader) return;
    const { stream } = reader;
    stream.off('readable', this.#takeReadable);
    let left = contentLength ?? Number.POSITIVE_INFINITY;
    if (!this.#hasEnded) {
      await new Promise<void>((resolve) => {
        const onData = (chunk: Buffer) => {
          left -= chunk.length;
          // One byte more than announced would be read as the start of the next response.
          if (left < 0) {
            this.#hasFailed = true;
            resolve();
          } else if (!res.write(chunk)) stream.pause();
        };
        const done = () => resolve();
        stream.on('data', onData).once('end', done).once('error', done).once('close', done);
        res.on('drain', () => stream.resume()).once('close', done);
        stream.resume();
      });
    }
    const isShort = contentLength !== undefined && left > 0 && res.req.method !== 'HEAD';
    if (this.#hasFailed || isShort) res.destroy();
    else res.end();
  }

  /** Breaks the response off so that the client sees it is not whole. */
  fail(): void {
    this.#hasFailed = true;
    this.#reader?.stream.destroy();
  }

  /** Lets the channel go; the handler's further writes fail. May be called twice. */
  finish(): void {
    clearTimeout(this.#headTimer);
    const reader = this.#reader;
    this.#reader = undefined;
    if (!reader) return;
    reader.stream.off('readable', this.#takeReadable);
    if (this.#isTouched) reader.close();
    else if (!this.#hasEnded) dismissResponse(reader);
  }

  #attach(reader: ChannelReaderEnd): void {
    this.#reader = reader;
    reader.onMessage((text) => this.#takeMessage(text));
    reader.stream.once('error', () => {
      this.#hasFailed = true;
      this.#takeEnd();
    });
    reader.stream.once('end', () => this.#takeEnd());
    // 'readable' announces bytes without taking them (I2), and starts the connection.
    reader.stream.on('readable', this.#takeReadable);
  }

  #takeMessage(text: string): void {
    if (this.#isCommitted || !this.head.apply(text)) return;
    this.#isTouched = true;
    if (!this.head.isEventStream || this.#headTimer) return;
    this.#headTimer = setTimeout(() => this.#commit(), EVENT_STREAM_HEAD_MS);
  }

  readonly #takeReadable = (): void => {
    const stream = this.#reader?.stream;
    if (!stream) return;
    if (stream.readableLength === 0) {
      // Announces the end; a stream says so only once it was asked for more.
      stream.read();
      return;
    }
    this.#isTouched = true;
    this.#commit();
  };

  #takeEnd(): void {
    this.#hasEnded = true;
    // An end without a word is no response: the invocation's outcome decides.
    if (this.#isTouched) this.#commit();
    else this.#listener.onSilentEnd();
  }

  #commit(): void {
    if (this.#isCommitted) return;
    this.#isCommitted = true;
    clearTimeout(this.#headTimer);
    this.#listener.onCommit();
  }
}
