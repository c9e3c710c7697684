// SPDX-License-Identifier: Apache-2.0
// What the engine asks of this worker: calls of its functions, bindings to its trigger types.
//
//   I1  Every call with an invocation id is answered once, on the connection it came over, or not
//       at all: the engine has failed the calls of a lost connection by itself.
//   I2  A call is counted as running until its answer has been handed to the connection.
import {
  type EngineFrame,
  type ErrorBody,
  type InvocationResultFrame,
  type InvokeFunctionFrame,
  Payload,
  type RegisterTriggerFrame,
  type UnregisterTriggerFrame,
  type WorkerFrame,
} from '@iii-dev/protocol';
import type { InvocationContext, TriggerConfig } from './api.ts';
import { errorToWire } from './errors.ts';
import type { KeptFunction, Registrations } from './registrations.ts';
import type { ClientRuntime } from './runtime.ts';

/** One running call. */
class Running {
  readonly functionId: string;
  readonly invocationId: string | undefined;
  #controller: AbortController | undefined;
  #isAborted = false;

  constructor(frame: InvokeFunctionFrame) {
    this.functionId = frame.function_id;
    this.invocationId = frame.invocation_id;
  }

  get isAborted(): boolean {
    return this.#isAborted;
  }

  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort();
  }

  /** Made only for handlers that ask, and the signal only when it is looked at. */
  context(): InvocationContext {
    const signal = () => {
      this.#controller ??= new AbortController();
      if (this.#isAborted) this.#controller.abort();
      return this.#controller.signal;
    };
    return {
      functionId: this.functionId,
      ...(this.invocationId === undefined ? {} : { invocationId: this.invocationId }),
      get signal() {
        return signal();
      },
    };
  }
}

/** Serves the engine's requests for one client. */
export class Server {
  readonly #registrations: Registrations;
  readonly #runtime: ClientRuntime;
  readonly #send: (frame: WorkerFrame) => boolean;
  /** Calls of the current connection; replaced when it is lost (I1). */
  #running = new Set<Running>();
  readonly #byInvocation = new Map<string, Running>();
  #idleWaiters: (() => void)[] = [];

  constructor(
    registrations: Registrations,
    runtime: ClientRuntime,
    send: (frame: WorkerFrame) => boolean,
  ) {
    this.#registrations = registrations;
    this.#runtime = runtime;
    this.#send = send;
  }

  get runningCount(): number {
    return this.#running.size;
  }

  /** Calls `listener` once no call is running. */
  onceIdle(listener: () => void): void {
    if (this.#running.size === 0) listener();
    else this.#idleWaiters.push(listener);
  }

  /** The connection is gone: what runs for it is told, and its answers will be dropped (I1). */
  loseConnection(): void {
    const lost = this.#running;
    this.#running = new Set();
    this.#byInvocation.clear();
    for (const running of lost) running.abort();
    this.#wakeIdle();
  }

  /** Serves a call; never throws. */
  invoke(frame: InvokeFunctionFrame): void {
    const kept = this.#registrations.functions.get(frame.function_id);
    if (!kept) return this.#refuse(frame, NOT_FOUND);
    if (kept.body.kind === 'http') return this.#refuse(frame, NOT_INVOKABLE);
    const running = new Running(frame);
    this.#running.add(running);
    if (frame.invocation_id !== undefined) this.#byInvocation.set(frame.invocation_id, running);
    try {
      const result = this.#runtime.tracing.run(frame.function_id, frame, () =>
        this.#call(kept, frame, running),
      );
      if (isThenable(result)) {
        result.then(
          (value) => this.#succeed(frame, running, value),
          (error) => this.#fail(frame, running, error),
        );
      } else {
        this.#succeed(frame, running, result);
      }
    } catch (error) {
      this.#fail(frame, running, error);
    }
  }

  /** The caller gave up: the handler may stop, and its answer is not wanted. */
  cancel(invocationId: string): void {
    this.#byInvocation.get(invocationId)?.abort();
  }

  /** Gives a binding to the provider of its type and says what became of it. */
  async bind(frame: RegisterTriggerFrame): Promise<void> {
    const { id, trigger_type, function_id } = frame;
    const ack = { type: 'triggerregistrationresult', id, trigger_type, function_id } as const;
    const kept = this.#registrations.triggerTypes.get(trigger_type);
    if (!kept) {
      this.#send({ ...ack, error: TRIGGER_TYPE_NOT_FOUND });
      return;
    }
    const config: TriggerConfig = {
      id,
      function_id,
      config: frame.config.value,
      metadata: frame.metadata?.value,
      namespace: frame.namespace,
    };
    // Kept before the handler is asked: an unbinding may come while it is still thinking.
    kept.bindings.set(id, config);
    try {
      await kept.handler.registerTrigger(config);
      this.#send(ack);
    } catch (error) {
      if (kept.bindings.get(id) === config) kept.bindings.delete(id);
      const { code, message } = errorToWire(error, function_id);
      const wireCode = code === 'invocation_failed' ? 'trigger_registration_failed' : code;
      this.#send({ ...ack, error: { code: wireCode, message } });
    }
  }

  /** Takes a binding from its provider. */
  async unbind(frame: UnregisterTriggerFrame & Partial<TriggerConfig>): Promise<void> {
    if (frame.trigger_type === undefined) return;
    const kept = this.#registrations.triggerTypes.get(frame.trigger_type);
    if (!kept) return;
    const known = kept.bindings.get(frame.id);
    kept.bindings.delete(frame.id);
    try {
      await kept.handler.unregisterTrigger(
        known ?? { id: frame.id, function_id: '', config: undefined },
      );
    } catch (error) {
      this.#runtime.log.error(`Error unregistering trigger ${frame.id}`, error);
    }
  }

  #call(kept: KeptFunction, frame: InvokeFunctionFrame, running: Running): unknown {
    const { body } = kept;
    switch (body.kind) {
      case 'values': {
        const data = this.#runtime.revive(frame.data.value);
        const metadata = frame.metadata?.value;
        // A third argument only for who declares one: others may compare their argument list.
        return body.handler.length >= 3
          ? body.handler(data, metadata, running.context())
          : body.handler(data, metadata);
      }
      case 'raw':
        return body.handler(frame.data, frame.metadata, running.context());
      case 'http':
        return undefined;
      default:
        return body satisfies never;
    }
  }

  #succeed(frame: InvokeFunctionFrame, running: Running, value: unknown): void {
    if (frame.invocation_id !== undefined && this.#running.has(running) && !running.isAborted) {
      try {
        this.#send(
          value === undefined
            ? answer(frame, frame.invocation_id)
            : answer(frame, frame.invocation_id, {
                result: value instanceof Payload ? value : Payload.ofValue(value),
              }),
        );
      } catch (error) {
        // The result cannot be written as JSON.
        this.#sendError(frame, errorToWire(error, frame.function_id));
      }
    }
    this.#finish(running);
  }

  #fail(frame: InvokeFunctionFrame, running: Running, error: unknown): void {
    if (frame.invocation_id === undefined) {
      this.#runtime.log.error(`Error invoking function ${frame.function_id}`, error);
    } else if (this.#running.has(running) && !running.isAborted) {
      this.#sendError(frame, errorToWire(error, frame.function_id));
    }
    this.#finish(running);
  }

  #finish(running: Running): void {
    if (!this.#running.delete(running)) return;
    if (running.invocationId !== undefined) this.#byInvocation.delete(running.invocationId);
    if (this.#running.size === 0) this.#wakeIdle();
  }

  #refuse(frame: InvokeFunctionFrame, error: ErrorBody): void {
    if (frame.invocation_id !== undefined) this.#sendError(frame, error);
  }

  #sendError(frame: InvokeFunctionFrame, error: ErrorBody): void {
    if (frame.invocation_id === undefined) return;
    this.#send(answer(frame, frame.invocation_id, { error }));
  }

  #wakeIdle(): void {
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const wake of waiters) wake();
  }
}

const NOT_FOUND: ErrorBody = { code: 'function_not_found', message: 'Function not found' };
const NOT_INVOKABLE: ErrorBody = {
  code: 'function_not_invokable',
  message: 'Function is HTTP-invoked and cannot be invoked locally',
};
const TRIGGER_TYPE_NOT_FOUND: ErrorBody = {
  code: 'trigger_type_not_found',
  message: 'Trigger type not found',
};

/** The frames a {@link Server} serves. */
export type ServedFrame = Extract<
  EngineFrame,
  { type: 'invokefunction' | 'registertrigger' | 'unregistertrigger' | 'cancelinvocation' }
>;

/** An answer that echoes the trace context of its call. */
function answer(
  { function_id, traceparent, baggage }: InvokeFunctionFrame,
  invocation_id: string,
  outcome?: { readonly result?: Payload; readonly error?: ErrorBody },
): InvocationResultFrame {
  const frame: { -readonly [K in keyof InvocationResultFrame]: InvocationResultFrame[K] } = {
    type: 'invocationresult',
    invocation_id,
    function_id,
  };
  if (outcome?.result !== undefined) frame.result = outcome.result;
  if (outcome?.error !== undefined) frame.error = outcome.error;
  if (traceparent !== undefined) frame.traceparent = traceparent;
  if (baggage !== undefined) frame.baggage = baggage;
  return frame;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}
