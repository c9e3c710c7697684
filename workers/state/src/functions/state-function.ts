// SPDX-License-Identifier: Apache-2.0
import type { Payload } from 'iii-sdk/internal';
import type { Input } from '../input.ts';
import type { State } from '../state.ts';

/** One function of the worker. Returning nothing leaves the result out. */
export interface StateFunction {
  readonly id: string;
  readonly description: string;
  readonly requestFormat: unknown;
  readonly responseFormat?: unknown;
  run(state: State, input: Input): Promise<Payload | undefined>;
}

/** JSON Schema of an object. */
export function objectFormat(
  properties: Readonly<Record<string, unknown>>,
  required: readonly string[],
): unknown {
  return { type: 'object', properties, required };
}

export const TEXT = { type: 'string' };
export const ANY = {};

/** What a caller wants back of a change. */
export const RETURN = {
  enum: ['both', 'new', 'none'],
  description: 'What to answer with; the values before and after when left out.',
};

const RETURN_CHOICES = ['both', 'new', 'none'] as const;
export type ReturnChoice = (typeof RETURN_CHOICES)[number] | undefined;

/** Reads the `return` field. */
export function readReturn(input: Input): ReturnChoice {
  return input.choice('return', RETURN_CHOICES);
}

/** The answer to a change; whether there was a value is told to those who asked for an answer. */
export function changeAnswer(
  wanted: ReturnChoice,
  oldText: string | undefined,
  newText: string,
  errors: readonly unknown[] = [],
): string {
  const parts: string[] = [];
  if (wanted === undefined || wanted === 'both') parts.push(`"old_value":${oldText ?? 'null'}`);
  if (wanted !== 'none') parts.push(`"new_value":${newText}`);
  if (wanted !== undefined) parts.push(`"existed":${oldText !== undefined}`);
  if (errors.length > 0) parts.push(`"errors":${JSON.stringify(errors)}`);
  return `{${parts.join(',')}}`;
}

/** Longest time to live, ms: a hundred years. */
const MAX_TTL_MS = 3_155_760_000_000;

/** When a value with the call's `ttl_ms` ends; nothing when it has none. */
export function readExpiry(state: State, input: Input): number | undefined {
  const ttlMs = input.optionalWhole('ttl_ms', 1, MAX_TTL_MS);
  return ttlMs === undefined ? undefined : state.now() + ttlMs;
}

export const TTL = {
  type: 'integer',
  minimum: 1,
  description: 'The value is deleted after this many milliseconds.',
};
