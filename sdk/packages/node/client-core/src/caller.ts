// SPDX-License-Identifier: Apache-2.0
// The calls this worker makes.
//
//   I1  A call waits in exactly one place: in flight on the open connection, or in the offline queue.
//   I2  A promise settles once: by the answer, its deadline, its signal, the loss of the connection
//       or the end of the client; its timer goes with it.
import type {
  InvocationResultFrame,
  InvokeFunctionFrame,
  Payload,
  WorkerFrame,
} from '@iii-dev/protocol';
import type { RawTriggerRequest } from './api.ts';
import { InvocationError } from './errors.ts';
import { namespaceOfCall } from './namespaces.ts';
import { OfflineQueue } from './offline-queue.ts';
import { type PendingCall, PendingCalls } from './pending-calls.ts';
import type { ClientOptions, ClientRuntime } from './runtime.ts';

/** Longest delay a timer can hold; anything above is no deadline. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What a call is told besides its payloads. */
type CallRequest = Omit<RawTriggerRequest, 'payload' | 'metadata'>;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Makes calls for one client. */
export class Caller {
  readonly #options: ClientOptions;
  readonly #runtime: ClientRuntime;
  readonly #send: (frame: WorkerFrame) => boolean;
  readonly #pending = new PendingCalls();
  readonly #queue: OfflineQueue;
  #droppedVoids = 0;
  #ended: Error | undefined;
  /** Whether the engine of this connection understands `cancelinvocation`. */
  canCancel = false;

  constructor(
    options: ClientOptions,
    runtime: ClientRuntime,
    send: (frame: WorkerFrame) => boolean,
  ) {
    this.#options = options;
    this.#runtime = runtime;
    this.#send = send;
    this.#queue = new OfflineQueue(options.offlineQueue);
  }

  /** Makes a call; `read` turns the result's payload into what the promise gives. */
  call<T>(
    request: CallRequest,
    payload: Payload,
    metadata: Payload | undefined,
    read: (result: Payload | undefined) => T,
  ): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const frame = this.#frameOf(request, payload, metadata);
      if (frame.invocation_id === undefined) {
        this.#sendVoid(frame);
        resolve(undefined);
        return;
      }
      if (this.#ended) throw this.#ended;
      const timeoutMs = request.timeoutMs ?? this.#options.invocationTimeoutMs;
      const call: PendingCall = {
        frame: frame as PendingCall['frame'],
        idempotent: request.idempotent === true,
        release: () => {},
        resolve: (result) => {
          try {
            resolve(read(result));
          } catch (error) {
            reject(error);
          }
        },
        reject,
      };
      this.#arm(call, timeoutMs, request.signal);
      this.#dispatch(call);
    });
  }

  settle(frame: InvocationResultFrame): void {
    this.#pending.settle(frame);
  }

  /** Sends what waited; to be called last when a connection opens. */
  flush(): void {
    if (this.#droppedVoids > 0) {
      this.#runtime.log.warn(`[iii] Dropped ${this.#droppedVoids} void calls while offline`);
      this.#droppedVoids = 0;
    }
    for (const frame of this.#queue.takeAll()) this.#send(frame);
  }

  /** Fails the calls in flight, except those that may be made twice: they wait for the next one. */
  loseConnection(): void {
    for (const call of this.#pending.loseConnection()) {
      call.frame = { ...call.frame, invocation_id: this.#runtime.newId() };
      this.#dispatch(call);
    }
  }

  /** Fails everything, for good. */
  end(error: Error): void {
    this.#ended ??= error;
    this.#queue.takeAll();
    this.#pending.failAll(() => error);
  }

  /** On every call, so built by assignment: spreading conditional parts costs several times as much. */
  #frameOf(
    request: CallRequest,
    data: Payload,
    metadata: Payload | undefined,
  ): InvokeFunctionFrame {
    const { function_id, action } = request;
    const namespace = namespaceOfCall(function_id, request.namespace, this.#options.namespace);
    const trace = request.traceparent === undefined ? this.#runtime.tracing.current() : request;
    const frame: Writable<InvokeFunctionFrame> = { type: 'invokefunction', function_id, data };
    if (action?.type !== 'void') frame.invocation_id = this.#runtime.newId();
    if (trace?.traceparent !== undefined) frame.traceparent = trace.traceparent;
    if (trace?.baggage !== undefined) frame.baggage = trace.baggage;
    if (action !== undefined) frame.action = action;
    if (metadata !== undefined) frame.metadata = metadata;
    if (namespace !== undefined) frame.namespace = namespace;
    return frame;
  }

  #sendVoid(frame: InvokeFunctionFrame): void {
    if (this.#ended || this.#send(frame)) return;
    if (!this.#queue.push(frame)) this.#droppedVoids += 1;
  }

  /** Sends or queues a call (I1). @throws when its payload cannot be written */
  #dispatch(call: PendingCall): void {
    this.#pending.add(call);
    let isTaken: boolean;
    try {
      isTaken = this.#send(call.frame) || this.#queue.push(call.frame);
    } catch (error) {
      this.#pending.fail(call.frame.invocation_id, error as Error);
      return;
    }
    if (!isTaken) this.#fail(call, 'OFFLINE_QUEUE_FULL', 'too many calls wait for a connection');
  }

  #arm(call: PendingCall, timeoutMs: number, signal: AbortSignal | undefined): void {
    if (signal?.aborted) {
      throw new InvocationError({
        code: 'CANCELLED',
        message: 'the call was cancelled before it was sent',
        function_id: call.frame.function_id,
        cause: signal.reason,
      });
    }
    const timer =
      timeoutMs <= MAX_TIMER_MS
        ? setTimeout(
            () => this.#giveUp(call, 'TIMEOUT', `invocation timed out after ${timeoutMs}ms`),
            timeoutMs,
          )
        : undefined;
    if (!signal) {
      call.release = () => clearTimeout(timer);
      return;
    }
    const onAbort = () => this.#giveUp(call, 'CANCELLED', 'the caller cancelled the call');
    signal.addEventListener('abort', onAbort, { once: true });
    call.release = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
  }

  /** Stops waiting, and tells the engine where it listens so that the callee can stop too. */
  #giveUp(call: PendingCall, code: string, message: string): void {
    const { invocation_id } = call.frame;
    if (this.#queue.has(invocation_id)) this.#queue.remove(invocation_id);
    else if (this.canCancel) this.#send({ type: 'cancelinvocation', invocation_id });
    this.#fail(call, code, message);
  }

  #fail(call: PendingCall, code: string, message: string): void {
    const { invocation_id, function_id } = call.frame;
    this.#pending.fail(invocation_id, new InvocationError({ code, message, function_id }));
  }
}
