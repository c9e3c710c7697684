// SPDX-License-Identifier: Apache-2.0
import type { ExactObject, ExactValue } from '../json-text.ts';
import type { UpdateOp } from './op.ts';

/** Bounds of paths and merge values; the contract names them, clients test them. */
const LIMITS = { pathSegments: 32, segmentBytes: 256, mergeDepth: 16, mergeKeys: 1024 } as const;
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

/** Why an operation is refused. */
export interface OpFailure {
  readonly code: string;
  readonly message: string;
}

/** Checks an operation's path before anything is touched. */
export function checkPath({ type, path }: UpdateOp): OpFailure | undefined {
  if (path.length > LIMITS.pathSegments) {
    return failure(
      `${type}.path.too_deep`,
      `Path depth ${path.length} exceeds maximum of ${LIMITS.pathSegments}`,
    );
  }
  for (const segment of path) {
    if (segment === '') {
      return failure(`${type}.path.empty_segment`, 'Path contains an empty segment');
    }
    const bytes = Buffer.byteLength(segment);
    if (bytes > LIMITS.segmentBytes) {
      return failure(
        `${type}.path.segment_too_long`,
        `Path segment of ${bytes} bytes exceeds maximum of ${LIMITS.segmentBytes}`,
      );
    }
    if (FORBIDDEN.has(segment)) {
      return failure(
        `${type}.path.proto_polluted`,
        `Path segment '${segment}' is not allowed (prototype pollution).`,
      );
    }
  }
  return undefined;
}

/** Checks the value of a merge, which is known to be an object. */
export function checkMergeValue(value: ExactObject): OpFailure | undefined {
  const keys = Object.keys(value);
  if (keys.length > LIMITS.mergeKeys) {
    return failure(
      'merge.value.too_many_keys',
      `Merge value has ${keys.length} top-level keys, exceeds maximum of ${LIMITS.mergeKeys}`,
    );
  }
  const forbidden = keys.filter((key) => FORBIDDEN.has(key)).sort()[0];
  if (forbidden !== undefined) {
    return failure(
      'merge.value.proto_polluted',
      `Merge value top-level key "${forbidden}" is a prototype-pollution sink`,
    );
  }
  const depth = depthOf(value);
  if (depth > LIMITS.mergeDepth) {
    return failure(
      'merge.value.too_deep',
      `Merge value JSON nesting depth ${depth} exceeds maximum of ${LIMITS.mergeDepth}`,
    );
  }
  return undefined;
}

/** Containers around the deepest place; level by level, so that depth cannot exhaust the stack. */
function depthOf(value: ExactValue): number {
  let depth = 0;
  let level: ExactValue[] = [value];
  for (;;) {
    level = level.filter((each) => typeof each === 'object' && each !== null);
    if (level.length === 0) return depth;
    depth += 1;
    level = level.flatMap((each) => Object.values(each as ExactObject));
  }
}

export function failure(code: string, message: string): OpFailure {
  return { code, message };
}
