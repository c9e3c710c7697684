// SPDX-License-Identifier: Elastic-2.0
import { connect, type Socket } from 'node:net';
import type { RecoveredIds, WorkerFrame } from '@iii-dev/protocol';
import { type ClientOptions, WebSocket } from 'ws';
import { Channels } from '../../src/hub/channels.ts';
import type { Link, LinkEvents } from '../../src/hub/link.ts';
import { type Listener, type ListenerOptions, startListener } from '../../src/listener/server.ts';
import type { UpgradeRequest } from '../../src/listener/upgrade.ts';

/** Longest wait for a condition; far above what any of them takes. */
const WAIT_MS = 20_000;

/** Waits until `condition` gives something truthy. */
export async function waitFor<T>(condition: () => T | false | 0 | undefined): Promise<T> {
  const end = performance.now() + WAIT_MS;
  for (;;) {
    const value = condition();
    if (value) return value;
    if (performance.now() > end) throw new Error(`never true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** What the owner of a link has heard. */
export interface AcceptedLink {
  readonly link: Link;
  readonly request: UpgradeRequest;
  readonly frames: WorkerFrame[];
  readonly malformed: { reason: string; recovered: RecoveredIds }[];
  readonly telemetry: string[];
  closes: number;
}

export interface TestListener extends AsyncDisposable {
  readonly listener: Listener;
  readonly channels: Channels;
  readonly url: string;
  readonly port: number;
  readonly links: AcceptedLink[];
  readonly telemetry: string[];
  readonly warnings: string[];
  connect(path?: string, options?: ClientOptions): Promise<WebSocket>;
  /** Connects a worker and gives both its ends. */
  connectWorker(): Promise<{ client: WebSocket; accepted: AcceptedLink }>;
}

/** A listener on a free port whose owner only takes notes. */
export async function startTestListener(
  overrides: Partial<ListenerOptions> = {},
): Promise<TestListener> {
  const links: AcceptedLink[] = [];
  const telemetry: string[] = [];
  const warnings: string[] = [];
  const channels = overrides.channels ?? new Channels();
  const listener = await startListener({
    host: '127.0.0.1',
    port: 0,
    handshakeTimeoutMs: 10_000,
    maxMessageBytes: 1024 * 1024,
    pingIntervalMs: 15_000,
    pingsMissed: 2,
    outboundPauseBytes: 256 * 1024,
    outboundLimitBytes: 1024 * 1024,
    channels,
    log: { debug() {}, info() {}, warn: (message) => warnings.push(message), error() {} },
    accept: (link, request) => takeNotes(links, link, request),
    acceptTelemetry: (bytes) => telemetry.push(Buffer.from(bytes).toString('latin1')),
    ...overrides,
  });
  const { port } = listener.address;
  const url = `ws://127.0.0.1:${port}`;
  const connectTo = (path = '/', options?: ClientOptions) => openSocket(url + path, options);
  return {
    listener,
    channels,
    url,
    port,
    links,
    telemetry,
    warnings,
    connect: connectTo,
    async connectWorker() {
      const before = links.length;
      const client = await connectTo();
      return { client, accepted: await waitFor(() => links[before]) };
    },
    async [Symbol.asyncDispose]() {
      await listener.close(0);
      channels.close();
    },
  };
}

function takeNotes(links: AcceptedLink[], link: Link, request: UpgradeRequest): LinkEvents {
  const accepted: AcceptedLink = {
    link,
    request,
    frames: [],
    malformed: [],
    telemetry: [],
    closes: 0,
  };
  links.push(accepted);
  return {
    onFrame: (frame) => accepted.frames.push(frame),
    onMalformed: (reason, recovered) => accepted.malformed.push({ reason, recovered }),
    onTelemetry: (bytes) => accepted.telemetry.push(Buffer.from(bytes).toString('latin1')),
    onClose: () => accepted.closes++,
  };
}

function openSocket(url: string, options?: ClientOptions): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(url, options);
    const received: Received[] = [];
    ws.on('message', (data, isBinary) => received.push({ data: data as Buffer, isBinary }));
    inboxes.set(ws, received);
    ws.once('open', () => {
      ws.on('error', () => {}); // from here on the close is what tests look at
      resolve(ws);
    });
    ws.once('error', reject);
  });
}

export interface Received {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

const inboxes = new WeakMap<WebSocket, Received[]>();

/** What a client has received since it connected; grows on. */
export function receivedBy(ws: WebSocket): Received[] {
  return inboxes.get(ws) ?? [];
}

/** How a client's connection ended. */
export function closeOf(ws: WebSocket): Promise<{ code: number; reason: string }> {
  return new Promise((resolve) => {
    ws.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
}

export interface RawClient {
  readonly socket: Socket;
  /** Everything received so far. */
  readonly text: () => string;
  readonly isClosed: () => boolean;
}

/** A bare TCP client. */
export async function connectRaw(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  let isClosed = false;
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => {}); // the close that follows is what tests look at
  socket.on('close', () => {
    isClosed = true;
  });
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return { socket, text: () => text, isClosed: () => isClosed };
}

/** Upgrades a bare TCP client at `/`, for peers that no library would play. */
export async function upgradeRaw(port: number): Promise<RawClient> {
  const client = await connectRaw(port);
  client.socket.write(
    'GET / HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await waitFor(() => client.text().includes('\r\n\r\n'));
  return client;
}
