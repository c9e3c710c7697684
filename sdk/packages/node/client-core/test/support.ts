// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { decodeEngineFrame, encodeFrame, type Transport } from '@iii-dev/protocol';
import WebSocket from 'ws';
import { Client, type ClientOptions, type ClientRuntime, type IIIClient } from '../src/index.ts';

/** What a test may change of a client. */
export interface TestClientOptions extends Partial<ClientOptions> {
  readonly runtime?: Partial<ClientRuntime>;
}

/** A client with its log, over real sockets. */
export interface TestClient extends AsyncDisposable {
  readonly iii: IIIClient;
  readonly client: Client;
  readonly log: { readonly level: string; readonly message: string }[];
}

/** A client that reconnects at once, without any package of the Node SDK. */
export function startClient(address: string, options: TestClientOptions = {}): TestClient {
  const { runtime, ...rest } = options;
  const log: TestClient['log'] = [];
  const client = new Client(
    socketTransport(address),
    {
      namespace: undefined,
      invocationTimeoutMs: 5_000,
      reconnection: {
        initialDelayMs: 5,
        maxDelayMs: 20,
        backoffMultiplier: 2,
        jitterFactor: 0,
        maxRetries: -1,
      },
      handshakeTimeoutMs: 5_000,
      keepalive: { pingIntervalMs: 20_000, idleLimitMs: 60_000 },
      offlineQueue: { maxFrames: 100, maxBytes: 1_000_000 },
      ...rest,
    },
    {
      newId: randomUUID,
      random: () => 0.5,
      announcement: () => ({ runtime: 'test', name: 'tester' }),
      revive: (data) => data,
      tracing: { current: () => undefined, run: (_id, _inbound, handler) => handler() },
      log: {
        debug: (message) => log.push({ level: 'debug', message }),
        warn: (message) => log.push({ level: 'warn', message }),
        error: (message) => log.push({ level: 'error', message }),
      },
      ...runtime,
    },
  );
  const iii = client.toPublic();
  client.start();
  return { iii, client, log, [Symbol.asyncDispose]: () => iii.shutdown({ drainTimeoutMs: 0 }) };
}

function socketTransport(address: string): Transport {
  return {
    address,
    open(events) {
      const socket = new WebSocket(address);
      let error: Error | undefined;
      socket.on('open', () => events.onOpen());
      socket.on('message', (data) => {
        events.onActivity();
        const decoded = decodeEngineFrame(data.toString());
        if (decoded.kind === 'frame') events.onFrame(decoded.frame);
      });
      socket.on('pong', () => events.onActivity());
      socket.on('error', (cause) => {
        error = cause;
      });
      socket.on('close', (code, reason) =>
        events.onClose({ code, reason: reason.toString(), ...(error ? { error } : {}) }),
      );
      return {
        send: (frame) => {
          const text = encodeFrame(frame);
          if (socket.readyState === WebSocket.OPEN) socket.send(text);
        },
        sendBinary: (bytes) => socket.send(bytes),
        ping: () => socket.ping(),
        close: (code, reason) => socket.close(code, reason),
        terminate: () => socket.terminate(),
      };
    },
  };
}

/** A promise with its handle; `Promise.withResolvers` is missing from Node 20. */
export function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
