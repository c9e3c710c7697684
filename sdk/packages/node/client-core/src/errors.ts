// SPDX-License-Identifier: Apache-2.0
import type { ErrorBody, RegistrationRejectedFrame } from '@iii-dev/protocol';

/** What an {@link InvocationError} is made of. */
export interface InvocationErrorInit {
  code: string;
  message: string;
  function_id?: string | undefined;
  stacktrace?: string | undefined;
  cause?: unknown;
}

/**
 * A call failed: in the function, in the engine, or on the way (`TIMEOUT`, `CONNECTION_LOST`,
 * `OFFLINE_QUEUE_FULL`, `CANCELLED`). Decide by `code`. A handler that throws one makes its caller
 * see this code.
 */
export class InvocationError extends Error {
  readonly code: string;
  /** The function that was called; unset on errors a handler makes itself. */
  readonly function_id?: string;
  /** Stack of the remote handler, where it sent one. */
  readonly stacktrace?: string;

  constructor(init: InvocationErrorInit) {
    super(`${init.code}: ${init.message}`, init.cause === undefined ? {} : { cause: init.cause });
    this.name = 'InvocationError';
    this.code = init.code;
    if (init.function_id !== undefined) this.function_id = init.function_id;
    if (init.stacktrace !== undefined) this.stacktrace = init.stacktrace;
  }
}

/** The engine refused this worker, or one of its functions. */
export class RegistrationRejectedError extends Error {
  readonly code: string;
  readonly namespace: string;
  readonly worker_name?: string;
  readonly function_id?: string;
  readonly owner_worker_id: string;

  constructor(init: Omit<RegistrationRejectedFrame, 'type'>) {
    super(describeRejection(init));
    this.name = 'RegistrationRejectedError';
    this.code = init.code;
    this.namespace = init.namespace;
    if (init.worker_name !== undefined) this.worker_name = init.worker_name;
    if (init.function_id !== undefined) this.function_id = init.function_id;
    this.owner_worker_id = init.owner_worker_id;
  }
}

function describeRejection(init: Omit<RegistrationRejectedFrame, 'type'>): string {
  const subject =
    init.function_id !== undefined
      ? `function "${init.function_id}"`
      : `worker "${init.worker_name ?? ''}"`;
  return `${init.code}: registration rejected for ${subject} in namespace "${init.namespace}" (owned by worker ${init.owner_worker_id})`;
}

/** Whether a value is an error body as it stands on the wire. */
export function isErrorBody(value: unknown): value is ErrorBody {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message, stacktrace } = value as Record<string, unknown>;
  return (
    typeof code === 'string' &&
    typeof message === 'string' &&
    (stacktrace === undefined || typeof stacktrace === 'string')
  );
}

/** The error a caller gets for what the engine answered; anything odd goes under `UNKNOWN`. */
export function errorFromWire(error: unknown, functionId: string): InvocationError {
  if (isErrorBody(error)) {
    return new InvocationError({
      code: error.code,
      message: error.message,
      function_id: functionId,
      stacktrace: error.stacktrace,
    });
  }
  const message = typeof error === 'string' ? error : (JSON.stringify(error) ?? String(error));
  return new InvocationError({ code: 'UNKNOWN', message, function_id: functionId });
}

/**
 * What a handler's exception becomes on the wire. The code of an error the handler made itself is
 * kept; an error that bubbled up from a call of its own is a failure of the handler, since its code
 * speaks about another function.
 */
export function errorToWire(error: unknown, functionId: string): ErrorBody {
  if (!(error instanceof Error)) {
    return { code: 'invocation_failed', message: describeThrown(error) };
  }
  const stacktrace = error.stack === undefined ? {} : { stacktrace: error.stack };
  const own = error as Partial<InvocationError>;
  const isOwn = own.function_id === undefined || own.function_id === functionId;
  if (error.name === 'InvocationError' && typeof own.code === 'string' && isOwn) {
    const prefix = `${own.code}: `;
    const bare = error.message.startsWith(prefix)
      ? error.message.slice(prefix.length)
      : error.message;
    return { code: own.code, message: bare, ...stacktrace };
  }
  return { code: 'invocation_failed', message: error.message, ...stacktrace };
}

function describeThrown(thrown: unknown): string {
  if (isErrorBody(thrown)) return thrown.message;
  return String(thrown);
}
