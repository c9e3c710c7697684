// SPDX-License-Identifier: Apache-2.0
import * as v from 'valibot';
import { DEFAULT_SETTINGS, type QueueSettings } from './settings.ts';

/** One named queue as it stands in a config; unset is the default. */
export interface QueueEntry {
  readonly max_retries?: number | null | undefined;
  readonly concurrency?: number | null | undefined;
  readonly type?: string | null | undefined;
  readonly message_group_field?: string | null | undefined;
  readonly backoff_ms?: number | null | undefined;
  readonly backoff_type?: 'exponential' | 'fixed' | null | undefined;
  readonly max_backoff_ms?: number | null | undefined;
  readonly jitter?: number | null | undefined;
  /** Taken and ignored: nothing is polled. */
  readonly poll_interval_ms?: number | null | undefined;
  readonly max_priority?: number | null | undefined;
  readonly priority_field?: string | null | undefined;
  readonly handler_timeout_ms?: number | null | undefined;
  readonly visibility_timeout_ms?: number | null | undefined;
  readonly delay_ms?: number | null | undefined;
  readonly rate_limit?:
    | {
        readonly limit: number;
        readonly per_ms: number;
        readonly key_field?: string | null | undefined;
      }
    | null
    | undefined;
  readonly debounce?:
    | { readonly wait_ms: number; readonly key_field?: string | null | undefined }
    | null
    | undefined;
  readonly idempotency_key_field?: string | null | undefined;
  readonly dedup_window_ms?: number | null | undefined;
  readonly max_depth?: number | null | undefined;
}

/** A whole number within bounds. */
export const whole = (
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): v.GenericSchema<unknown, number> =>
  v.pipe(
    v.number(),
    v.integer('a whole number'),
    v.minValue(min, `a whole number of at least ${min}`),
    v.maxValue(max, `a whole number of at most ${max}`),
  ) as v.GenericSchema<unknown, number>;

/** The schema of {@link QueueEntry}. */
export const queueEntry: v.GenericSchema<unknown, QueueEntry> = v.strictObject({
  max_retries: v.nullish(whole(0)),
  concurrency: v.nullish(whole(0)),
  type: v.nullish(v.string()),
  message_group_field: v.nullish(v.string()),
  backoff_ms: v.nullish(whole(0)),
  backoff_type: v.nullish(v.picklist(['exponential', 'fixed'])),
  max_backoff_ms: v.nullish(whole(0)),
  jitter: v.nullish(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
  poll_interval_ms: v.nullish(whole(0)),
  max_priority: v.nullish(whole(0, 255)),
  priority_field: v.nullish(v.string()),
  handler_timeout_ms: v.nullish(whole(1)),
  visibility_timeout_ms: v.nullish(whole(1)),
  delay_ms: v.nullish(whole(0)),
  rate_limit: v.nullish(
    v.strictObject({ limit: whole(1), per_ms: whole(1), key_field: v.nullish(v.string()) }),
  ),
  debounce: v.nullish(v.strictObject({ wait_ms: whole(1), key_field: v.nullish(v.string()) })),
  idempotency_key_field: v.nullish(v.string()),
  dedup_window_ms: v.nullish(whole(1)),
  max_depth: v.nullish(whole(1)),
}) as v.GenericSchema<unknown, QueueEntry>;

/** Why an entry cannot be used; nothing when it can. */
export function entryProblem(name: string, entry: QueueEntry): string | undefined {
  const type = entry.type ?? 'standard';
  if (type !== 'standard' && type !== 'fifo') {
    return `Queue '${name}' has invalid type '${type}'. Must be 'standard' or 'fifo'`;
  }
  if (entry.concurrency === 0) {
    return `Queue '${name}' has 'concurrency' 0; it must be at least 1`;
  }
  if (entry.max_priority === 0) {
    return `Queue '${name}' has 'max_priority' 0; it must be between 1 and 255`;
  }
  if (type === 'fifo' && !entry.message_group_field) {
    return `Queue '${name}' is of type 'fifo' but 'message_group_field' is not set`;
  }
  return undefined;
}

/** A checked entry with its defaults. */
export function settingsOf(entry: QueueEntry): QueueSettings {
  const base = DEFAULT_SETTINGS;
  const { rate_limit: rate, debounce } = entry;
  const timeouts = [entry.handler_timeout_ms, entry.visibility_timeout_ms].filter(
    (ms) => ms != null,
  );
  const maxRetries = entry.max_retries ?? base.maxAttempts;
  return {
    isFifo: entry.type === 'fifo',
    concurrency: entry.concurrency ?? base.concurrency,
    maxAttempts: Math.max(1, maxRetries),
    shownMaxAttempts: maxRetries,
    backoffMs: entry.backoff_ms ?? base.backoffMs,
    isBackoffFixed: entry.backoff_type === 'fixed',
    maxBackoffMs: entry.max_backoff_ms ?? base.maxBackoffMs,
    jitter: entry.jitter ?? base.jitter,
    handlerTimeoutMs: Math.min(...timeouts, base.handlerTimeoutMs),
    delayMs: entry.delay_ms ?? 0,
    groupField: entry.message_group_field ?? undefined,
    priorityField: entry.priority_field ?? undefined,
    maxPriority: entry.max_priority ?? base.maxPriority,
    rateLimit:
      rate == null
        ? undefined
        : { limit: rate.limit, perMs: rate.per_ms, keyField: rate.key_field ?? undefined },
    debounce:
      debounce == null
        ? undefined
        : { waitMs: debounce.wait_ms, keyField: debounce.key_field ?? undefined },
    idempotencyField: entry.idempotency_key_field ?? undefined,
    dedupWindowMs: entry.dedup_window_ms ?? base.dedupWindowMs,
    maxDepth: entry.max_depth ?? undefined,
  };
}
