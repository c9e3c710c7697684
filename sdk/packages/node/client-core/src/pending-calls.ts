// SPDX-License-Identifier: Apache-2.0
import type { InvocationResultFrame, InvokeFunctionFrame, Payload } from '@iii-dev/protocol';
import { errorFromWire, InvocationError } from './errors.ts';

/** A call somebody waits for. */
export interface PendingCall {
  /** Changes when the call is sent again: an id is good for one connection. */
  frame: InvokeFunctionFrame & { readonly invocation_id: string };
  readonly idempotent: boolean;
  /** Takes the timer and the abort listener away; runs once, when the call leaves. */
  release(): void;
  resolve(result: Payload | undefined): void;
  reject(error: Error): void;
}

/** Calls in flight by invocation id. A call leaves exactly once: settled, or taken out to be resent. */
export class PendingCalls {
  readonly #byId = new Map<string, PendingCall>();

  get size(): number {
    return this.#byId.size;
  }

  add(call: PendingCall): void {
    this.#byId.set(call.frame.invocation_id, call);
  }

  has(invocationId: string): boolean {
    return this.#byId.has(invocationId);
  }

  /** Hands an answer to its caller; a late or unknown one is dropped. */
  settle(frame: InvocationResultFrame): void {
    const call = this.#take(frame.invocation_id);
    if (!call) return;
    if (frame.error !== undefined) {
      call.reject(errorFromWire(frame.error, call.frame.function_id));
    } else {
      call.resolve(frame.result);
    }
  }

  /** Fails one call, if it is still there. */
  fail(invocationId: string, error: Error): boolean {
    const call = this.#take(invocationId);
    call?.reject(error);
    return call !== undefined;
  }

  failAll(error: (functionId: string) => Error): void {
    for (const [id, call] of this.#byId) {
      this.#byId.delete(id);
      call.release();
      call.reject(error(call.frame.function_id));
    }
  }

  /** Fails what was on the lost connection; takes out and returns what may be sent again, in order. */
  loseConnection(): PendingCall[] {
    const again: PendingCall[] = [];
    for (const [id, call] of this.#byId) {
      this.#byId.delete(id);
      if (call.idempotent) {
        again.push(call);
        continue;
      }
      call.release();
      call.reject(
        new InvocationError({
          code: 'CONNECTION_LOST',
          message: 'the connection was lost before the answer came; the call may have run',
          function_id: call.frame.function_id,
        }),
      );
    }
    return again;
  }

  #take(invocationId: string): PendingCall | undefined {
    const call = this.#byId.get(invocationId);
    if (!call) return undefined;
    this.#byId.delete(invocationId);
    call.release();
    return call;
  }
}
