// SPDX-License-Identifier: Apache-2.0
import { AsyncLocalStorage } from 'node:async_hooks';
import { trace } from '@opentelemetry/api';
import { Logger } from './logger.ts';

/** What a handler of the older interface can ask for while it runs. */
export interface CallContext {
  logger: Logger;
  trace?: { traceId: string; spanId: string } | undefined;
}

const calls = new AsyncLocalStorage<CallContext>();

/** The context of the call that is running, or a plain one outside any call. */
export function getContext(): CallContext {
  return calls.getStore() ?? { logger: new Logger() };
}

/** Runs `fn` with `context` as what {@link getContext} gives. */
export function withContext<T>(
  fn: (context: CallContext) => Promise<T>,
  context: CallContext,
): Promise<T> {
  return calls.run(context, () => fn(context));
}

/** The context of a call of `functionId`. */
export function contextOfCall(functionId: string): CallContext {
  const span = trace.getActiveSpan()?.spanContext();
  return {
    logger: new Logger(span?.traceId, functionId, span?.spanId),
    ...(span === undefined ? {} : { trace: { traceId: span.traceId, spanId: span.spanId } }),
  };
}
