// SPDX-License-Identifier: Apache-2.0
import {
  decodeEngineFrame,
  encodeFrame,
  FLUSH_EARLY_BYTES,
  HANDSHAKE_TIMEOUT_MS,
  MAX_MESSAGE_BYTES,
  type Transport,
  type TransportConnection,
  type TransportEvents,
} from '@iii-dev/protocol';
import WebSocket, { type RawData } from 'ws';

/** How sockets to the engine are opened. */
export interface SocketTransportOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly handshakeTimeoutMs: number;
  /** Told about a message that is not of the protocol. */
  onUnreadable(reason: string): void;
}

/** Reaches the engine at `address` over a WebSocket. */
export function createSocketTransport(address: string, options: SocketTransportOptions): Transport {
  return { address, open: (events) => openSocket(address, options, events) };
}

function openSocket(
  address: string,
  options: SocketTransportOptions,
  events: TransportEvents,
): TransportConnection {
  const socket = new WebSocket(address, {
    headers: options.headers,
    handshakeTimeout: options.handshakeTimeoutMs || HANDSHAKE_TIMEOUT_MS,
    maxPayload: MAX_MESSAGE_BYTES,
    // Frames are small and mostly local; deflating them costs more than it saves.
    perMessageDeflate: false,
  });
  const writes = new JoinedWrites(socket);
  let error: Error | undefined;
  socket.on('open', () => events.onOpen());
  socket.on('message', (data, isBinary) => {
    events.onActivity();
    const text = isBinary ? binaryText(data) : data.toString();
    const decoded = decodeEngineFrame(text);
    if (decoded.kind === 'frame') events.onFrame(decoded.frame);
    else if (decoded.kind === 'malformed') options.onUnreadable(decoded.reason);
  });
  socket.on('ping', () => events.onActivity());
  socket.on('pong', () => events.onActivity());
  socket.on('error', (cause) => {
    error = cause;
  });
  socket.on('close', (code, reason) => {
    writes.stop();
    events.onClose({ code, reason: reason.toString(), ...(error === undefined ? {} : { error }) });
  });
  return {
    send: (frame) => writes.send(encodeFrame(frame)),
    sendBinary: (bytes) => writes.send(bytes),
    ping: () => {
      if (socket.readyState === WebSocket.OPEN) socket.ping();
    },
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
  };
}

function binaryText(data: RawData): string {
  return Array.isArray(data)
    ? Buffer.concat(data).toString()
    : Buffer.from(data as Buffer).toString();
}

/** The TCP socket below a `ws` socket, which its types do not show. */
interface Corkable {
  cork(): void;
  uncork(): void;
}

/**
 * Joins the frames of one turn of the event loop into one write: a system call per frame is what a
 * busy client otherwise spends most of its time on. Large amounts start early.
 */
class JoinedWrites {
  readonly #socket: WebSocket;
  #corked: Corkable | undefined;
  #bytes = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  send(data: string | Uint8Array): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.#corked === undefined) this.#cork();
    this.#socket.send(data);
    this.#bytes += data.length;
    if (this.#bytes >= FLUSH_EARLY_BYTES) this.stop();
  }

  /** Lets go of what is held. */
  stop(): void {
    const corked = this.#corked;
    this.#corked = undefined;
    this.#bytes = 0;
    corked?.uncork();
  }

  #cork(): void {
    const tcp = (this.#socket as unknown as { readonly _socket?: Corkable })._socket;
    if (!tcp) return;
    tcp.cork();
    this.#corked = tcp;
    setImmediate(() => {
      if (this.#corked === tcp) this.stop();
    });
  }
}
