// SPDX-License-Identifier: Apache-2.0
// The client: joins connection, calls, registrations and serving into the public object.
//
//   I1  On open: reattach, announcement, trigger types, functions, triggers, queued calls.
//   I2  A registration made while open is sent at once and kept; while offline it is only kept.
//       So no connection is ever told the same thing twice.
//   I3  `ended` is final; from then on every call rejects with the reason.
import {
  DEFAULT_NAMESPACE,
  type EngineFrame,
  type HttpInvocation,
  Payload,
  type RegisterFunctionFrame,
  type RegisterTriggerFrame,
  type RegisterTriggerTypeFrame,
  type RegistrationRejectedFrame,
  type Transport,
  type TriggerRegistrationResultFrame,
  type WorkerFrame,
  type WorkerRegisteredFrame,
} from '@iii-dev/protocol';
import type {
  FunctionRef,
  HttpInvocationConfig,
  IIIClient,
  IIIConnectionState,
  RawHandler,
  RawTriggerRequest,
  RegisterFunctionInput,
  RegisterFunctionOptions,
  RegisterTriggerInput,
  RegisterTriggerTypeInput,
  RegistrationOutcome,
  RegistrationReport,
  RemoteFunctionHandler,
  Trigger,
  TriggerHandler,
  TriggerRequest,
  TriggerTypeRef,
} from './api.ts';
import { Caller } from './caller.ts';
import { Connection } from './connection.ts';
import { RegistrationRejectedError } from './errors.ts';
import { checkNamespace } from './namespaces.ts';
import { type FunctionBody, Registrations } from './registrations.ts';
import type { ClientOptions, ClientRuntime } from './runtime.ts';
import { Server } from './serve.ts';

const REGISTER_WORKER = 'engine::workers::register';
/** What this client understands beyond the common protocol. */
const CAPABILITIES = ['registration_outcome', 'cancel'] as const;
/** How long `shutdown` lets running handlers finish, ms: a handler's usual work, not a person's wait. */
const DRAIN_TIMEOUT_MS = 3_000;

type Life =
  | { readonly kind: 'active' }
  | { readonly kind: 'draining' }
  | { readonly kind: 'ended'; readonly error: Error };

/** Who the engine takes us for; lasts over connections for the reattach. */
interface Identity {
  readonly workerId: string;
  readonly token: string | undefined;
}

/** The client without a runtime. `start` connects; `toPublic` is what users hold. */
export class Client {
  readonly #options: ClientOptions;
  readonly #runtime: ClientRuntime;
  readonly #connection: Connection;
  readonly #registrations = new Registrations();
  readonly #caller: Caller;
  readonly #server: Server;
  #life: Life = { kind: 'active' };
  #identity: Identity | undefined;
  /** What the engine of this connection announced; unset until it has spoken. */
  #capabilities: readonly string[] | undefined;
  #isTakenIn = false;
  #readyWaiters: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #fatalError: RegistrationRejectedError | undefined;
  #shutdown: Promise<void> | undefined;
  readonly #stateListeners = new Set<(state: IIIConnectionState) => void>();
  readonly #outcomeListeners = new Set<(report: RegistrationReport) => void>();

  constructor(transport: Transport, options: ClientOptions, runtime: ClientRuntime) {
    this.#options = options;
    this.#runtime = runtime;
    this.#connection = new Connection(
      transport,
      {
        onOpen: () => this.#onOpen(),
        onFrame: (frame) => this.#onFrame(frame),
        onLost: () => this.#onLost(),
        onGivenUp: () => this.#end(new Error('iii has given up reconnecting')),
        onState: (state) => {
          for (const listener of this.#stateListeners) listener(state);
        },
      },
      {
        reconnection: options.reconnection,
        handshakeTimeoutMs: options.handshakeTimeoutMs,
        keepalive: options.keepalive,
        random: runtime.random,
        log: runtime.log,
      },
    );
    const send = (frame: WorkerFrame) => this.#connection.send(frame);
    this.#caller = new Caller(options, runtime, send);
    this.#server = new Server(this.#registrations, runtime, send);
  }

  start(): void {
    this.#connection.start();
  }

  /** Sends telemetry bytes; false when there is no connection. */
  sendBinary(bytes: Uint8Array): boolean {
    return this.#connection.sendBinary(bytes);
  }

  // ---- calls -------------------------------------------------------------------------------------

  trigger(request: TriggerRequest): Promise<unknown> {
    return this.#caller.call(
      request,
      toPayload(request.payload),
      request.metadata === undefined ? undefined : toPayload(request.metadata),
      readValue,
    );
  }

  triggerRaw(request: RawTriggerRequest): Promise<Payload | undefined> {
    return this.#caller.call(request, request.payload, request.metadata, readRaw);
  }

  // ---- registrations -----------------------------------------------------------------------------

  registerFunction(
    idOrInput: string | RegisterFunctionInput,
    handler: RemoteFunctionHandler | HttpInvocationConfig,
    options?: RegisterFunctionOptions,
  ): FunctionRef {
    const input = typeof idOrInput === 'string' ? { ...options, id: idOrInput } : idOrInput;
    return typeof handler === 'function'
      ? this.#addFunction(input, { kind: 'values', handler })
      : this.#addFunction(input, { kind: 'http' }, handler);
  }

  registerRawFunction(
    id: string,
    handler: RawHandler,
    options?: RegisterFunctionOptions,
  ): FunctionRef {
    return this.#addFunction({ ...options, id }, { kind: 'raw', handler });
  }

  registerTrigger(input: RegisterTriggerInput): Trigger {
    const id = this.#runtime.newId();
    // Callers of the first SDKs spell the key as the wire does.
    const triggerType = input.type ?? (input as { trigger_type?: string }).trigger_type;
    const namespace = checkNamespace(input.namespace) ?? this.#options.namespace;
    const triggerNamespace = checkNamespace(input.trigger_namespace);
    const frame: RegisterTriggerFrame = {
      type: 'registertrigger',
      id,
      trigger_type: triggerType,
      function_id: input.function_id,
      config: snapshot(input.config),
      ...optionalPayload('metadata', input.metadata),
      ...(namespace === undefined ? {} : { namespace }),
      ...(triggerNamespace === undefined ? {} : { trigger_namespace: triggerNamespace }),
    };
    const registered = this.#register(frame, this.#registrations.addTrigger(frame));
    const unregister = () => {
      if (!this.#registrations.triggers.delete(id)) return;
      const gone = { type: 'unregistertrigger', id, trigger_type: triggerType } as const;
      if (!this.#connection.send(gone)) this.#registrations.rememberRemoved(gone);
    };
    return { id, registered, unregister };
  }

  registerTriggerType(input: RegisterTriggerTypeInput, handler: TriggerHandler): TriggerTypeRef {
    const { id } = input;
    const namespace = checkNamespace(input.namespace);
    const frame: RegisterTriggerTypeFrame = {
      type: 'registertriggertype',
      id,
      description: input.description,
      ...optionalPayload('trigger_request_format', input.trigger_request_format),
      ...optionalPayload('call_request_format', input.call_request_format),
      ...(namespace === undefined ? {} : { namespace }),
    };
    const registered = this.#register(frame, this.#registrations.addTriggerType(frame, handler));
    const bind: TriggerTypeRef['registerTrigger'] = (functionId, config, metadata) =>
      this.registerTrigger({ type: id, function_id: functionId, config, metadata });
    return {
      id,
      registered,
      registerTrigger: bind,
      registerFunction: (functionId, serve, config, metadata) => {
        const ref = this.registerFunction(functionId, serve);
        return { ...ref, trigger: bind(functionId, config, metadata) };
      },
      unregister: () => this.unregisterTriggerType({ id }),
    };
  }

  unregisterTriggerType({ id }: { readonly id: string }): void {
    const kept = this.#registrations.triggerTypes.get(id);
    this.#registrations.triggerTypes.delete(id);
    const namespace = kept?.frame.namespace;
    this.#connection.send({
      type: 'unregistertriggertype',
      id,
      ...(namespace === undefined ? {} : { namespace }),
    });
  }

  #addFunction(
    input: RegisterFunctionInput,
    body: FunctionBody,
    http?: HttpInvocationConfig,
  ): FunctionRef {
    const { id } = input;
    if (!id?.trim()) throw new Error('id is required');
    if (this.#registrations.functions.has(id)) {
      throw new Error(`function id already registered: ${id}`);
    }
    const frame: RegisterFunctionFrame = {
      type: 'registerfunction',
      id,
      ...(input.description === undefined ? {} : { description: input.description }),
      ...optionalPayload('request_format', input.request_format),
      ...optionalPayload('response_format', input.response_format),
      ...optionalPayload('metadata', input.metadata),
      ...(http === undefined ? {} : { invocation: httpInvocation(http) }),
    };
    const registered = this.#register(frame, this.#registrations.addFunction(frame, body));
    const unregister = () => {
      if (this.#registrations.functions.get(id)?.frame !== frame) return;
      this.#registrations.functions.delete(id);
      this.#connection.send({ type: 'unregisterfunction', id });
    };
    return { id, registered, unregister };
  }

  /** Sends a registration that has just been kept (I2). */
  #register(
    frame: RegisterFunctionFrame | RegisterTriggerFrame | RegisterTriggerTypeFrame,
    registered: Promise<RegistrationOutcome>,
  ): Promise<RegistrationOutcome> {
    const isSent = this.#connection.send(frame);
    if (this.#life.kind === 'ended' || (isSent && this.#isTakenIn && !this.#tellsOutcomes())) {
      this.#registrations.tell({ kind: kindOf(frame), id: frame.id, outcome: 'unknown' });
    }
    return registered;
  }

  // ---- connection --------------------------------------------------------------------------------

  #onOpen(): void {
    this.#isTakenIn = false;
    this.#capabilities = undefined;
    this.#caller.canCancel = false;
    const { log } = this.#runtime;
    if (this.#identity) {
      const { workerId, token } = this.#identity;
      this.#connection.send({
        type: 'reattach',
        previous_worker_id: workerId,
        ...(token === undefined ? {} : { reattach_token: token }),
      });
    }
    this.#announce();
    try {
      for (const frame of this.#registrations.replay()) this.#connection.send(frame);
    } catch (error) {
      log.error('Exception while sending message', error);
    }
    this.#caller.flush();
  }

  #announce(): void {
    const data = { ...this.#runtime.announcement(), capabilities: CAPABILITIES };
    const trace = this.#runtime.tracing.current();
    this.#connection.send({
      type: 'invokefunction',
      function_id: REGISTER_WORKER,
      data: Payload.ofValue(data),
      action: { type: 'void' },
      namespace: DEFAULT_NAMESPACE,
      ...(trace?.traceparent === undefined ? {} : { traceparent: trace.traceparent }),
      ...(trace?.baggage === undefined ? {} : { baggage: trace.baggage }),
    });
  }

  #onLost(): void {
    this.#isTakenIn = false;
    this.#caller.canCancel = false;
    this.#server.loseConnection();
    this.#caller.loseConnection();
  }

  #onFrame(frame: EngineFrame): void {
    switch (frame.type) {
      case 'invocationresult':
        return this.#caller.settle(frame);
      case 'invokefunction':
        return this.#server.invoke(frame);
      case 'cancelinvocation':
        return this.#server.cancel(frame.invocation_id);
      case 'registertrigger':
        return void this.#server.bind(frame);
      case 'unregistertrigger':
        return void this.#server.unbind(frame);
      case 'triggerregistrationresult':
        return this.#onTriggerResult(frame);
      case 'registrationoutcome': {
        const { type: _, ...report } = frame;
        return this.#report(report);
      }
      case 'workerregistered':
        return this.#onWorkerRegistered(frame);
      case 'registrationrejected':
        return this.#onRejected(frame);
      case 'error':
        return this.#runtime.log.error(
          `Engine refused the connection: ${frame.error.code}: ${frame.error.message}`,
        );
      case 'ping':
        this.#connection.send({ type: 'pong' });
        return;
      case 'pong':
        return;
      default:
        return frame satisfies never;
    }
  }

  #onWorkerRegistered(frame: WorkerRegisteredFrame): void {
    this.#identity = { workerId: frame.worker_id, token: frame.reattach_token };
    this.#capabilities = frame.capabilities;
    this.#isTakenIn = true;
    this.#caller.canCancel = frame.capabilities?.includes('cancel') ?? false;
    if (!this.#tellsOutcomes()) this.#registrations.tellAllUnknown();
    // Only an engine that names capabilities is new enough to know the frame.
    if (this.#life.kind === 'draining') this.#sendDraining();
    this.#runtime.log.debug(`[iii] Worker registered with ID: ${frame.worker_id}`);
    this.#runtime.onRegistered?.(frame.worker_id);
    const waiters = this.#readyWaiters;
    this.#readyWaiters = [];
    for (const { resolve } of waiters) resolve();
  }

  #onRejected(frame: RegistrationRejectedFrame): void {
    const error = new RegistrationRejectedError(frame);
    if (frame.code === 'FUNCTION_NAMESPACE_CONFLICT') {
      this.#runtime.log.warn(`[iii] ${error.message}`);
      if (frame.function_id !== undefined) {
        const { function_id: id, code: reason } = frame;
        this.#report({ kind: 'function', id, outcome: 'refused', reason });
      }
      return;
    }
    this.#fatalError = error;
    this.#runtime.log.error('Registration rejected by engine', error);
    this.#connection.end('failed');
    this.#end(error);
    this.#runtime.onFatal?.(error);
  }

  #onTriggerResult(frame: TriggerRegistrationResultFrame): void {
    if (frame.error === undefined) return;
    const { id, trigger_type, error } = frame;
    this.#runtime.log.error(
      `Trigger registration failed for "${id}" (${trigger_type}): ${error.message}`,
    );
    const reason = `${error.code}: ${error.message}`;
    this.#report({ kind: 'trigger', id, outcome: 'refused', reason });
  }

  #report(report: RegistrationReport): void {
    this.#registrations.tell(report);
    for (const listener of this.#outcomeListeners) listener(report);
  }

  #tellsOutcomes(): boolean {
    return this.#capabilities?.includes('registration_outcome') ?? false;
  }

  #sendDraining(): void {
    if (this.#capabilities !== undefined) this.#connection.send({ type: 'draining' });
  }

  // ---- life --------------------------------------------------------------------------------------

  ready(): Promise<void> {
    if (this.#isTakenIn) return Promise.resolve();
    if (this.#life.kind === 'ended') return Promise.reject(this.#life.error);
    return new Promise((resolve, reject) => {
      this.#readyWaiters.push({ resolve, reject });
    });
  }

  async drain(timeoutMs: number = DRAIN_TIMEOUT_MS): Promise<void> {
    if (this.#life.kind === 'ended') return;
    if (this.#life.kind === 'active') {
      this.#life = { kind: 'draining' };
      this.#sendDraining();
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#server.onceIdle(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  shutdown(drainTimeoutMs: number = DRAIN_TIMEOUT_MS): Promise<void> {
    this.#shutdown ??= this.#drainAndClose(drainTimeoutMs);
    return this.#shutdown;
  }

  async #drainAndClose(drainTimeoutMs: number): Promise<void> {
    // With nothing to drain, the end does not wait for a turn of the loop.
    if (this.#server.runningCount > 0) await this.drain(drainTimeoutMs);
    this.#connection.end('closed');
    this.#end(new Error('iii is shutting down'));
  }

  #end(error: Error): void {
    if (this.#life.kind === 'ended') return;
    this.#life = { kind: 'ended', error };
    this.#isTakenIn = false;
    this.#server.loseConnection();
    this.#caller.end(error);
    this.#registrations.tellAllUnknown();
    const waiters = this.#readyWaiters;
    this.#readyWaiters = [];
    for (const { reject } of waiters) reject(error);
  }

  // ---- the public object -------------------------------------------------------------------------

  /** The public object: own arrow properties, so that members may be detached. */
  toPublic(): IIIClient {
    return {
      registerFunction: (id, handler, options) =>
        // The handler's types are the user's claim about what is sent.
        this.registerFunction(id, handler as RemoteFunctionHandler | HttpInvocationConfig, options),
      registerTrigger: (input) => this.registerTrigger(input),
      registerTriggerType: (input, handler) => this.registerTriggerType(input, handler),
      unregisterTriggerType: (input) => this.unregisterTriggerType(input),
      // The result's type is the caller's claim about the function.
      trigger: (request) => this.trigger(request) as Promise<never>,
      drain: (timeoutMs) => this.drain(timeoutMs),
      shutdown: (options) => this.shutdown(options?.drainTimeoutMs),
      ready: () => this.ready(),
      getConnectionState: () => this.#connection.state,
      onConnectionStateChange: (listener) => subscribe(this.#stateListeners, listener),
      onRegistrationOutcome: (listener) => subscribe(this.#outcomeListeners, listener),
      getAddress: () => this.#connection.address,
      getFatalError: () => this.#fatalError,
      getWorkerId: () => this.#identity?.workerId,
    };
  }
}

function subscribe<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

const readValue = (result: Payload | undefined): unknown => result?.value;
const readRaw = (result: Payload | undefined): Payload | undefined => result;

function toPayload(value: unknown): Payload {
  return value instanceof Payload ? value : Payload.ofValue(value);
}

/** A payload as it is at this moment: it is sent again on later connections. */
function snapshot(value: unknown): Payload {
  return value instanceof Payload ? value : Payload.ofText(Payload.ofValue(value).text);
}

function optionalPayload<K extends string>(key: K, value: unknown): { [P in K]?: Payload } {
  return value === undefined ? {} : ({ [key]: snapshot(value) } as { [P in K]: Payload });
}

function kindOf(
  frame: RegisterFunctionFrame | RegisterTriggerFrame | RegisterTriggerTypeFrame,
): RegistrationReport['kind'] {
  switch (frame.type) {
    case 'registerfunction':
      return 'function';
    case 'registertrigger':
      return 'trigger';
    case 'registertriggertype':
      return 'trigger_type';
    default:
      return frame satisfies never;
  }
}

function httpInvocation(config: HttpInvocationConfig): HttpInvocation {
  const { url, method, timeout_ms, headers, auth } = config;
  return {
    url,
    method: method ?? 'POST',
    ...(timeout_ms === undefined ? {} : { timeout_ms }),
    ...(headers === undefined ? {} : { headers }),
    ...(auth === undefined ? {} : { auth }),
  };
}
