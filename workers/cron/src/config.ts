// SPDX-License-Identifier: Apache-2.0
import * as v from 'valibot';

/** Names of the embedded store; the last stands in config files of old engines. */
const LOCAL_NAMES = ['kv', 'local', 'modules::cron::KvCronAdapter'] as const;

/** When a run that never ends counts as ended, ms: longer than almost any job. */
const DEFAULT_RUN_TIMEOUT_MS = 3_600_000;
/** Longest time a timer takes, ms. */
const TIMER_LIMIT_MS = 2 ** 31 - 1;

const atLeastOne = v.pipe(
  v.number(),
  v.integer('a whole number'),
  v.minValue(1, 'a whole number of at least 1'),
);

const localAdapter = v.strictObject({
  name: v.picklist(
    LOCAL_NAMES,
    ({ received }) =>
      `"kv" or "local" (cron adapter '${received.replaceAll('"', '')}' is not registered)`,
  ),
  config: v.nullish(
    v.strictObject({
      store_method: v.nullish(
        v.picklist(['in_memory', 'file_based'], '"file_based" or "in_memory"'),
      ),
      file_path: v.nullish(v.string()),
      // Runs are claimed for good, so these three of the original lock have nothing left to set.
      save_interval_ms: v.nullish(atLeastOne),
      lock_ttl_ms: v.nullish(atLeastOne),
      lock_index: v.nullish(v.string()),
    }),
  ),
});

/** The config as it stands in a file → settings with nothing left open. */
export const cronConfig: v.GenericSchema<unknown, CronConfig> = v.pipe(
  v.strictObject({
    adapter: v.nullish(localAdapter),
    weekdays: v.nullish(v.picklist(['posix', 'quartz'], '"posix" or "quartz"')),
    run_timeout_ms: v.nullish(
      v.pipe(atLeastOne, v.maxValue(TIMER_LIMIT_MS, `at most ${TIMER_LIMIT_MS}`)),
    ),
  }),
  v.transform((raw): CronConfig => {
    const local = raw.adapter?.config;
    return {
      storage:
        local?.store_method === 'in_memory'
          ? { kind: 'memory' }
          : { kind: 'files', folder: local?.file_path ?? undefined },
      hasChosenAdapter: raw.adapter != null,
      given: raw,
      weekdays: raw.weekdays ?? 'posix',
      runTimeoutMs: raw.run_timeout_ms ?? DEFAULT_RUN_TIMEOUT_MS,
    };
  }),
) as v.GenericSchema<unknown, CronConfig>;

/** What the worker runs with. */
export interface CronConfig {
  /** `folder` unset is the worker's own data folder. */
  readonly storage:
    | { readonly kind: 'memory' }
    | { readonly kind: 'files'; readonly folder: string | undefined };
  /** Whether the config names an adapter, and so should be told what that one cannot do. */
  readonly hasChosenAdapter: boolean;
  /** What was written, to be stored as the first settings. */
  readonly given: {
    readonly adapter?: { readonly config?: object | null | undefined } | null | undefined;
    readonly weekdays?: string | null | undefined;
    readonly run_timeout_ms?: number | null | undefined;
  };
  /** How weekdays count in expressions of six and seven fields. */
  readonly weekdays: 'posix' | 'quartz';
  readonly runTimeoutMs: number;
}
