// SPDX-License-Identifier: Apache-2.0
import { InvocationError } from 'iii-sdk';
import { Payload } from 'iii-sdk/internal';
import type { Input } from '../input.ts';
import { storing } from '../state.ts';
import type { PageRequest } from '../store.ts';
import { objectFormat, type StateFunction, TEXT } from './state-function.ts';

const LIMITS = { default: 100, max: 1000 } as const;
const BYTES = { default: 1_000_000, min: 256, max: 8_000_000 } as const;

const PAGE_FORMAT = {
  scope: TEXT,
  prefix: { ...TEXT, description: 'Only keys that start so.' },
  cursor: { ...TEXT, description: '`next_cursor` of the page before.' },
  limit: { type: 'integer', minimum: 1, maximum: LIMITS.max },
};

/** `state::list_entries` */
export const listEntries: StateFunction = {
  id: 'state::list_entries',
  description: 'Get keys and values of a group from state, page by page',
  requestFormat: objectFormat(
    { ...PAGE_FORMAT, max_bytes: { type: 'integer', minimum: BYTES.min, maximum: BYTES.max } },
    ['scope'],
  ),
  async run(state, input) {
    const scope = input.requiredText('scope');
    const { after, offset } = readCursor(input);
    const page: PageRequest = {
      after,
      prefix: input.optionalText('prefix'),
      limit: input.optionalWhole('limit', 1, LIMITS.max) ?? LIMITS.default,
      maxBytes: input.optionalWhole('max_bytes', BYTES.min, BYTES.max) ?? BYTES.default,
    };
    const { found, total } = await storing(
      'LIST_ENTRIES_ERROR',
      'Failed to list entries',
      async () => ({
        found: await state.store.list(scope, page),
        total: await state.store.count(scope),
      }),
    );
    const entries = found.entries.map(({ key, text }) => `[${JSON.stringify(key)},${text}]`);
    const next = nextCursor(found.next, offset + entries.length);
    return Payload.ofText(
      `{"entries":[${entries.join(',')}],"next_cursor":${JSON.stringify(next)},` +
        `"done":${next === null},"offset":${offset},"total":${total}}`,
    );
  },
};

/** `state::list_keys` */
export const listKeys: StateFunction = {
  id: 'state::list_keys',
  description: 'Get the keys of a group from state',
  requestFormat: objectFormat(PAGE_FORMAT, ['scope']),
  async run(state, input) {
    const scope = input.requiredText('scope');
    const { after, offset } = readCursor(input);
    const prefix = input.optionalText('prefix');
    const limit = input.optionalWhole('limit', 1, LIMITS.max) ?? Number.POSITIVE_INFINITY;
    const found = await storing('LIST_KEYS_ERROR', 'Failed to list keys', () =>
      state.store.list(scope, { after, prefix, limit }),
    );
    const keys = found.entries.map(({ key }) => key);
    const next = nextCursor(found.next, offset + keys.length);
    return Payload.ofValue(next === null ? { keys } : { keys, next_cursor: next });
  },
};

/** `state::count` */
export const count: StateFunction = {
  id: 'state::count',
  description: 'Count the keys of a group in state',
  requestFormat: objectFormat({ scope: TEXT }, ['scope']),
  async run(state, input) {
    const scope = input.requiredText('scope');
    const found = await storing('COUNT_ERROR', 'Failed to count keys', () =>
      state.store.count(scope),
    );
    return Payload.ofValue({ count: found });
  },
};

/** A cursor holds where to go on and how many came before; it is good for any later call. */
function nextCursor(next: number | undefined, offset: number): string | null {
  return next === undefined ? null : `${next}.${offset}`;
}

function readCursor(input: Input): { after?: number; offset: number } {
  const cursor = input.optionalText('cursor');
  if (cursor === undefined) return { offset: 0 };
  const parts = /^(\d{1,15})\.(\d{1,15})$/.exec(cursor);
  if (parts === null) {
    throw new InvocationError({
      code: 'INVALID_CURSOR',
      message: 'the cursor is not one this function gave: pass `next_cursor` of the page before',
    });
  }
  return { after: Number(parts[1]), offset: Number(parts[2]) };
}
