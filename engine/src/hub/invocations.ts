// SPDX-License-Identifier: Elastic-2.0
import type { ErrorBody, InvocationResultFrame, Payload } from '@iii-dev/protocol';
import type { Connection } from './connection.ts';
import type { WorkerProvider } from './function-registry.ts';

/** What a call came to. */
export type Settlement =
  | { readonly kind: 'ok'; readonly result: Payload | undefined }
  | { readonly kind: 'error'; readonly error: ErrorBody };

/** Who waits for a call. */
export type Waiter =
  | {
      readonly kind: 'worker';
      readonly connection: Connection;
      /** The id the caller gave, and the id it gets back. */
      readonly invocationId: string;
      readonly traceparent: string | undefined;
      readonly baggage: string | undefined;
    }
  | { readonly kind: 'engine'; readonly settle: (settlement: Settlement) => void }
  /** A void call: carried in the books for balance and drain, answered to nobody. */
  | { readonly kind: 'nobody' };

/** A call in the hands of an executor. */
export interface Invocation {
  /** The id the executor was sent. */
  readonly executorId: string;
  /** The function as the caller named it. */
  readonly functionId: string;
  readonly provider: WorkerProvider;
  readonly waiter: Waiter;
  readonly startedAtMs: number;
}

/** Writes a call into the books of both sides; done before its frame is sent. */
export function record(invocation: Invocation): void {
  const { provider, waiter } = invocation;
  provider.inFlight++;
  provider.connection.executing.set(invocation.executorId, invocation);
  if (waiter.kind === 'worker') waiter.connection.calling.set(waiter.invocationId, invocation);
}

/** Takes a call out of the books; false when it is no longer there. */
export function forget(invocation: Invocation): boolean {
  const { provider, waiter } = invocation;
  if (!provider.connection.executing.delete(invocation.executorId)) return false;
  provider.inFlight--;
  if (
    waiter.kind === 'worker' &&
    waiter.connection.calling.get(waiter.invocationId) === invocation
  ) {
    waiter.connection.calling.delete(waiter.invocationId);
  }
  return true;
}

/** Ends a call: out of the books first, then the word to whoever waits. */
export function settle(invocation: Invocation, settlement: Settlement): void {
  if (forget(invocation)) tell(invocation.waiter, invocation.functionId, settlement);
}

/** Says what a call came to, to whoever waits for it. */
export function tell(waiter: Waiter, functionId: string, settlement: Settlement): void {
  switch (waiter.kind) {
    case 'worker':
      waiter.connection.send(resultFrame(waiter.invocationId, functionId, settlement, waiter));
      return;
    case 'engine':
      waiter.settle(settlement);
      return;
    case 'nobody':
      return;
    default:
      waiter satisfies never;
  }
}

/** The frame that tells a caller what its call came to; echoes the caller's own trace context. */
export function resultFrame(
  invocationId: string,
  functionId: string,
  settlement: Settlement,
  trace: { readonly traceparent?: string | undefined; readonly baggage?: string | undefined },
): InvocationResultFrame {
  return {
    type: 'invocationresult',
    invocation_id: invocationId,
    function_id: functionId,
    ...(settlement.kind === 'error'
      ? { error: settlement.error }
      : settlement.result && { result: settlement.result }),
    ...(trace.traceparent !== undefined && { traceparent: trace.traceparent }),
    ...(trace.baggage !== undefined && { baggage: trace.baggage }),
  };
}

/** A settlement that failed with a code. */
export function failed(code: string, message: string): Settlement {
  return { kind: 'error', error: { code, message } };
}
