// SPDX-License-Identifier: Elastic-2.0
// From an HTTP upgrade request to a socket that somebody owns.
//
// I1 The owner is attached in the turn of the upgrade, so no message is lost.
// I2 A channel is refused before the upgrade when it is unknown, after it when its end is taken.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { Channels } from '../hub/channels.ts';
import type { Link, LinkEvents } from '../hub/link.ts';
import type { EngineLog } from '../hub/log.ts';
import { answerRaw } from './answers.ts';
import { bridgeReader, bridgeWriter } from './channel-socket.ts';
import type { Heartbeat } from './heartbeat.ts';
import { hardCapBytes } from './inbound.ts';
import type { OutboxLimits, TickFlusher } from './outbox.ts';
import { findRoute, type Route } from './route.ts';
import { SocketLink } from './socket-link.ts';
import { bridgeTelemetry } from './telemetry-socket.ts';

/** What a worker's upgrade request said; access rules decide by it. */
export interface UpgradeRequest {
  readonly headers: IncomingHttpHeaders;
  /** Path and query as sent. */
  readonly url: string;
  readonly remoteAddress: string | null;
}

export interface UpgraderOptions {
  readonly maxMessageBytes: number;
  readonly outbound: OutboxLimits;
  readonly channels: Channels;
  readonly log: EngineLog;
  readonly heartbeat: Heartbeat;
  readonly flusher: TickFlusher;
  accept(link: Link, request: UpgradeRequest): LinkEvents;
  acceptTelemetry(bytes: Uint8Array): void;
}

/** Something that can be asked to end, politely or at once. */
export interface OpenSocket {
  close(code: number, reason: string): void;
  terminate(): void;
}

type SocketRoute = Exclude<Route, { kind: 'refused' }>;

/** Turns upgrade requests into links, telemetry sockets and channel ends. */
export class Upgrader {
  readonly #options: UpgraderOptions;
  readonly #server: WebSocketServer;
  readonly #open = new Set<OpenSocket>();
  #onceEmpty: () => void = () => {};

  constructor(options: UpgraderOptions) {
    this.#options = options;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: hardCapBytes(options.maxMessageBytes),
      handleProtocols: () => false, // the protocol has no subprotocol; offers are left unanswered
      WebSocket: explainingSocket(options.maxMessageBytes),
    });
  }

  /** The sockets that are open at present. */
  get open(): ReadonlySet<OpenSocket> {
    return this.#open;
  }

  /** Settles when no socket is open and every owner has heard so. */
  async whenEmpty(): Promise<void> {
    if (this.#open.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onceEmpty = resolve;
    });
  }

  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const url = request.url ?? '/';
    const route = findRoute(url);
    if (route.kind === 'refused') {
      answerRaw(socket, route.status, route.text);
      return;
    }
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      answerRaw(socket, 426, 'Connect with a WebSocket.', { Upgrade: 'websocket' });
      return;
    }
    if (route.kind === 'channel' && !this.#options.channels.has(route.id, route.key)) {
      answerRaw(socket, 404, 'Channel not found'); // I2
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      this.#own(route, ws, socket, {
        headers: request.headers,
        url,
        remoteAddress: socket.remoteAddress ?? null,
      });
    });
  }

  /** I1: runs in the turn of the upgrade. */
  #own(route: SocketRoute, ws: WebSocket, socket: Socket, request: UpgradeRequest): void {
    switch (route.kind) {
      case 'worker':
        this.#ownWorker(ws, socket, request);
        break;
      case 'telemetry':
        this.#track(ws, ws);
        bridgeTelemetry(ws, this.#options.acceptTelemetry, this.#options.log);
        break;
      case 'channel':
        this.#ownChannelEnd(route, ws, socket);
        break;
      default:
        route satisfies never;
    }
  }

  #ownWorker(ws: WebSocket, socket: Socket, request: UpgradeRequest): void {
    const { heartbeat } = this.#options;
    const link = new SocketLink(ws, socket, this.#options);
    this.#track(ws, link);
    heartbeat.add(link);
    ws.on('close', () => heartbeat.remove(link));
    link.attach(this.#options.accept(link, request));
  }

  #ownChannelEnd(route: Extract<Route, { kind: 'channel' }>, ws: WebSocket, socket: Socket): void {
    this.#track(ws, ws);
    const attached = this.#options.channels.attach(route.id, route.key, route.direction);
    switch (attached.kind) {
      case 'writer':
        bridgeWriter(ws, socket, attached.writer);
        break;
      case 'reader':
        bridgeReader(ws, socket, attached.reader);
        break;
      case 'taken':
      case 'unknown':
        ws.on('error', () => {}); // a close follows in every case
        ws.close();
        break;
      default:
        attached satisfies never;
    }
  }

  #track(ws: WebSocket, socket: OpenSocket): void {
    this.#open.add(socket);
    ws.on('close', () => {
      this.#open.delete(socket);
      if (this.#open.size === 0) this.#onceEmpty();
    });
  }
}

/** A WebSocket that names the limit when it has to end over a message beyond the hard cap. */
function explainingSocket(maxMessageBytes: number): typeof WebSocket {
  const tooLarge = `message_too_large: the limit is ${maxMessageBytes} bytes per message`;
  return class extends WebSocket {
    override close(code?: number, reason?: string | Buffer): void {
      super.close(code, code === 1009 && reason === undefined ? tooLarge : reason);
    }
  };
}
