// SPDX-License-Identifier: Apache-2.0
import type { EngineFrame, WorkerFrame } from './frames.ts';

/**
 * How a client reaches an engine: over a WebSocket or inside one process. One `open` is one
 * connection attempt; reconnecting is the client's business.
 */
export interface Transport {
  /** Engine address, `ws://host:port`; data channels are opened below it in every placement. */
  readonly address: string;
  /** Starts connecting; returns at once. Events never fire before this returns. */
  open(events: TransportEvents): TransportConnection;
}

/** What a connection tells its client. `onClose` comes exactly once and last. */
export interface TransportEvents {
  onOpen(): void;
  onFrame(frame: EngineFrame): void;
  /** Any sign of life (frame, ping or pong); feeds the client's idle limit. */
  onActivity(): void;
  onClose(closed: { readonly code: number; readonly reason: string; readonly error?: Error }): void;
}

/** One connection attempt, then one connection. Frames keep their order. */
export interface TransportConnection {
  /** Sends a frame; silently without effect after the end. */
  send(frame: WorkerFrame): void;
  /** Sends a binary telemetry frame. */
  sendBinary(bytes: Uint8Array): void;
  /** Asks for a sign of life. */
  ping(): void;
  /** Ends politely, after what was sent has gone out. */
  close(code?: number, reason?: string): void;
  /** Ends at once. */
  terminate(): void;
}
