// SPDX-License-Identifier: Apache-2.0
import type { ExactObject, ExactValue } from '../json-text.ts';

/** A place in a document; empty is the document itself. Every segment is a literal member name. */
export type Path = readonly string[];

/** One checked operation. */
export type UpdateOp =
  | { readonly type: 'set'; readonly path: Path; readonly value: ExactValue }
  | { readonly type: 'merge'; readonly path: Path; readonly value: ExactValue }
  | { readonly type: 'append'; readonly path: Path; readonly value: ExactValue }
  | { readonly type: 'increment'; readonly path: Path; readonly by: number | bigint }
  | { readonly type: 'decrement'; readonly path: Path; readonly by: number | bigint }
  | { readonly type: 'remove'; readonly path: Path };

/** Why one operation had no effect, as it stands in a result. */
export interface UpdateOpError {
  readonly op_index: number;
  readonly code: string;
  readonly message: string;
  readonly doc_url: string;
}

/** Operations of the wrong shape: the whole call is refused and nothing is applied. */
export class MalformedOpsError extends Error {
  override readonly name = 'MalformedOpsError';
}

const TYPES = ['set', 'merge', 'increment', 'decrement', 'append', 'remove'] as const;
const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n } as const;

/**
 * Reads the `ops` of a call.
 * @throws MalformedOpsError when one of them has the wrong shape, or there are more than `maxOps`
 */
export function readOps(ops: ExactValue | undefined, maxOps: number): UpdateOp[] {
  if (ops === undefined) throw new MalformedOpsError('missing field `ops`');
  if (!Array.isArray(ops)) {
    throw new MalformedOpsError(`invalid type: ${kindOf(ops)}, expected a sequence`);
  }
  if (ops.length > maxOps) {
    throw new MalformedOpsError(`${ops.length} ops in one call, at most ${maxOps} are allowed`);
  }
  return ops.map((op, index) => readOp(op, index));
}

function readOp(op: ExactValue, index: number): UpdateOp {
  const fail = (cause: string): never => {
    throw new MalformedOpsError(`ops[${index}]: ${cause}`);
  };
  if (!isObject(op)) return fail(`invalid type: ${kindOf(op)}, expected an object`);
  const type = member(op, 'type');
  if (type === undefined) return fail('missing field `type`');
  switch (type) {
    case 'set':
      return { type, path: readPath(op, true, fail), value: member(op, 'value') ?? null };
    case 'merge':
    case 'append': {
      const value = member(op, 'value');
      if (value === undefined) return fail('missing field `value`');
      return { type, path: readPath(op, false, fail), value };
    }
    case 'increment':
    case 'decrement':
      return { type, path: readPath(op, true, fail), by: readBy(op, fail) };
    case 'remove':
      return { type, path: readPath(op, true, fail) };
    default:
      return fail(
        `unknown variant \`${typeof type === 'string' ? type : kindOf(type)}\`, expected one of ${TYPES.map((name) => `\`${name}\``).join(', ')}`,
      );
  }
}

/** A bare empty text is the document, not a member without a name. */
function readPath(op: ExactObject, isRequired: boolean, fail: (cause: string) => never): Path {
  const path = member(op, 'path');
  if (path === undefined && isRequired) return fail('missing field `path`');
  if (path === undefined || (path === null && !isRequired) || path === '') return [];
  if (typeof path === 'string') return [path];
  if (Array.isArray(path) && path.every((segment) => typeof segment === 'string')) return path;
  if (isRequired) return fail(`invalid type: ${kindOf(path)}, expected a string or a list of them`);
  return fail('data did not match any variant of untagged enum MergePath');
}

function readBy(op: ExactObject, fail: (cause: string) => never): number | bigint {
  const by = member(op, 'by');
  if (by === undefined) return fail('missing field `by`');
  if (typeof by === 'bigint') {
    if (by < INT64.min || by > INT64.max) {
      return fail(`invalid value: integer \`${by}\`, expected i64`);
    }
    return by;
  }
  if (typeof by !== 'number' || !Number.isFinite(by)) {
    return fail(`invalid type: ${kindOf(by)}, expected a number`);
  }
  return by;
}

/** What a value is called in messages. */
export function kindOf(value: ExactValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'bigint' ? 'number' : typeof value;
}

/** Whether a value is a JSON object. */
export function isObject(value: ExactValue | undefined): value is ExactObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object's own member; `toString` and its like are members only when the data has them. */
export function member(object: ExactObject, key: string): ExactValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
