// SPDX-License-Identifier: Apache-2.0
// The interface of the older published versions, for code that has not moved yet.
import { randomUUID } from 'node:crypto';
import type {
  FunctionRef,
  HttpInvocationConfig,
  IIIClient,
  RegisterFunctionInput,
  RegisterFunctionOptions,
  RemoteFunctionHandler,
  TriggerRequest,
} from '@iii-dev/client-core';
import { contextOfCall, withContext } from './call-context.ts';
import { type Channel, createChannel } from './create-channel.ts';
import { createStream } from './create-stream.ts';
import { EngineFunctions, EngineTriggers } from './engine.ts';
import type { InitOptions } from './options.ts';
import { registerWorker } from './register-worker.ts';
import type { IStream } from './stream.ts';

export { InvocationError, InvocationError as IIIInvocationError } from '@iii-dev/client-core';
export { type CallContext, getContext, withContext } from './call-context.ts';
export { ChannelReader, ChannelWriter } from './channel-ends.ts';
export { EngineFunctions, EngineTriggers } from './engine.ts';
export { type HttpResponse, type HttpResponse as ApiResponse, http } from './http.ts';
export type { InternalHttpRequest as ApiRequest } from './http-messages.ts';
export { Logger } from './logger.ts';
export { registerWorker } from './register-worker.ts';
export { TriggerAction } from './trigger-action.ts';

/** The client of the older versions: today's, with the names it once had. */
export interface ISdk extends Omit<IIIClient, 'trigger' | 'registerFunction'> {
  registerFunction(
    id: string | RegisterFunctionInput,
    handler: RemoteFunctionHandler | HttpInvocationConfig,
    options?: RegisterFunctionOptions,
  ): FunctionRef;
  call(functionId: string, data?: unknown, timeoutMs?: number): Promise<unknown>;
  callVoid(functionId: string, data?: unknown): void;
  trigger(request: string | TriggerRequest, data?: unknown, timeoutMs?: number): Promise<unknown>;
  triggerVoid(functionId: string, data?: unknown): void;
  /** Without effect: services are not shown anywhere any more. */
  registerService(input: { id: string; [key: string]: unknown }): void;
  listFunctions(): Promise<unknown[]>;
  listWorkers(): Promise<unknown[]>;
  listTriggers(includeInternal?: boolean): Promise<unknown[]>;
  /** Calls `listener` with the functions on every change; returns how to stop that. */
  onFunctionsAvailable(listener: (functions: unknown[]) => void): () => void;
  /** Calls `listener` with every log record of at least `level`; returns how to stop that. */
  onLog(listener: (log: unknown) => void, config?: { level?: string }): () => void;
  createStream<TData>(name: string, stream: IStream<TData>): void;
  createChannel(bufferSize?: number): Promise<Channel>;
}

const SEVERITIES: Readonly<Record<string, number>> = {
  all: 0,
  trace: 1,
  debug: 5,
  info: 9,
  warn: 13,
  error: 17,
  fatal: 21,
};

/** `registerWorker` with the interface of the first versions; `III_BRIDGE_URL` counts too. */
export function init(address?: string, options?: InitOptions): ISdk {
  const fallback = process.env.III_URL || process.env.III_BRIDGE_URL || undefined;
  const iii = registerWorker(address || fallback, options);
  const trigger: ISdk['trigger'] = (request, data, timeoutMs) =>
    typeof request === 'string'
      ? iii.trigger({ function_id: request, payload: data, timeoutMs })
      : iii.trigger(request);
  const triggerVoid: ISdk['triggerVoid'] = (function_id, payload) =>
    void iii.trigger({ function_id, payload, action: { type: 'void' } });
  const list = async (function_id: string, key: string, payload: unknown = {}) => {
    const found = await iii.trigger<unknown, Record<string, unknown[]> | undefined>({
      function_id,
      payload,
    });
    return found?.[key] ?? [];
  };
  /** Binds a function of our own to a trigger type. */
  const listen = (
    prefix: string,
    type: string,
    config: unknown,
    handler: (data: never) => void,
  ) => {
    const ref = iii.registerFunction(`${prefix}.${randomUUID()}`, async (data: never) => {
      handler(data);
    });
    const binding = iii.registerTrigger({ type, function_id: ref.id, config });
    return () => {
      binding.unregister();
      ref.unregister();
    };
  };
  return {
    ...iii,
    registerFunction: (id, handler, registerOptions) =>
      iii.registerFunction(id, inContext(id, handler), registerOptions),
    trigger,
    call: trigger,
    triggerVoid,
    callVoid: triggerVoid,
    registerService: () => {},
    listFunctions: () => list(EngineFunctions.LIST_FUNCTIONS, 'functions'),
    listWorkers: () => list(EngineFunctions.LIST_WORKERS, 'workers'),
    listTriggers: (include_internal = false) =>
      list(EngineFunctions.LIST_REGISTERED_TRIGGERS, 'registered_triggers', { include_internal }),
    onFunctionsAvailable: (listener) =>
      listen(
        'engine.on_functions_available',
        EngineTriggers.FUNCTIONS_AVAILABLE,
        {},
        ({ functions }: { functions: unknown[] }) => listener(functions),
      ),
    onLog: (listener, { level = 'all' } = {}) => {
      const least = SEVERITIES[level] ?? 0;
      const config = { level: 'all', severity_min: 0 };
      return listen(
        'engine.on_log',
        EngineTriggers.LOG,
        config,
        (log: { severity_number?: number }) => {
          if ((log.severity_number ?? 0) >= least) listener(log);
        },
      );
    },
    createStream: (name, stream) => createStream(iii, name, stream),
    createChannel: (bufferSize) => createChannel(iii, bufferSize),
  };
}

/** Lets a handler ask for its call with `getContext`. */
function inContext(
  id: string | RegisterFunctionInput,
  handler: RemoteFunctionHandler | HttpInvocationConfig,
): RemoteFunctionHandler | HttpInvocationConfig {
  if (typeof handler !== 'function') return handler;
  const functionId = typeof id === 'string' ? id : id.id;
  return (data, metadata) =>
    withContext(async () => handler(data, metadata), contextOfCall(functionId));
}
