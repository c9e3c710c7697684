// SPDX-License-Identifier: Apache-2.0
import type { Payload } from './payload.ts';

/** What went wrong, as it stands on the wire. */
export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly stacktrace?: string;
}

/** How a call is to be carried out when it is not a plain call. */
export type InvocationAction =
  | { readonly type: 'void' }
  | { readonly type: 'enqueue'; readonly queue: string };

// ---- worker → engine and engine → worker -------------------------------------------------------

export interface InvokeFunctionFrame {
  readonly type: 'invokefunction';
  readonly invocation_id?: string;
  readonly function_id: string;
  readonly data: Payload;
  readonly traceparent?: string;
  readonly baggage?: string;
  readonly action?: InvocationAction;
  readonly metadata?: Payload;
  readonly namespace?: string;
}

export interface InvocationResultFrame {
  readonly type: 'invocationresult';
  readonly invocation_id: string;
  readonly function_id: string;
  /** Absent when the handler returned nothing; `null` is passed on as `null`. */
  readonly result?: Payload;
  /** Wins over `result`. */
  readonly error?: ErrorBody;
  readonly traceparent?: string;
  readonly baggage?: string;
}

export interface RegisterTriggerFrame {
  readonly type: 'registertrigger';
  readonly id: string;
  readonly trigger_type: string;
  readonly function_id: string;
  readonly config: Payload;
  readonly metadata?: Payload;
  /** Namespace of the target function. */
  readonly namespace?: string;
  /** Namespace of the provider. */
  readonly trigger_namespace?: string;
}

export interface UnregisterTriggerFrame {
  readonly type: 'unregistertrigger';
  readonly id: string;
  readonly trigger_type?: string;
}

export interface TriggerRegistrationResultFrame {
  readonly type: 'triggerregistrationresult';
  readonly id: string;
  readonly trigger_type: string;
  readonly function_id: string;
  readonly error?: ErrorBody;
}

export interface PingFrame {
  readonly type: 'ping';
}

export interface PongFrame {
  readonly type: 'pong';
}

/** The caller has given up on a call; best effort, older peers ignore it. */
export interface CancelInvocationFrame {
  readonly type: 'cancelinvocation';
  readonly invocation_id: string;
}

// ---- worker → engine ---------------------------------------------------------------------------

export interface HttpInvocation {
  readonly url: string;
  readonly method?: string;
  readonly timeout_ms?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly auth?: unknown;
}

export interface RegisterFunctionFrame {
  readonly type: 'registerfunction';
  readonly id: string;
  readonly description?: string;
  readonly request_format?: Payload;
  readonly response_format?: Payload;
  readonly metadata?: Payload;
  readonly invocation?: HttpInvocation;
}

export interface UnregisterFunctionFrame {
  readonly type: 'unregisterfunction';
  readonly id: string;
}

export interface RegisterTriggerTypeFrame {
  readonly type: 'registertriggertype';
  readonly id: string;
  readonly description: string;
  readonly trigger_request_format?: Payload;
  readonly call_request_format?: Payload;
  readonly namespace?: string;
}

export interface UnregisterTriggerTypeFrame {
  readonly type: 'unregistertriggertype';
  readonly id: string;
  readonly namespace?: string;
}

export interface RegisterServiceFrame {
  readonly type: 'registerservice';
  readonly id: string;
  readonly name?: string;
  readonly description?: string;
  readonly parent_service_id?: string;
}

export interface ReattachFrame {
  readonly type: 'reattach';
  readonly previous_worker_id: string;
  readonly reattach_token?: string;
}

/** The worker finishes what it has and gets no new calls. */
export interface DrainingFrame {
  readonly type: 'draining';
}

/** Everything a worker may say. */
export type WorkerFrame =
  | InvokeFunctionFrame
  | InvocationResultFrame
  | RegisterFunctionFrame
  | UnregisterFunctionFrame
  | RegisterTriggerFrame
  | UnregisterTriggerFrame
  | RegisterTriggerTypeFrame
  | UnregisterTriggerTypeFrame
  | TriggerRegistrationResultFrame
  | RegisterServiceFrame
  | ReattachFrame
  | DrainingFrame
  | CancelInvocationFrame
  | PingFrame
  | PongFrame;

// ---- engine → worker ---------------------------------------------------------------------------

export interface WorkerRegisteredFrame {
  readonly type: 'workerregistered';
  readonly worker_id: string;
  readonly reattach_token?: string;
  /** What this engine understands beyond the common protocol; unknown names are to be ignored. */
  readonly capabilities?: readonly string[];
}

export interface RegistrationRejectedFrame {
  readonly type: 'registrationrejected';
  readonly code: string;
  readonly namespace: string;
  readonly worker_name?: string;
  readonly function_id?: string;
  readonly owner_worker_id: string;
}

/** What became of one registration; sent only to workers that announced `registration_outcome`. */
export interface RegistrationOutcomeFrame {
  readonly type: 'registrationoutcome';
  readonly kind: 'function' | 'trigger' | 'trigger_type';
  readonly id: string;
  readonly outcome: 'accepted' | 'pending' | 'refused';
  readonly reason?: string;
}

export interface ErrorFrame {
  readonly type: 'error';
  readonly error: ErrorBody;
}

/** Everything an engine may say. */
export type EngineFrame =
  | WorkerRegisteredFrame
  | InvokeFunctionFrame
  | InvocationResultFrame
  | RegisterTriggerFrame
  | UnregisterTriggerFrame
  | TriggerRegistrationResultFrame
  | RegistrationRejectedFrame
  | RegistrationOutcomeFrame
  | CancelInvocationFrame
  | PingFrame
  | PongFrame
  | ErrorFrame;

/** Every message of the protocol, told apart by `type`. */
export type Frame = WorkerFrame | EngineFrame;
