// SPDX-License-Identifier: Apache-2.0
// Trace context between frames and handlers. With an OpenTelemetry SDK in the process, its context
// is used and a span is made around each handler; without one, the caller's headers are carried
// through the handler as they came, so that a trace does not break here.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { TraceHeaders, Tracing } from '@iii-dev/client-core';
import {
  type Context,
  context,
  createContextKey,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/;
const PROBE = ROOT_CONTEXT.setValue(createContextKey('iii.probe'), true);

/** Tracing over `@opentelemetry/api`. */
export function createTracing(): Tracing {
  const carried = new AsyncLocalStorage<TraceHeaders>();
  // An OpenTelemetry SDK may be started at any time, and is not taken away again.
  let hasContext = false;
  const seesContext = () => {
    hasContext ||= context.with(PROBE, () => context.active() === PROBE);
    return hasContext;
  };
  return {
    current: () => (seesContext() ? headersOf(context.active()) : undefined) ?? carried.getStore(),
    run: (functionId, inbound, handler) => {
      if (seesContext()) return runInSpan(functionId, contextOf(inbound), handler);
      if (inbound.traceparent === undefined && inbound.baggage === undefined) return handler();
      const { traceparent, baggage } = inbound;
      return carried.run(
        {
          ...(traceparent === undefined ? {} : { traceparent }),
          ...(baggage === undefined ? {} : { baggage }),
        },
        handler,
      );
    },
  };
}

function runInSpan<T>(functionId: string, parent: Context, handler: () => T): T {
  const span = trace
    .getTracer('iii-sdk')
    .startSpan(`execute ${functionId}`, { kind: SpanKind.INTERNAL }, parent);
  const fail = (error: unknown) => {
    span.recordException(error instanceof Error ? error : String(error));
    span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  };
  try {
    const result = context.with(trace.setSpan(parent, span), handler);
    if (typeof (result as PromiseLike<unknown> | undefined)?.then === 'function') {
      (result as unknown as PromiseLike<unknown>).then(() => span.end(), fail);
    } else {
      span.end();
    }
    return result;
  } catch (error) {
    fail(error);
    throw error;
  }
}

/** W3C headers of a context, without need of a global propagator. */
function headersOf(active: Context): TraceHeaders | undefined {
  const span = trace.getSpanContext(active);
  const bag = propagation.getBaggage(active);
  const entries = bag?.getAllEntries() ?? [];
  if ((!span || !isSpanContextValid(span)) && entries.length === 0) return undefined;
  const traceparent =
    span && isSpanContextValid(span)
      ? `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`
      : undefined;
  const baggage = entries
    .map(([key, entry]) => `${key}=${encodeURIComponent(entry.value)}`)
    .join(',');
  return {
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(baggage === '' ? {} : { baggage }),
  };
}

function contextOf(inbound: TraceHeaders): Context {
  let result = context.active();
  const match = TRACEPARENT.exec(inbound.traceparent ?? '');
  if (match) {
    const [, traceId, spanId, flags] = match as unknown as [string, string, string, string];
    const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
    result = trace.setSpanContext(result, { traceId, spanId, traceFlags, isRemote: true });
  }
  if (inbound.baggage) result = propagation.setBaggage(result, parseBaggage(inbound.baggage));
  return result;
}

function parseBaggage(text: string): ReturnType<typeof propagation.createBaggage> {
  const entries: Record<string, { value: string }> = {};
  for (const part of text.split(',')) {
    const [pair = ''] = part.split(';');
    const at = pair.indexOf('=');
    if (at <= 0) continue;
    entries[pair.slice(0, at).trim()] = { value: decode(pair.slice(at + 1).trim()) };
  }
  return propagation.createBaggage(entries);
}

/** A value that is not percent-encoded properly is taken as it stands. */
function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
