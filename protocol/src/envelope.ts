// SPDX-License-Identifier: Apache-2.0
import type { EngineFrame, Frame, WorkerFrame } from './frames.ts';

/** What could still be read of a frame that is not valid, so that its sender can be told. */
export interface RecoveredIds {
  readonly type?: string;
  readonly id?: string;
  readonly invocation_id?: string;
  readonly function_id?: string;
  readonly trigger_type?: string;
}

/** The outcome of reading one message. */
export type Decoded<F extends Frame> =
  | { readonly kind: 'frame'; readonly frame: F }
  /** Blank text, or a type this reader does not know. */
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'malformed'; readonly reason: string; readonly recovered: RecoveredIds };

/** Reads a message from a worker. */
export function decodeWorkerFrame(text: string): Decoded<WorkerFrame> {
  void text;
  throw new Error('unwritten');
}

/** Reads a message from an engine. */
export function decodeEngineFrame(text: string): Decoded<EngineFrame> {
  void text;
  throw new Error('unwritten');
}

/** Writes a message; fields that are unset are left out, payload text is copied unread. */
export function encodeFrame(frame: Frame): string {
  void frame;
  throw new Error('unwritten');
}
