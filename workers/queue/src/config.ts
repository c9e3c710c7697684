// SPDX-License-Identifier: Apache-2.0
import { ConfigError, chooseAdapter, resolveConfig } from '@iii-dev/worker-kit';
import * as v from 'valibot';
import { entryProblem, queueEntry, settingsOf, whole } from './queue-entry.ts';
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
