// SPDX-License-Identifier: Apache-2.0
import * as v from 'valibot';

/** Operations in one update: a thousand small ones stay well under a millisecond. */
const DEFAULT_MAX_UPDATE_OPS = 1000;

const atLeastOne = v.pipe(
  v.number(),
  v.integer('a whole number'),
  v.minValue(1, 'a whole number of at least 1'),
);

/** The config as it stands in a file → settings. Unknown keys are taken, as the original did. */
export const kvConfig: v.GenericSchema<unknown, KvConfig> = v.pipe(
  v.looseObject({
    store_method: v.nullish(v.string()),
    file_path: v.nullish(v.string()),
    // Every write is on disk when it is answered, so there is no interval left to set.
    save_interval_ms: v.nullish(v.unknown()),
    max_value_bytes: v.nullish(atLeastOne),
    max_update_ops: v.nullish(atLeastOne),
  }),
  v.transform((raw): KvConfig => {
    const method = raw.store_method ?? 'file_based';
    return {
      storage:
        method === 'file_based'
          ? { kind: 'files', folder: raw.file_path ?? undefined }
          : { kind: 'memory', isAsked: method === 'in_memory' },
      maxValueBytes: raw.max_value_bytes ?? undefined,
      maxUpdateOps: raw.max_update_ops ?? DEFAULT_MAX_UPDATE_OPS,
    };
  }),
) as v.GenericSchema<unknown, KvConfig>;

/** What the worker runs with. */
export interface KvConfig {
  /** `folder` unset is the worker's own data folder; `isAsked` unless the method is unknown. */
  readonly storage:
    | { readonly kind: 'memory'; readonly isAsked: boolean }
    | { readonly kind: 'files'; readonly folder: string | undefined };
  readonly maxValueBytes: number | undefined;
  readonly maxUpdateOps: number;
}
