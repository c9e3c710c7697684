// SPDX-License-Identifier: Apache-2.0
import {
  applyOps,
  MalformedOpsError,
  parseExact,
  readOps,
  type UpdateOp,
  writeExact,
} from '@iii-dev/worker-kit';
import { InvocationError } from 'iii-sdk';
import type { KvConfig } from './config.ts';
import type { Input } from './input.ts';
import type { Decision, KvStore, StoredValue } from './store.ts';

/** What the functions work on. */
export interface Kv {
  readonly store: KvStore;
  readonly config: Pick<KvConfig, 'maxValueBytes' | 'maxUpdateOps'>;
  readonly now: () => number;
}

/** One function of the worker; it answers with JSON text, or with no result at all. */
export interface KvFunction {
  readonly id: string;
  readonly description: string;
  readonly required: readonly string[];
  readonly optional?: readonly string[];
  run(kv: Kv, input: Input): Promise<string | undefined>;
}

/** Everything the worker can be asked for. */
export const KV_FUNCTIONS: readonly KvFunction[] = [
  {
    id: 'kv_server::get',
    description: 'Get a value by key from the KV store',
    required: ['index', 'key'],
    run: ({ store }, input) => store.get(input.index(), input.text('key')),
  },
  {
    id: 'kv_server::set',
    description: 'Set a value by key in the KV store',
    required: ['index', 'key', 'value'],
    optional: ['ttl_ms'],
    async run(kv, input) {
      const [index, key, text] = [input.index(), input.text('key'), input.raw('value')];
      const ttlMs = input.ttlMs();
      checkSize(kv, text);
      const expiresAtMs = ttlMs === undefined ? undefined : kv.now() + ttlMs;
      return kv.store.change(index, key, (current) => ({
        decision: { kind: 'put', value: { text, expiresAtMs } },
        result: `{"old_value":${current?.text ?? 'null'},"new_value":${text}}`,
      }));
    },
  },
  {
    id: 'kv_server::delete',
    description: 'Delete a value by key from the KV store',
    required: ['index', 'key'],
    run: ({ store }, input) =>
      store.change(input.index(), input.text('key'), (current) => ({
        decision: { kind: 'remove' },
        result: `{"old_value":${current?.text ?? 'null'}}`,
      })),
  },
  {
    id: 'kv_server::update',
    description: 'Update a value by key in the KV store',
    required: ['index', 'key', 'ops'],
    run: (kv, input) => {
      const [index, key, text] = [input.index(), input.text('key'), input.raw('ops')];
      // Read for a check before anything is touched, and again to apply: that gives them away.
      readInputOps(kv, input, text);
      return kv.store.change(index, key, (current) =>
        update(kv, current, readInputOps(kv, input, text)),
      );
    },
  },
  {
    id: 'kv_server::list',
    description: 'List all values in the KV store',
    required: ['index'],
    async run({ store }, input) {
      const entries = await store.list(input.index());
      return `[${entries.map(({ text }) => text).join(',')}]`;
    },
  },
  {
    id: 'kv_server::list_keys_with_prefix',
    description: 'List all keys with a prefix in the KV store',
    required: ['prefix'],
    optional: ['index'],
    async run({ store }, input) {
      const prefix = input.text('prefix');
      const index = input.optionalText('index');
      // Without an index it has always named indexes, whatever it is called.
      const names =
        index === undefined
          ? (await store.indexes()).filter((name) => name.startsWith(prefix))
          : (await store.list(index, prefix)).map(({ key }) => key);
      return JSON.stringify(names);
    },
  },
];

function readInputOps({ config }: Kv, input: Input, text: string): UpdateOp[] {
  try {
    return readOps(parseExact(text), config.maxUpdateOps);
  } catch (error) {
    if (error instanceof MalformedOpsError) throw input.refuse(error.message);
    throw error;
  }
}

function update(
  kv: Kv,
  current: StoredValue | undefined,
  ops: readonly UpdateOp[],
): { decision: Decision; result: string } {
  const before = current === undefined ? undefined : parseExact(current.text);
  const { value, errors, hasEffect } = applyOps(before, ops, { isStrict: false });
  const text = writeExact(value);
  const told = errors.length === 0 ? '' : `,"errors":${JSON.stringify(errors)}`;
  const result = `{"old_value":${current?.text ?? 'null'},"new_value":${text}${told}}`;
  // Ops that all fail make no value, or they would leave litter.
  if (current === undefined && !hasEffect) return { decision: { kind: 'keep' }, result };
  checkSize(kv, text);
  const stored = { text, expiresAtMs: current?.expiresAtMs };
  return { decision: { kind: 'put', value: stored }, result };
}

/** @throws InvocationError `VALUE_TOO_LARGE` */
function checkSize({ config: { maxValueBytes: limit } }: Kv, text: string): void {
  // A character takes at most three bytes, so most values need no counting.
  if (limit === undefined || text.length * 3 <= limit) return;
  const size = Buffer.byteLength(text);
  if (size <= limit) return;
  throw new InvocationError({
    code: 'VALUE_TOO_LARGE',
    message: `value of ${size} bytes exceeds the configured max_value_bytes limit of ${limit}`,
  });
}
