// SPDX-License-Identifier: Apache-2.0
import type { ErrorBody, HttpInvocation, InvocationAction, Payload } from '@iii-dev/protocol';
import type { RegistrationRejectedError } from './errors.ts';

// The published surface types data and results as `any`, so that untyped handlers compile.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Untyped = any;

/** Where a client stands; `failed` is final. */
export type IIIConnectionState =
  | 'disconnected'
  | 'connecting'
  | 'connected'
  | 'reconnecting'
  | 'failed';

/** How a call is to be carried out; made by `TriggerAction`. */
export type TriggerActionValue = InvocationAction;

/** What a handler learns about its call when it declares a third parameter. */
export interface InvocationContext {
  readonly functionId: string;
  /** Unset when nobody waits for the result. */
  readonly invocationId?: string;
  /** Aborts when the caller gave up or the connection the call came over is gone. */
  readonly signal: AbortSignal;
}

/** Serves calls of a function. What it returns is the result, what it throws the error. */
export type RemoteFunctionHandler<TInput = Untyped, TOutput = Untyped> = (
  data: TInput,
  metadata?: Untyped,
  context?: InvocationContext,
) => Promise<TOutput> | TOutput;

/** A function the engine serves by an HTTP call of its own. */
export interface HttpInvocationConfig {
  url: string;
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | undefined;
  timeout_ms?: number | undefined;
  headers?: Record<string, string> | undefined;
  auth?: HttpInvocation['auth'];
}

/** A request or response format: a JSON Schema or the older format object. */
export interface RegisterFunctionFormat {
  name?: string | undefined;
  description?: string | undefined;
  type?: string | undefined;
  [key: string]: unknown;
}

/** What may be told about a function. */
export interface RegisterFunctionOptions {
  description?: string | undefined;
  request_format?: unknown;
  response_format?: unknown;
  metadata?: Record<string, unknown> | undefined;
}

/** The older way to name a function, id and options in one object. */
export interface RegisterFunctionInput extends RegisterFunctionOptions {
  id: string;
}

/** Binds a function to events of a trigger type. */
export interface RegisterTriggerInput {
  type: string;
  function_id: string;
  config: Untyped;
  metadata?: Untyped;
  /** Namespace of the function. @default the worker's */
  namespace?: string | undefined;
  /** Namespace of the provider of the trigger type. */
  trigger_namespace?: string | undefined;
}

/** Declares a trigger type this worker provides. */
export interface RegisterTriggerTypeInput {
  id: string;
  description: string;
  namespace?: string | undefined;
  /** JSON Schema of a binding's config. */
  trigger_request_format?: unknown;
  /** JSON Schema of what bound functions are called with. */
  call_request_format?: unknown;
}

/** One binding, as its provider sees it. */
export interface TriggerConfig<TConfig = Untyped> {
  id: string;
  function_id: string;
  config: TConfig;
  metadata?: Untyped;
  namespace?: string | undefined;
}

/** What the provider of a trigger type does for a binding. A throw refuses the binding. */
export interface TriggerHandler<TConfig = Untyped> {
  registerTrigger(config: TriggerConfig<TConfig>): Promise<void> | void;
  unregisterTrigger(config: TriggerConfig<TConfig>): Promise<void> | void;
}

/** What the engine made of a registration; `unknown` when it is one that does not tell. */
export interface RegistrationOutcome {
  readonly outcome: 'accepted' | 'pending' | 'refused' | 'unknown';
  readonly reason?: string;
}

/** An outcome with what it is about, for `onRegistrationOutcome`. */
export interface RegistrationReport extends RegistrationOutcome {
  readonly kind: 'function' | 'trigger' | 'trigger_type';
  readonly id: string;
}

/** A registered function. */
export interface FunctionRef {
  readonly id: string;
  /** The engine's first word on it; waits for the connection, never rejects. */
  readonly registered: Promise<RegistrationOutcome>;
  unregister(): void;
}

/** A registered binding. */
export interface Trigger {
  readonly id: string;
  /** The engine's first word on it; waits for the connection, never rejects. */
  readonly registered: Promise<RegistrationOutcome>;
  unregister(): void;
}

/** A trigger type this worker provides. */
export interface TriggerTypeRef<TConfig = Untyped> {
  readonly id: string;
  /** The engine's first word on it; waits for the connection, never rejects. */
  readonly registered: Promise<RegistrationOutcome>;
  registerTrigger(functionId: string, config: TConfig, metadata?: Untyped): Trigger;
  /** Registers a function and binds it; `trigger` is the binding. */
  registerFunction(
    functionId: string,
    handler: RemoteFunctionHandler,
    config: TConfig,
    metadata?: Untyped,
  ): FunctionRef & { readonly trigger: Trigger };
  unregister(): void;
}

/** A call. */
export interface TriggerRequest<TInput = Untyped> {
  function_id: string;
  /** `undefined` is sent as `null`. */
  payload?: TInput;
  action?: TriggerActionValue | undefined;
  /** @default the client's `invocationTimeoutMs` */
  timeoutMs?: number | undefined;
  /** Travels beside the payload and is the handler's second argument. */
  metadata?: Untyped;
  namespace?: string | undefined;
  /** Gives the call up; the promise rejects with `CANCELLED` and the engine is told. */
  signal?: AbortSignal | undefined;
  /** Sends the call again when the connection is lost, instead of `CONNECTION_LOST`. @default false */
  idempotent?: boolean | undefined;
}

/** What {@link IIIClient.shutdown} may be told. */
export interface ShutdownOptions {
  /** How long running handlers may finish, ms. @default 3000 */
  drainTimeoutMs?: number | undefined;
}

/** A worker's connection to the engine. Every member may be detached from it. */
export interface IIIClient {
  /** Offers a function. Kept over reconnects until unregistered. @throws Error on a blank or taken id */
  registerFunction: <TInput = Untyped, TOutput = Untyped>(
    id: string | RegisterFunctionInput,
    handler: RemoteFunctionHandler<TInput, TOutput> | HttpInvocationConfig,
    options?: RegisterFunctionOptions,
  ) => FunctionRef;
  /** Binds a function to a trigger type, which need not exist yet. */
  registerTrigger: (input: RegisterTriggerInput) => Trigger;
  /** Provides a trigger type. */
  registerTriggerType: <TConfig = Untyped>(
    input: RegisterTriggerTypeInput,
    handler: TriggerHandler<TConfig>,
  ) => TriggerTypeRef<TConfig>;
  unregisterTriggerType: (input: { id: string; description?: string | undefined }) => void;
  /**
   * Calls a function. Resolves with its result; with `{ messageReceiptId }` for `Enqueue`; with
   * `undefined` at once for `Void`. Waits in a bounded queue while there is no connection.
   * @throws InvocationError with the code of what failed
   */
  trigger: <TInput = Untyped, TOutput = Untyped>(
    request: TriggerRequest<TInput>,
  ) => Promise<TOutput>;
  /** Takes no new calls and resolves when running handlers are done or `timeoutMs` is over. */
  drain: (timeoutMs?: number) => Promise<void>;
  /** Drains, then closes for good. May be called twice. */
  shutdown: (options?: ShutdownOptions) => Promise<void>;
  /** Resolves when the engine has taken this worker in; rejects when that can no longer happen. */
  ready: () => Promise<void>;
  getConnectionState: () => IIIConnectionState;
  /** Calls `listener` on every change of state; returns how to stop that. */
  onConnectionStateChange: (listener: (state: IIIConnectionState) => void) => () => void;
  /** Calls `listener` for every word of the engine on a registration; returns how to stop that. */
  onRegistrationOutcome: (listener: (report: RegistrationReport) => void) => () => void;
  getAddress: () => string;
  getFatalError: () => RegistrationRejectedError | undefined;
  /** The id the engine gave this worker, once connected. */
  getWorkerId: () => string | undefined;
}

/** A call whose payload and result are JSON text that is not parsed on the way. */
export interface RawTriggerRequest {
  function_id: string;
  payload: Payload;
  action?: TriggerActionValue | undefined;
  metadata?: Payload | undefined;
  namespace?: string | undefined;
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
  idempotent?: boolean | undefined;
  /** Instead of the active trace context. */
  traceparent?: string | undefined;
  baggage?: string | undefined;
}

/** Serves calls without parsing them. Returning nothing leaves the result out. */
export type RawHandler = (
  data: Payload,
  metadata?: Payload,
  context?: InvocationContext,
) => Promise<Payload | undefined> | Payload | undefined;

/** A client's calls without parsing. */
export interface RawCalls {
  trigger(request: RawTriggerRequest): Promise<Payload | undefined>;
  registerFunction(id: string, handler: RawHandler, options?: RegisterFunctionOptions): FunctionRef;
}

export type { ErrorBody };
