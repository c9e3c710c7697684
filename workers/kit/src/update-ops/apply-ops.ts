// SPDX-License-Identifier: Apache-2.0
import { type ExactObject, type ExactValue, setOwn } from '../json-text.ts';
import { add, negate } from './arithmetic.ts';
import { checkMergeValue, checkPath, failure, type OpFailure } from './limits.ts';
import { isObject, kindOf, member, type Path, type UpdateOp, type UpdateOpError } from './op.ts';

/** Where the codes of op errors are explained. */
const DOC_URL = 'https://iii.dev/docs/workers/iii-state#error-codes';

/** How far an update may go. */
export interface ApplyOptions {
  /** Refuses what would silently do nothing or replace a value on the way to the target. */
  readonly isStrict?: boolean;
}

/** What came of the operations. */
export interface Applied {
  readonly value: ExactValue;
  readonly errors: readonly UpdateOpError[];
  /** Whether at least one operation took effect, if only by leaving things as they were. */
  readonly hasEffect: boolean;
}

/**
 * Applies operations in order to a document the caller gives away; it may be changed in place.
 * `undefined` is an absent document. A failing operation is skipped, the others count.
 */
export function applyOps(
  current: ExactValue | undefined,
  ops: readonly UpdateOp[],
  options: ApplyOptions = {},
): Applied {
  const document = new WorkingCopy(current, options.isStrict ?? false);
  const errors: UpdateOpError[] = [];
  for (const [index, op] of ops.entries()) {
    const failed = checkPath(op) ?? document.apply(op);
    if (failed === undefined) document.isFresh = false;
    else errors.push({ op_index: index, ...failed, doc_url: DOC_URL });
  }
  return { value: document.root, errors, hasEffect: errors.length < ops.length };
}

/** The document while operations run on it. Each of them checks everything before it changes anything. */
class WorkingCopy {
  root: ExactValue;
  /** The document is absent and no operation has taken effect yet. */
  isFresh: boolean;
  readonly #isStrict: boolean;

  constructor(current: ExactValue | undefined, isStrict: boolean) {
    this.root = current === undefined ? {} : current;
    this.isFresh = current === undefined;
    this.#isStrict = isStrict;
  }

  apply(op: UpdateOp): OpFailure | undefined {
    switch (op.type) {
      case 'set':
        return this.#set(op.path, op.value);
      case 'merge':
        return this.#merge(op.path, op.value);
      case 'append':
        return this.#append(op.path, op.value);
      case 'increment':
        return this.#add('increment', op.path, op.by);
      case 'decrement':
        return this.#add('decrement', op.path, negate(op.by));
      case 'remove':
        return this.#remove(op.path);
      default:
        return op satisfies never;
    }
  }

  #set(path: Path, value: ExactValue): OpFailure | undefined {
    if (path.length === 0) {
      this.root = value;
      return undefined;
    }
    return this.#inParent('set', path, (parent, leaf) => {
      setOwn(parent, leaf, value);
      return undefined;
    });
  }

  #remove(path: Path): OpFailure | undefined {
    if (path.length === 0) {
      this.root = null;
      return undefined;
    }
    let parent: ExactValue | undefined = this.root;
    for (const segment of path.slice(0, -1)) {
      if (!isObject(parent)) break;
      parent = member(parent, segment) ?? undefined;
      if (parent === undefined) return undefined;
    }
    if (!isObject(parent)) return notObject('remove', path, parent);
    delete parent[lastOf(path)];
    return undefined;
  }

  #add(type: 'increment' | 'decrement', path: Path, by: number | bigint): OpFailure | undefined {
    if (path.length === 0) {
      if (this.isFresh) {
        this.root = by;
        return undefined;
      }
      const sum = sumOf(type, 'root', this.root, by);
      if (typeof sum === 'object') return sum;
      this.root = sum;
      return undefined;
    }
    return this.#inParent(type, path, (parent, leaf) => {
      const value = member(parent, leaf);
      const sum = value === undefined ? by : sumOf(type, labelOf(path), value, by);
      if (typeof sum === 'object') return sum;
      setOwn(parent, leaf, sum);
      return undefined;
    });
  }

  /** Runs a change on the object that holds the path's last member; absent parents are made. */
  #inParent(
    type: UpdateOp['type'],
    path: Path,
    change: (parent: ExactObject, leaf: string) => OpFailure | undefined,
  ): OpFailure | undefined {
    let parent: ExactValue | undefined = this.root;
    let missingFrom = path.length - 1;
    for (const [index, segment] of path.slice(0, -1).entries()) {
      if (!isObject(parent)) break;
      const next: ExactValue | undefined = member(parent, segment);
      if (next === undefined || next === null) {
        missingFrom = index;
        break;
      }
      parent = next;
    }
    if (!isObject(parent)) return notObject(type, path, parent);
    const inside = path.slice(missingFrom, -1);
    return change(makeObjects(parent, inside), lastOf(path));
  }

  #merge(path: Path, value: ExactValue): OpFailure | undefined {
    if (!isObject(value)) {
      return failure('merge.value.not_an_object', 'Merge value must be a JSON object');
    }
    const refused = checkMergeValue(value) ?? this.#refuseReplacing('merge', path);
    if (refused !== undefined) return refused;
    if (path.length === 0 && !isObject(this.root)) return undefined;
    if (!isObject(this.root)) this.root = {};
    const target = makeObjects(this.root, path);
    for (const [key, each] of Object.entries(value)) setOwn(target, key, each);
    return undefined;
  }

  #append(path: Path, value: ExactValue): OpFailure | undefined {
    if (path.length === 0) {
      const target = this.isFresh ? null : this.root;
      const appended = appendTo(target, value, 'root');
      if ('failed' in appended) return appended.failed;
      this.root = appended.value;
      return undefined;
    }
    if (!isObject(this.root)) return notObject('append', path, this.root);
    const refused = this.#refuseReplacing('append', path.slice(0, -1));
    if (refused !== undefined) return refused;
    const leaf = lastOf(path);
    const parent = makeObjects(this.root, path.slice(0, -1));
    const target = member(parent, leaf);
    // A missing text starts as a text in the document itself, as a list below it.
    if (target === undefined && path.length > 1) {
      setOwn(parent, leaf, [value]);
      return undefined;
    }
    const appended = appendTo(target ?? null, value, leaf);
    if ('failed' in appended) return appended.failed;
    setOwn(parent, leaf, appended.value);
    return undefined;
  }

  #refuseReplacing(type: 'merge' | 'append', path: Path): OpFailure | undefined {
    if (!this.#isStrict) return undefined;
    let at: ExactValue | undefined = this.root;
    for (const segment of path) {
      if (!isObject(at)) break;
      at = member(at, segment);
      if (at === undefined || at === null) return undefined;
    }
    if (isObject(at)) return undefined;
    return notObject(type, path, at);
  }
}

/** Walks to an object below another; whatever is in the way and no object is replaced by one. */
function makeObjects(from: ExactObject, path: Path): ExactObject {
  let at = from;
  for (const segment of path) {
    const next = member(at, segment);
    if (isObject(next)) {
      at = next;
    } else {
      const made: ExactObject = {};
      setOwn(at, segment, made);
      at = made;
    }
  }
  return at;
}

function appendTo(
  target: ExactValue,
  value: ExactValue,
  leaf: string,
): { value: ExactValue } | { failed: OpFailure } {
  if (target === null) return { value: typeof value === 'string' ? value : [value] };
  if (Array.isArray(target)) {
    target.push(value);
    return { value: target };
  }
  if (typeof target === 'string') {
    if (typeof value === 'string') return { value: target + value };
    const message = `Expected string append value at path '${leaf}', got ${kindOf(value)}.`;
    return { failed: failure('append.type_mismatch', message) };
  }
  const message = `Cannot append at path '${leaf}': target is ${kindOf(target)}, expected array, string, null, or missing field.`;
  return { failed: failure('append.type_mismatch', message) };
}

function sumOf(
  type: 'increment' | 'decrement',
  label: string,
  value: ExactValue,
  by: number | bigint,
): number | bigint | OpFailure {
  if (typeof value !== 'number' && typeof value !== 'bigint') {
    return failure(
      `${type}.not_number`,
      `Expected number at path '${label}', got ${kindOf(value)}.`,
    );
  }
  const sum = add(value, by);
  if (sum !== undefined) return sum;
  return failure(
    `${type}.not_number`,
    `Expected number at path '${label}', got number whose sum leaves the 64-bit range.`,
  );
}

function notObject(type: UpdateOp['type'], path: Path, target: ExactValue | undefined): OpFailure {
  const label = type === 'append' ? `[${path.join(', ')}]` : labelOf(path);
  const kind = target === undefined ? 'missing' : kindOf(target);
  return failure(
    `${type}.target_not_object`,
    `Cannot ${type} at path '${label}': target is ${kind}, expected object.`,
  );
}

function labelOf(path: Path): string {
  return path.length === 0 ? 'root' : path.join('.');
}

function lastOf(path: Path): string {
  return path[path.length - 1] as string;
}
