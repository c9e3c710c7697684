// SPDX-License-Identifier: Apache-2.0
import type { RegistrationRejectedError } from './errors.ts';

/** W3C trace context as it stands in a frame. */
export interface TraceHeaders {
  readonly traceparent?: string;
  readonly baggage?: string;
}

/** Carries trace context between frames and the code of handlers. */
export interface Tracing {
  /** Headers of the code that is running; `undefined` outside any trace. */
  current(): TraceHeaders | undefined;
  /** Runs a handler inside the context of its call. */
  run<T>(functionId: string, inbound: TraceHeaders, handler: () => T): T;
}

/** Where a client says what happens to it. */
export interface ClientLog {
  debug(message: string): void;
  warn(message: string): void;
  error(message: string, detail?: unknown): void;
}

/** Delays and count of connection attempts; `maxRetries` -1 is for ever. */
export interface ReconnectionConfig {
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  readonly backoffMultiplier: number;
  readonly jitterFactor: number;
  readonly maxRetries: number;
}

/** How a dead connection is noticed; `false` where a link cannot die silently. */
export type Keepalive = false | { readonly pingIntervalMs: number; readonly idleLimitMs: number };

/** Everything a client must be told; nothing is optional here. */
export interface ClientOptions {
  readonly namespace: string | undefined;
  readonly invocationTimeoutMs: number;
  readonly reconnection: ReconnectionConfig;
  readonly handshakeTimeoutMs: number;
  readonly keepalive: Keepalive;
  /** Frames and bytes that may wait for a connection. */
  readonly offlineQueue: { readonly maxFrames: number; readonly maxBytes: number };
}

/** What a client needs of the place it runs in. */
export interface ClientRuntime {
  /** A fresh UUID. */
  newId(): string;
  /** 0 ≤ n < 1, for jitter. */
  random(): number;
  /** `data` of the worker's announcement; asked for on every connection. */
  announcement(): Record<string, unknown>;
  /** Turns channel references inside `data` into live ends; must not change `data` itself. */
  revive(data: unknown): unknown;
  readonly tracing: Tracing;
  readonly log: ClientLog;
  /** The engine has taken the worker in. */
  onRegistered?(workerId: string): void;
  onFatal?(error: RegistrationRejectedError): void;
}
