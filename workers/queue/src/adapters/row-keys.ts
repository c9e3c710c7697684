// SPDX-License-Identifier: Apache-2.0
//
// Jobs as rows of an ordered map:
// - `r lane order` ready, `d time lane order` delayed, `x lane time order` dead → the job
// - `g lane group order` → nothing: ready jobs by group
// - `i receipt` → the key of the job
// - `l lane` → what is stored about the queue
// - `k lane key` → used key, `e time lane key` → the key of it: what to sweep
// - `b lane key` → receipt of the job that waits under a debounce key
// - `q name` → settings of a queue made at run time
import { joinKey, keyPart, type StoreChange } from '@iii-dev/worker-kit';
import { type Job, readJob } from '../job.ts';
import type { LaneRow } from '../lane.ts';

/** Digits of 2^53 in base 36, so that the order of texts is the order of numbers. */
const NUMBER_DIGITS = 11;
export const numberText = (value: number): string =>
  Math.floor(value).toString(36).padStart(NUMBER_DIGITS, '0');
/** Where a job stands. */
export function jobKey({ lane, order, state, notBeforeMs = 0, failedAtMs = 0 }: Job): string {
  switch (state) {
    case 'ready':
      return joinKey('r', keyPart(lane), order);
    case 'delayed':
      return joinKey('d', numberText(notBeforeMs), keyPart(lane), order);
    case 'dead':
      return joinKey('x', keyPart(lane), numberText(failedAtMs), order);
    default:
      return state satisfies never;
  }
}

export const groupKey = ({ lane, order }: Job, group: string): string =>
  joinKey('g', keyPart(lane), keyPart(group), order);
export const receiptKey = (id: string): string => joinKey('i', keyPart(id));
export const laneKey = (id: string): string => joinKey('l', keyPart(id));
export const usedKeyKey = (lane: string, key: string): string =>
  joinKey('k', keyPart(lane), keyPart(key));
export const debounceKey = (lane: string, key: string): string =>
  joinKey('b', keyPart(lane), keyPart(key));
export const laneChange = (row: LaneRow): StoreChange => ({
  key: laneKey(row.id),
  value: JSON.stringify(row),
});

/** The job in a row. */
export function jobOf(text: string | undefined): Job | undefined {
  return text === undefined ? undefined : readJob(text);
}
