// SPDX-License-Identifier: Apache-2.0
import { ConfigError, chooseAdapter, resolveConfig } from '@iii-dev/worker-kit';
import * as v from 'valibot';
import { DEFAULT_SETTINGS, type QueueSettings } from './settings.ts';

/** How long a topic collects messages for a subscriber that is away: a week. */
const DEFAULT_RETENTION_MS = 604_800_000;
/** Adapters there are, under every name they ever had. */
const ADAPTERS = {
  builtin: 'builtin',
  'modules::queue::BuiltinQueueAdapter': 'builtin',
  file_based: 'file_based',
  in_memory: 'in_memory',
} as const;
const WORKER = 'iii-queue';

const whole = (min: number, max = Number.MAX_SAFE_INTEGER) =>
  v.pipe(
    v.number(),
    v.integer('a whole number'),
    v.minValue(min, `a whole number of at least ${min}`),
    v.maxValue(max, `a whole number of at most ${max}`),
  );

/** One named queue as it stands in a config. */
export const queueEntry = v.strictObject({
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
});
export type QueueEntry = v.InferOutput<typeof queueEntry>;

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

const adapterConfig = v.strictObject({
  store_method: v.nullish(v.picklist(['in_memory', 'file_based'], '"file_based" or "in_memory"')),
  file_path: v.nullish(v.string()),
  save_interval_ms: v.nullish(whole(0)),
  max_attempts: v.nullish(whole(1)),
  backoff_ms: v.nullish(whole(0)),
  concurrency: v.nullish(whole(0)),
  poll_interval_ms: v.nullish(whole(0)),
  mode: v.nullish(v.string()),
});

const rawConfig = v.strictObject({
  adapter: v.nullish(v.strictObject({ name: v.string(), config: v.nullish(v.unknown()) })),
  queue_configs: v.nullish(v.record(v.string(), queueEntry)),
  offline_retention_ms: v.nullish(whole(0)),
  dedup_window_ms: v.nullish(whole(1)),
});

/** The config as it stands in a file → settings with nothing left open. */
export const queueConfig: v.GenericSchema<unknown, QueueConfig> = v.pipe(
  rawConfig,
  v.transform((raw): QueueConfig => {
    const problems = Object.entries(raw.queue_configs ?? {}).flatMap(([name, entry]) => {
      const message = entryProblem(name, entry);
      return message === undefined ? [] : [{ path: `queue_configs.${name}`, message }];
    });
    if (problems.length > 0) throw new ConfigError(WORKER, problems);
    const kind = chooseAdapter({ worker: WORKER, name: raw.adapter?.name ?? 'builtin' }, ADAPTERS);
    const builtin = resolveConfig(adapterConfig, raw.adapter?.config, {
      worker: WORKER,
      configPath: 'adapter.config',
    });
    const method = kind === 'builtin' ? (builtin.store_method ?? 'file_based') : kind;
    const queues = new Map(
      Object.entries({ default: {}, ...raw.queue_configs }).map(([name, entry]) => [
        name,
        settingsOf(entry),
      ]),
    );
    const attempts = builtin.max_attempts ?? DEFAULT_SETTINGS.maxAttempts;
    return {
      storage:
        method === 'in_memory'
          ? { kind: 'memory' }
          : { kind: 'files', folder: builtin.file_path ?? undefined },
      queues,
      topicDefaults: {
        ...DEFAULT_SETTINGS,
        maxAttempts: attempts,
        shownMaxAttempts: attempts,
        backoffMs: builtin.backoff_ms ?? DEFAULT_SETTINGS.backoffMs,
        concurrency: builtin.concurrency ?? DEFAULT_SETTINGS.concurrency,
        isFifo: builtin.mode === 'fifo',
        dedupWindowMs: raw.dedup_window_ms ?? DEFAULT_SETTINGS.dedupWindowMs,
      },
      offlineRetentionMs: raw.offline_retention_ms ?? DEFAULT_RETENTION_MS,
    };
  }),
) as v.GenericSchema<unknown, QueueConfig>;

/** What the worker runs with. */
export interface QueueConfig {
  /** `folder` unset is the worker's own data folder. */
  readonly storage:
    | { readonly kind: 'memory' }
    | { readonly kind: 'files'; readonly folder: string | undefined };
  /** Named queues; `default` is always one of them. */
  readonly queues: ReadonlyMap<string, QueueSettings>;
  readonly topicDefaults: QueueSettings;
  readonly offlineRetentionMs: number;
}
