// SPDX-License-Identifier: Apache-2.0
// The two live ends of a data channel. Each has a WebSocket of its own, opened on first use.
// Binary frames are the stream's bytes, text frames are messages beside it; the single socket keeps
// the order across both.
import { Readable, Writable } from 'node:stream';
import { HANDSHAKE_TIMEOUT_MS, MAX_MESSAGE_BYTES } from '@iii-dev/protocol';
import WebSocket, { type RawData } from 'ws';
import type { StreamChannelRef } from './channel-refs.ts';

/** Bytes of one binary frame: large enough to be cheap, small enough to interleave messages. */
const CHUNK_BYTES = 65_536;
/** What the engine may still have to read behind the last frame before it sees the close, ms. */
const CLOSE_DELAY_MS = 10;
/** Close codes of a stream that is complete: with and without a code in the Close frame. */
const COMPLETE = new Set([1000, 1005]);

type Headers = Readonly<Record<string, string>>;
type Callback = (error?: Error | null) => void;

/** Address of one end: below the worker's address, whose query stays a query. */
export function channelUrl(address: string, ref: StreamChannelRef): string {
  const url = new URL(address);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/ws/channels/${ref.channel_id}`;
  const query = url.search === '' ? '?' : `${url.search}&`;
  url.search = '';
  return `${url.toString()}${query}key=${encodeURIComponent(ref.access_key)}&dir=${ref.direction}`;
}

function connect(address: string, ref: StreamChannelRef, headers: Headers): WebSocket {
  return new WebSocket(channelUrl(address, ref), {
    headers,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
  });
}

/** The writing end: bytes through `stream`, messages through `sendMessage`. */
export class ChannelWriter {
  /** The channel's bytes. Back-pressure follows the socket; ending it ends the channel. */
  readonly stream: Writable;
  readonly #address: string;
  readonly #ref: StreamChannelRef;
  readonly #headers: Headers;
  #socket: WebSocket | undefined;
  /** Frames for a socket that is not open yet, in order. */
  #queue: { readonly data: string | Buffer; readonly done: Callback }[] = [];
  #closeWhenOpen: (() => void) | undefined;

  constructor(address: string, ref: StreamChannelRef, headers: Headers = {}) {
    this.#address = address;
    this.#ref = ref;
    this.#headers = headers;
    this.stream = new Writable({
      write: (chunk: Buffer, _encoding, done) => this.#writeChunks(chunk, done),
      final: (done) => this.#finish(done),
      destroy: (error, done) => {
        if (error) this.#socket?.terminate();
        done(error);
      },
    });
  }

  /** Sends a message beside the bytes, in order with them. */
  sendMessage(message: string): void {
    this.#send(message, (error) => {
      if (error) this.stream.destroy(error);
    });
  }

  /** Ends the channel at once; without effect when nothing was ever sent. */
  close(): void {
    this.#closeSocket('channel_close');
  }

  #writeChunks(chunk: Buffer, done: Callback): void {
    if (chunk.length <= CHUNK_BYTES) {
      this.#send(chunk, done);
      return;
    }
    this.#send(chunk.subarray(0, CHUNK_BYTES), (error) => {
      if (error) done(error);
      else this.#writeChunks(chunk.subarray(CHUNK_BYTES), done);
    });
  }

  /** Opens the socket even if nothing was written, so that the reader sees the end. */
  #finish(done: Callback): void {
    this.#ensureSocket();
    setTimeout(() => {
      this.#closeSocket('stream_complete');
      done();
    }, CLOSE_DELAY_MS);
  }

  #send(data: string | Buffer, done: Callback): void {
    const socket = this.#ensureSocket();
    if (socket.readyState === WebSocket.OPEN) socket.send(data, done);
    else this.#queue.push({ data, done });
  }

  /** The socket in use; one that died is replaced, and what is queued goes over the new one. */
  #ensureSocket(): WebSocket {
    const current = this.#socket;
    if (current && current.readyState <= WebSocket.OPEN) return current;
    const socket = connect(this.#address, this.#ref, this.#headers);
    this.#socket = socket;
    let failure: Error | undefined;
    socket.on('open', () => {
      const queue = this.#queue;
      this.#queue = [];
      for (const { data, done } of queue) socket.send(data, done);
      this.#closeWhenOpen?.();
    });
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('close', () => {
      if (this.#socket === socket) this.#failQueue(failure);
    });
    return socket;
  }

  #failQueue(cause: Error | undefined): void {
    const queue = this.#queue;
    this.#queue = [];
    const error = cause ?? new Error('the channel closed before everything was sent');
    for (const { done } of queue) done(error);
  }

  #closeSocket(reason: string): void {
    const socket = this.#socket;
    if (!socket) return;
    if (socket.readyState === WebSocket.OPEN) socket.close(1000, reason);
    else if (socket.readyState === WebSocket.CONNECTING) {
      this.#closeWhenOpen = () => socket.close(1000, reason);
    }
  }
}

/** The reading end: bytes through `stream` or `readAll`, messages through `onMessage`. */
export class ChannelReader {
  /** The channel's bytes. Errors when the channel broke before its end. */
  readonly stream: Readable;
  readonly #address: string;
  readonly #ref: StreamChannelRef;
  readonly #headers: Headers;
  readonly #listeners: ((message: string) => void)[] = [];
  #socket: WebSocket | undefined;

  constructor(address: string, ref: StreamChannelRef, headers: Headers = {}) {
    this.#address = address;
    this.#ref = ref;
    this.#headers = headers;
    this.stream = new Readable({
      read: () => {
        this.#ensureSocket();
        if (this.#socket?.isPaused) this.#socket.resume();
      },
      destroy: (error, done) => {
        this.#closeSocket();
        done(error);
      },
    });
  }

  /** Hears the messages sent beside the bytes; connects if nothing has yet. */
  onMessage(listener: (message: string) => void): void {
    this.#listeners.push(listener);
    this.#ensureSocket();
  }

  /** All bytes up to the end. @throws Error when the channel broke before it */
  async readAll(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.stream) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }

  /** Stops reading. */
  close(): void {
    this.#closeSocket();
  }

  #ensureSocket(): void {
    if (this.#socket) return;
    const socket = connect(this.#address, this.#ref, this.#headers);
    this.#socket = socket;
    let failure: Error | undefined;
    socket.on('message', (data, isBinary) => this.#receive(socket, data, isBinary));
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('close', (code) => this.#end(code, failure));
  }

  #receive(socket: WebSocket, data: RawData, isBinary: boolean): void {
    if (!isBinary) {
      const message = data.toString();
      for (const listener of this.#listeners) listener(message);
      return;
    }
    // Node's default `binaryType` delivers one Buffer per message.
    if (!this.stream.push(data as Buffer)) socket.pause();
  }

  #end(code: number, failure: Error | undefined): void {
    const isOurs = this.stream.destroyed;
    if (COMPLETE.has(code) || isOurs || this.stream.listenerCount('error') === 0) {
      // With nobody listening an error would end the process of who only wanted the messages.
      if (!isOurs) this.stream.push(null);
      return;
    }
    this.stream.destroy(failure ?? new Error(`the channel broke before its end (code ${code})`));
  }

  #closeSocket(): void {
    const socket = this.#socket;
    if (socket?.readyState === WebSocket.OPEN) socket.close(1000, 'channel_close');
    else if (socket?.readyState === WebSocket.CONNECTING) socket.terminate();
  }
}
