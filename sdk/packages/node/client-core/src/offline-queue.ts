// SPDX-License-Identifier: Apache-2.0
import type { InvokeFunctionFrame } from '@iii-dev/protocol';

/** Calls that wait for a connection, within bounds. */
export class OfflineQueue {
  readonly #maxFrames: number;
  readonly #maxBytes: number;
  #frames: InvokeFunctionFrame[] = [];
  readonly #ids = new Set<string>();
  #bytes = 0;

  constructor(limits: { readonly maxFrames: number; readonly maxBytes: number }) {
    this.#maxFrames = limits.maxFrames;
    this.#maxBytes = limits.maxBytes;
  }

  get size(): number {
    return this.#frames.length;
  }

  has(invocationId: string): boolean {
    return this.#ids.has(invocationId);
  }

  /**
   * Keeps a call as it is at this moment: writing the payload's text here means that a later change
   * of the caller's object is not sent. False when there is no room.
   * @throws TypeError when the payload cannot be written as JSON.
   */
  push(frame: InvokeFunctionFrame): boolean {
    const bytes = sizeOf(frame);
    if (this.#frames.length >= this.#maxFrames || this.#bytes + bytes > this.#maxBytes)
      return false;
    this.#frames.push(frame);
    this.#bytes += bytes;
    if (frame.invocation_id !== undefined) this.#ids.add(frame.invocation_id);
    return true;
  }

  /** Forgets a call nobody waits for any more, so that it neither runs nor takes room. */
  remove(invocationId: string): void {
    if (!this.#ids.delete(invocationId)) return;
    const index = this.#frames.findIndex((frame) => frame.invocation_id === invocationId);
    const [frame] = this.#frames.splice(index, 1);
    if (frame) this.#bytes -= sizeOf(frame);
  }

  /** Everything that waited, in order; the queue is empty afterwards. */
  takeAll(): InvokeFunctionFrame[] {
    const frames = this.#frames;
    this.#frames = [];
    this.#ids.clear();
    this.#bytes = 0;
    return frames;
  }
}

function sizeOf(frame: InvokeFunctionFrame): number {
  return frame.data.text.length + (frame.metadata?.text.length ?? 0);
}
