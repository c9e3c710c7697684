// SPDX-License-Identifier: Apache-2.0
import * as v from 'valibot';

/** Names of the embedded store; the second stands in config files of old engines. */
const KV_NAMES = ['kv', 'modules::state::adapters::KvStore'] as const;

/** Cadences the original engine takes; others count as unset there and here. */
const SAVE_INTERVAL_MS = { min: 100, max: 3_600_000 } as const;

/** Most operations in one update: a thousand small ones stay well under a millisecond. */
const DEFAULT_MAX_UPDATE_OPS = 1000;

const wholeOrZero = v.pipe(
  v.number(),
  v.integer('a whole number'),
  v.minValue(0, 'a whole number of at least 1, or left out'),
);

/** A limit of 0 comes from hand-edited settings and means none. */
const limit = v.pipe(
  v.nullish(wholeOrZero),
  v.transform((value) => (value === 0 ? undefined : (value ?? undefined))),
);

const saveInterval = v.pipe(
  v.nullish(wholeOrZero),
  v.transform((ms) => {
    const isKnown = ms != null && ms >= SAVE_INTERVAL_MS.min && ms <= SAVE_INTERVAL_MS.max;
    return isKnown ? ms : undefined;
  }),
);

const kvAdapter = v.strictObject({
  name: v.picklist(
    KV_NAMES,
    ({ received }) =>
      `"kv" (Adapter factory '${received.replaceAll('"', '')}' not found. Available: ["kv"])`,
  ),
  config: v.nullish(
    v.strictObject({
      store_method: v.optional(
        v.picklist(['in_memory', 'file_based'], '"file_based" or "in_memory"'),
        'file_based',
      ),
      file_path: v.optional(v.string()),
      save_interval_ms: saveInterval,
    }),
  ),
});

/** The config as it stands in a file → settings with nothing left open. */
export const stateConfig: v.GenericSchema<unknown, StateConfig> = v.pipe(
  v.strictObject({
    adapter: v.nullish(kvAdapter),
    triggers_enabled: v.nullish(v.boolean()),
    max_value_bytes: limit,
    save_interval_ms: saveInterval,
    max_update_ops: limit,
    ignore_noop: v.nullish(v.boolean()),
  }),
  v.transform((raw): StateConfig => {
    const kv = raw.adapter?.config;
    return {
      storage:
        kv?.store_method === 'in_memory'
          ? { kind: 'memory' }
          : { kind: 'files', folder: kv?.file_path },
      areTriggersEnabled: raw.triggers_enabled ?? true,
      maxValueBytes: raw.max_value_bytes,
      maxUpdateOps: raw.max_update_ops ?? DEFAULT_MAX_UPDATE_OPS,
      ignoresNoop: raw.ignore_noop ?? false,
      given: raw,
    };
  }),
) as v.GenericSchema<unknown, StateConfig>;

/** What the worker runs with. */
export interface StateConfig {
  /** `folder` unset is the worker's own data folder. */
  readonly storage:
    | { readonly kind: 'memory' }
    | { readonly kind: 'files'; readonly folder: string | undefined };
  readonly areTriggersEnabled: boolean;
  readonly maxValueBytes: number | undefined;
  readonly maxUpdateOps: number;
  /** Deleting what is not there fires nothing. */
  readonly ignoresNoop: boolean;
  /** The config as it came, checked; what the configuration worker is seeded with. */
  readonly given: Readonly<Record<string, unknown>>;
}
