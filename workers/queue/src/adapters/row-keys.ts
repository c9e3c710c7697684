// SPDX-License-Identifier: Apache-2.0
import { joinKey, keyPart, type StoreChange } from '@iii-dev/worker-kit';
import type { Job } from '../job.ts';
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
