// SPDX-License-Identifier: Elastic-2.0
import { randomUUID } from 'node:crypto';
import {
  DEFAULT_NAMESPACE,
  type InvocationResultFrame,
  type InvokeFunctionFrame,
  OUTBOUND_PAUSE_BYTES,
  Payload,
  PYTHON_MESSAGE_BYTES,
  spliceCallerWorkerId,
  withFunctionId,
} from '@iii-dev/protocol';
import type { Connection, HeldCall } from './connection.ts';
import {
  type FunctionEntry,
  type FunctionRegistry,
  isBuiltIn,
  type Provider,
  type WorkerProvider,
} from './function-registry.ts';
import {
  failed,
  type Invocation,
  record,
  type Settlement,
  settle,
  tell,
  type Waiter,
} from './invocations.ts';
import type { EngineLog } from './log.ts';

/**
 * The way of a call, top to bottom:
 * frame → check → resolve (namespace, id) → choose a provider → record → send → … result → settle.
 *
 * I1  A call is in the books before its frame is sent, so no answer can be too fast.
 * I2  Calls of one connection to one provider keep their order: nothing here waits.
 * I3  A payload is never parsed on its way; text stays text.
 * I4  Only the worker that has a call in hand can answer it: results are looked up in its own books.
 */

/** What the way of a call needs of the hub. */
export interface Router {
  readonly functions: FunctionRegistry;
  readonly log: EngineLog;
  readonly now: () => number;
  /** Set when the engine is stopping: no new calls are taken. */
  readonly isStopping: boolean;
  /** A connection whose parked registrations hold this id; the call waits for it. */
  parkedProvider(functionId: string): Connection | undefined;
}

/** A call made by the engine itself: a trigger fired, a hand-over to the queue. */
export interface EngineCall {
  readonly functionId: string;
  readonly namespace: string;
  readonly data: Payload;
  readonly metadata?: Payload | undefined;
  readonly traceparent?: string | undefined;
  readonly baggage?: string | undefined;
}

/** Takes a call from a worker. Every call with an id gets exactly one answer. */
export function routeCall(router: Router, caller: Connection, frame: InvokeFunctionFrame): void {
  const waiter = waiterOf(caller, frame);

  const refusal = refuse(router, caller, frame);
  if (refusal) return tell(waiter, frame.function_id, refusal);

  if (frame.action?.type === 'enqueue') {
    return enqueue(router, frame, frame.action.queue, waiter);
  }

  const namespace = frame.namespace ?? DEFAULT_NAMESPACE;
  const entry = resolve(router.functions, namespace, frame.function_id);
  const provider = entry && router.functions.choose(entry);
  if (!entry || !provider) {
    if (hold(router, caller, frame)) return;
    return tell(
      waiter,
      frame.function_id,
      notFound(router.functions, namespace, frame.function_id),
    );
  }

  // What the engine's own workers deliver (a request, a job, an event) arrives as it was given.
  const data = caller.builtIn ? frame.data : spliceCallerWorkerId(frame.data, caller.id);
  if (provider.kind === 'engine') {
    void callEngineFunction(frame.function_id, provider, data, caller, waiter);
    return;
  }
  const traced = frame.traceparent !== undefined || frame.baggage !== undefined;
  dispatch(router, provider, {
    functionId: frame.function_id,
    data,
    metadata: frame.metadata,
    traceparent: frame.traceparent,
    baggage:
      traced && !isBuiltIn(entry)
        ? withFunctionId(frame.baggage, frame.function_id)
        : frame.baggage,
    waiter,
    wantedId: frame.invocation_id,
  });
  relieve(caller, provider.connection);
}

/** Takes an answer from the worker that has the call in hand; any other is too late or not its own. */
export function routeResult(executor: Connection, frame: InvocationResultFrame): void {
  const invocation = executor.executing.get(frame.invocation_id);
  if (!invocation) return;
  settle(
    invocation,
    frame.error ? { kind: 'error', error: frame.error } : { kind: 'ok', result: frame.result },
  );
}

/** Makes a call for the engine; resolves with what it came to, never rejects. */
export function callFromEngine(router: Router, call: EngineCall): Promise<Settlement> {
  return new Promise((resolveCall) => {
    const waiter: Waiter = { kind: 'engine', settle: resolveCall };
    const entry = resolve(router.functions, call.namespace, call.functionId);
    const provider = entry && router.functions.choose(entry);
    if (!provider) {
      resolveCall(
        failed(
          'function_not_found',
          `Function ${call.functionId} not found in namespace ${call.namespace}`,
        ),
      );
      return;
    }
    if (provider.kind === 'engine') {
      void callEngineFunction(call.functionId, provider, call.data, null, waiter);
      return;
    }
    dispatch(router, provider, { ...call, waiter, wantedId: undefined });
  });
}

/** Tries a held call again, now that the registrations it waited for are applied. */
export function releaseHeldCall(router: Router, held: HeldCall): void {
  if (!held.caller.isClosed) routeCall(router, held.caller, held.frame);
}

// ---- steps -------------------------------------------------------------------------------------

function waiterOf(caller: Connection, frame: InvokeFunctionFrame): Waiter {
  if (frame.invocation_id === undefined || frame.action?.type === 'void') return { kind: 'nobody' };
  return {
    kind: 'worker',
    connection: caller,
    invocationId: frame.invocation_id,
    traceparent: frame.traceparent,
    baggage: frame.baggage,
  };
}

function refuse(
  router: Router,
  caller: Connection,
  frame: InvokeFunctionFrame,
): Settlement | undefined {
  // What is in hand may need further calls to finish; only work that would be new is turned away.
  if (router.isStopping && caller.executing.size === 0 && !caller.builtIn) {
    return failed('engine_stopping', 'The engine is shutting down and takes no new calls.');
  }
  if (frame.namespace !== undefined && frame.namespace.trim() === '') {
    return failed(
      'INVALID_NAMESPACE',
      '`namespace` is empty: leave it out to call a function of namespace "default", or name one.',
    );
  }
  return undefined;
}

/**
 * Exactly one namespace counts. Only what the engine itself serves in `default` is reachable from
 * everywhere, so that a namespaced worker can use state, streams and the like without saying so.
 */
function resolve(
  functions: FunctionRegistry,
  namespace: string,
  id: string,
): FunctionEntry | undefined {
  const entry = functions.find(namespace, id);
  if (entry || namespace === DEFAULT_NAMESPACE) return entry;
  const shared = functions.find(DEFAULT_NAMESPACE, id);
  return shared && isBuiltIn(shared) ? shared : undefined;
}

/** Waits for registrations that have arrived but whose namespace is not known yet. */
function hold(router: Router, caller: Connection, frame: InvokeFunctionFrame): boolean {
  const parked = router.parkedProvider(frame.function_id);
  if (parked?.lifecycle.kind !== 'unplaced') return false;
  parked.lifecycle.held.push({ caller, frame });
  return true;
}

interface Dispatch extends Omit<EngineCall, 'namespace'> {
  readonly waiter: Waiter;
  readonly wantedId: string | undefined;
}

function dispatch(router: Router, provider: WorkerProvider, call: Dispatch): void {
  const executor = provider.connection;
  const { waiter } = call;
  if (waiter.kind === 'worker') {
    const earlier = waiter.connection.calling.get(waiter.invocationId);
    if (earlier) {
      settle(
        earlier,
        failed('invocation_error', `Invocation id ${waiter.invocationId} was used again.`),
      );
    }
  }
  // Another caller may have chosen the same id: it must not be able to answer or stop this call.
  const wanted = waiter.kind === 'worker' ? call.wantedId : undefined;
  const executorId =
    wanted !== undefined && !executor.executing.has(wanted) ? wanted : randomUUID();
  const invocation: Invocation = {
    executorId,
    functionId: call.functionId,
    provider,
    waiter,
    startedAtMs: router.now(),
  };
  record(invocation);
  warnOfPythonLimit(router, executor, call);
  const outcome = executor.send({
    type: 'invokefunction',
    invocation_id: executorId,
    function_id: call.functionId,
    data: call.data,
    ...(call.traceparent !== undefined && { traceparent: call.traceparent }),
    ...(call.baggage !== undefined && { baggage: call.baggage }),
    ...(call.metadata !== undefined && { metadata: call.metadata }),
  });
  if (outcome.kind === 'sent') return;
  settle(
    invocation,
    outcome.kind === 'gone'
      ? failed('invocation_stopped', 'Invocation stopped')
      : failed(
          'channel_send_failed',
          `The worker serving ${call.functionId} does not keep up: ${executor.link.bufferedBytes} bytes wait for it.`,
        ),
  );
}

/** Lets a caller feel that its provider is slow, until the provider has caught up. */
function relieve(caller: Connection, executor: Connection): void {
  if (executor.link.bufferedBytes <= OUTBOUND_PAUSE_BYTES || caller === executor) return;
  caller.link.pause();
  executor.link.onceDrained(() => caller.link.resume());
}

async function callEngineFunction(
  functionId: string,
  provider: Extract<Provider, { kind: 'engine' }>,
  data: Payload,
  caller: Connection | null,
  waiter: Waiter,
): Promise<void> {
  tell(waiter, functionId, await runEngineFunction(functionId, provider, data, caller));
}

/** An error an engine function answers with; its code reaches the caller. */
export class EngineFunctionError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'EngineFunctionError';
    this.code = code;
  }
}

async function runEngineFunction(
  functionId: string,
  provider: Extract<Provider, { kind: 'engine' }>,
  data: Payload,
  caller: Connection | null,
): Promise<Settlement> {
  if (!data.isObject) {
    return failed(
      'deserialization_error',
      `Failed to deserialize input for ${functionId}: expected a JSON object, got ${data.text.slice(0, 40)}`,
    );
  }
  try {
    // An object, as checked above.
    const value = provider.handler(data.value as Record<string, unknown>, caller);
    // Answers that are ready at once go out before any later frame is read.
    const result = value instanceof Promise ? await value : value;
    return { kind: 'ok', result: Payload.ofValue(result) };
  } catch (error) {
    if (error instanceof EngineFunctionError) return failed(error.code, error.message);
    return failed('invocation_failed', error instanceof Error ? error.message : String(error));
  }
}

function notFound(functions: FunctionRegistry, namespace: string, id: string): Settlement {
  const elsewhere = functions.namespacesOf(id).filter((name) => name !== namespace);
  const hint =
    elsewhere.length > 0 ? ` It is registered in namespace(s): ${elsewhere.join(', ')}.` : '';
  return failed('function_not_found', `Function ${id} not found in namespace ${namespace}.${hint}`);
}

// ---- hand-over to the queue ----------------------------------------------------------------------

const ENQUEUE_FUNCTION = 'engine::queue::enqueue';

function enqueue(router: Router, frame: InvokeFunctionFrame, queue: string, waiter: Waiter): void {
  const receipt = randomUUID();
  const traced = frame.traceparent !== undefined || frame.baggage !== undefined;
  const baggage = traced ? withFunctionId(frame.baggage, frame.function_id) : undefined;
  const fields = [
    `"queue":${JSON.stringify(queue)}`,
    `"function_id":${JSON.stringify(frame.function_id)}`,
    `"data":${frame.data.text}`,
    `"messageReceiptId":"${receipt}"`,
    `"traceparent":${JSON.stringify(frame.traceparent ?? null)}`,
    `"baggage":${JSON.stringify(baggage ?? null)}`,
  ];
  if (frame.namespace !== undefined && frame.namespace !== DEFAULT_NAMESPACE) {
    fields.push(`"namespace":${JSON.stringify(frame.namespace)}`);
  }
  if (frame.metadata) fields.push(`"metadata":${frame.metadata.text}`);
  void callFromEngine(router, {
    functionId: ENQUEUE_FUNCTION,
    namespace: DEFAULT_NAMESPACE,
    data: Payload.ofText(`{${fields.join(',')}}`),
  }).then((settlement) => tell(waiter, frame.function_id, enqueueAnswer(settlement, receipt)));
}

function enqueueAnswer(settlement: Settlement, receipt: string): Settlement {
  if (settlement.kind === 'ok') {
    return { kind: 'ok', result: Payload.ofValue({ messageReceiptId: receipt }) };
  }
  const { code, message } = settlement.error;
  if (code === 'function_not_found') {
    return failed(
      'enqueue_error',
      `No queue is running: nobody provides ${ENQUEUE_FUNCTION}. Add one with \`iii worker add queue\`.`,
    );
  }
  return failed('enqueue_error', `${code}: ${message}`);
}

function warnOfPythonLimit(router: Router, executor: Connection, call: Dispatch): void {
  if (executor.info.runtime !== 'python') return;
  const { length } = call.data.text;
  if (length <= PYTHON_MESSAGE_BYTES) return;
  router.log.warn('Message exceeds the default limit of the Python client, which may disconnect', {
    function_id: call.functionId,
    size: length,
    limit: PYTHON_MESSAGE_BYTES,
  });
}
