// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { Client, type ClientRuntime, type IIIClient, type RawCalls } from '@iii-dev/client-core';
import type { Transport } from '@iii-dev/protocol';
import { createAnnouncement } from './announcement.ts';
import { reviveChannels } from './channel-refs.ts';
import {
  type InitOptions,
  type ResolvedOptions,
  resolveAddress,
  resolveOptions,
} from './options.ts';
import { createSocketTransport } from './socket-transport.ts';
import { createTracing } from './tracing.ts';

/** Hidden member of a client: what the SDK's own entries need beyond the public object. */
const INTERNALS: unique symbol = Symbol.for('iii-sdk.internals') as typeof INTERNALS;

/** What stands behind a client's public object. */
export interface ClientInternals {
  readonly raw: RawCalls;
  /** HTTP headers of the control socket; channels send them too. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Makes this process a worker of the engine. Returns at once and connects in the background;
 * `ready()` tells when the engine has taken it in.
 * @param address `ws://host:port`. @default `III_URL`, else `ws://127.0.0.1:49134`
 * @throws Error when `namespace` is blank
 */
export function registerWorker(address?: string, options: InitOptions = {}): IIIClient {
  const resolved = resolveOptions(options, process.env);
  const transport = createSocketTransport(resolveAddress(address, process.env), {
    headers: resolved.headers,
    handshakeTimeoutMs: resolved.client.handshakeTimeoutMs,
    onUnreadable: (reason) => resolved.log.error(`Failed to parse incoming message: ${reason}`),
  });
  return startClient(transport, resolved);
}

/**
 * A worker over any link, one inside the engine's process above all. Such a link cannot die
 * silently, so there is no keepalive unless its times are given; it is quiet about reconnects; and
 * it never opens a telemetry connection.
 */
export function registerWorkerOver(transport: Transport, options: InitOptions = {}): IIIClient {
  const resolved = resolveOptions({ logger: { ...quietConsole }, ...options }, process.env);
  const wantsKeepalive = options.pingIntervalMs !== undefined || options.idleLimitMs !== undefined;
  return startClient(transport, {
    ...resolved,
    client: wantsKeepalive ? resolved.client : { ...resolved.client, keepalive: false },
  });
}

const quietConsole: NonNullable<InitOptions['logger']> = {
  debug: () => {},
  warn: (message, detail) => console.warn(message, ...(detail === undefined ? [] : [detail])),
  error: (message, detail) => console.error(message, ...(detail === undefined ? [] : [detail])),
};

function startClient(transport: Transport, resolved: ResolvedOptions): IIIClient {
  const { headers } = resolved;
  const runtime: ClientRuntime = {
    newId: randomUUID,
    random: Math.random,
    announcement: createAnnouncement(resolved.identity),
    revive: (data) => reviveChannels(data, transport.address, headers),
    tracing: createTracing(),
    log: resolved.log,
  };
  const client = new Client(transport, resolved.client, runtime);
  const internals: ClientInternals = {
    headers,
    raw: {
      trigger: (request) => client.triggerRaw(request),
      registerFunction: (id, handler, options) => client.registerRawFunction(id, handler, options),
    },
  };
  const handle = Object.defineProperty(client.toPublic(), INTERNALS, { value: internals });
  client.start();
  return handle;
}

/** What stands behind a client. @throws Error when it was not made by this SDK */
export function internalsOf(client: IIIClient): ClientInternals {
  const internals = (client as { [INTERNALS]?: ClientInternals })[INTERNALS];
  if (!internals) throw new Error('this client was not made by registerWorker');
  return internals;
}
