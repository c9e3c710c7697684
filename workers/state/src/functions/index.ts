// SPDX-License-Identifier: Apache-2.0
import { compareAndSet } from './compare-and-set.ts';
import { deleteValue } from './delete.ts';
import { get } from './get.ts';
import { list } from './list.ts';
import { count, listEntries, listKeys } from './list-entries.ts';
import { listGroups } from './list-groups.ts';
import { set } from './set.ts';
import type { StateFunction } from './state-function.ts';
import { update } from './update.ts';

/** Everything the worker can be asked for. */
export const STATE_FUNCTIONS: readonly StateFunction[] = [
  set,
  get,
  deleteValue,
  update,
  list,
  listGroups,
  listKeys,
  listEntries,
  count,
  compareAndSet,
];

/** Functions the oldest clients call as `state.set`, with `group_id` and `item_id`. */
export const DOTTED_FUNCTIONS: readonly StateFunction[] = [set, get, deleteValue, update, list];
