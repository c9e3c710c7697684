// SPDX-License-Identifier: Elastic-2.0
// One port: an HTTP server whose only purpose is to be upgraded.
//
// Stages: listening → closing (no new sockets, idle ones gone, Close frames out) → closed.
// I1 Every accepted socket either delivers request headers in time or is closed.
// I2 After the deadline of `close` no socket is left.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Channels } from '../hub/channels.ts';
import type { Link, LinkEvents } from '../hub/link.ts';
import type { EngineLog } from '../hub/log.ts';
import { answerRaw, describeBadRequest } from './answers.ts';
import { HandshakeDeadline } from './handshake-deadline.ts';
import { Heartbeat } from './heartbeat.ts';
import { ListenError } from './listen-error.ts';
import { TickFlusher } from './outbox.ts';
import { Pacer } from './pacer.ts';
import { findRoute } from './route.ts';
import { type UpgradeRequest, Upgrader } from './upgrade.ts';

/** Close code of RFC 6455 for a server that comes back; SDKs reconnect on it. */
const CLOSE_SERVICE_RESTART = 1012;

export interface ListenerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Time for complete request headers. */
  readonly handshakeTimeoutMs: number;
  /** Larger messages are reported through `onMalformed`; four times as large ones end the socket. */
  readonly maxMessageBytes: number;
  readonly pingIntervalMs: number;
  /** Pings without any sign of life before a link is terminated. */
  readonly pingsMissed: number;
  readonly outboundPauseBytes: number;
  readonly outboundLimitBytes: number;
  /** Borrowed: several listeners share the table. */
  readonly channels: Channels;
  readonly log: EngineLog;
  /** Takes a worker's link and returns who listens to it; called in the turn of the upgrade. */
  accept(link: Link, request: UpgradeRequest): LinkEvents;
  /** Takes a telemetry frame of `/otel`, prefix included. */
  acceptTelemetry(bytes: Uint8Array): void;
}

export interface Listener {
  /** Where it listens; the port is the real one. */
  readonly address: { readonly host: string; readonly port: number };
  /** Sockets that are upgraded and not yet ended: links, telemetry and channel ends. */
  readonly connectionCount: number;
  /**
   * Stops accepting, ends idle HTTP connections, sends Close 1012 behind what is queued, and
   * terminates what is left after `deadlineMs`. Settles when every socket is gone.
   */
  close(deadlineMs: number): Promise<void>;
}

/**
 * Opens the port for workers, telemetry and data channels.
 * @throws ListenError when the address cannot be had.
 */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const deadline = new HandshakeDeadline(options.handshakeTimeoutMs, options.log);
  const heartbeat = new Heartbeat(options.pingIntervalMs, options.pingsMissed);
  const upgrader = new Upgrader({
    ...options,
    accept: (link, request) => options.accept(link, request),
    acceptTelemetry: (bytes) => options.acceptTelemetry(bytes),
    outbound: { pauseBytes: options.outboundPauseBytes, limitBytes: options.outboundLimitBytes },
    heartbeat,
    flusher: new TickFlusher(),
  });
  const server = createServer({
    // The first request is timed by HandshakeDeadline; these guard later ones of the same socket.
    headersTimeout: options.handshakeTimeoutMs,
    requestTimeout: options.handshakeTimeoutMs,
  });
  const upgrades = new Pacer();
  let closing: Promise<void> | undefined;
  server.on('connection', (socket) => deadline.start(socket)); // I1
  server.on('request', (request, response) => {
    deadline.clear(request.socket);
    answerPlainRequest(request, response);
  });
  server.on('upgrade', (request, stream, head) => {
    const socket = stream as Socket; // the server listens on TCP alone
    deadline.clear(socket);
    socket.on('error', () => {}); // the HTTP server lets go of it here; its close is what counts
    upgrades.add(() => {
      if (closing) answerRaw(socket, 503, 'The engine is stopping.');
      else if (!socket.destroyed) upgrader.upgrade(request, socket, head);
    });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const { status, text } = describeBadRequest(error.code);
    answerRaw(socket, status, text);
  });

  try {
    await listen(server, options.host, options.port);
  } catch (error) {
    heartbeat.close();
    throw error;
  }
  // From here on an error is one connection that could not be accepted (no file descriptor left).
  server.on('error', (error) => {
    options.log.error('cannot accept a connection', { error: error.message });
  });
  const { port } = server.address() as AddressInfo; // TCP, and listening
  return {
    address: { host: options.host, port },
    get connectionCount() {
      return upgrader.open.size;
    },
    close(deadlineMs) {
      closing ??= closeAll(server, deadline, upgrader, deadlineMs).finally(() => {
        heartbeat.close();
      });
      return closing;
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => reject(new ListenError(host, port, cause));
    server.once('error', fail);
    server.listen({ host, port }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

/** I2 */
async function closeAll(
  server: Server,
  deadline: HandshakeDeadline,
  upgrader: Upgrader,
  deadlineMs: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  deadline.close();
  server.closeIdleConnections();
  for (const socket of [...upgrader.open]) socket.close(CLOSE_SERVICE_RESTART, 'service restart');
  const timer = setTimeout(() => {
    server.closeAllConnections();
    for (const socket of [...upgrader.open]) socket.terminate();
  }, deadlineMs);
  await closed;
  await upgrader.whenEmpty(); // a socket is gone a little before its owner hears of it
  clearTimeout(timer);
}

function answerPlainRequest(request: IncomingMessage, response: ServerResponse): void {
  const route = findRoute(request.url ?? '/');
  if (route.kind === 'refused') {
    answer(response, route.status, route.text);
    return;
  }
  response.setHeader('Upgrade', 'websocket');
  answer(
    response,
    426,
    'This is the worker port of an iii engine. Connect with a WebSocket, for example with ' +
      'registerWorker() of iii-sdk. HTTP endpoints of functions are on the port of the HTTP worker.',
  );
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}
