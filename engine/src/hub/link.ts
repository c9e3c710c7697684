// SPDX-License-Identifier: Elastic-2.0
import type { EngineFrame, RecoveredIds, WorkerFrame } from '@iii-dev/protocol';

/** What became of a frame: `full` means that the peer's outbound limit is reached, nothing was queued. */
export type SendOutcome =
  | { readonly kind: 'sent' }
  | { readonly kind: 'full' }
  | { readonly kind: 'gone' };

export const SENT: SendOutcome = { kind: 'sent' };
export const FULL: SendOutcome = { kind: 'full' };
export const GONE: SendOutcome = { kind: 'gone' };

/**
 * The engine's end of one connection to a worker, over a socket or in memory. Frames keep their
 * order; the link owns its buffer and its socket, the hub owns the decision to end it.
 */
export interface Link {
  readonly kind: 'socket' | 'memory';
  readonly remoteAddress: string | null;
  /** Bytes accepted by `send` and not yet taken by the peer. */
  readonly bufferedBytes: number;
  send(frame: EngineFrame): SendOutcome;
  /** Stops taking frames from the peer; it feels that as back-pressure. Calls nest by count. */
  pause(): void;
  resume(): void;
  /** Runs `listener` once, when the outbound buffer has fallen below the pause mark or the link ended. */
  onceDrained(listener: () => void): void;
  /** Asks the peer for a sign of life; resolves false when none comes within `timeoutMs`. */
  probe(timeoutMs: number): Promise<boolean>;
  /** Sends what is queued, then ends with a Close frame. */
  close(code?: number, reason?: string): void;
  /** Ends at once. */
  terminate(): void;
}

/** What a link tells its owner. Nothing follows `onClose`, which comes exactly once. */
export interface LinkEvents {
  onFrame(frame: WorkerFrame): void;
  /** A message that cannot be used; the owner answers its sender where an id was recovered. */
  onMalformed(reason: string, recovered: RecoveredIds): void;
  /** A binary telemetry frame (OTLP, MTRC, LOGS), prefix included. */
  onTelemetry(bytes: Uint8Array): void;
  onClose(): void;
}
