// SPDX-License-Identifier: Apache-2.0
import type { Segment } from './route-pattern.ts';

/** What became of an insert; on `conflict` the tree is as it was. */
export type InsertOutcome<T> =
  | { readonly kind: 'added' }
  | { readonly kind: 'replaced'; readonly previous: T }
  | { readonly kind: 'conflict'; readonly existing: T };

/** A route that matches, and its parameters as they stand in the path (not decoded). */
export interface RouteMatch<T> {
  readonly value: T;
  readonly names: readonly string[];
  readonly values: readonly string[];
}

interface Leaf<T> {
  readonly value: T;
  readonly names: readonly string[];
}

interface Node<T> {
  readonly statics: Map<string, Node<T>>;
  param: Node<T> | undefined;
  rest: Leaf<T> | undefined;
  leaf: Leaf<T> | undefined;
}

/**
 * Routes of one method as a tree of path segments, changed in place.
 *
 * A change touches the nodes of one path, a lookup follows the path: static text before a
 * parameter before a rest, going back where the better start leads nowhere. Neither depends on
 * how many other routes there are. Two routes of one shape cannot tell requests apart, so the
 * second one replaces the first when its names agree and is refused when they differ.
 */
export class RouteTree<T> {
  readonly #root: Node<T> = createNode();

  /** Adds or replaces a route. */
  insert(segments: readonly Segment[], value: T): InsertOutcome<T> {
    const names = segments.flatMap((segment) => (segment.kind === 'static' ? [] : [segment.name]));
    let node = this.#root;
    for (const segment of segments) {
      if (segment.kind === 'rest') break;
      node = stepInto(node, segment);
    }
    // A conflict adds no nodes: its shape, and so its whole path, is there already.
    const slot = segments.at(-1)?.kind === 'rest' ? 'rest' : 'leaf';
    const existing = node[slot];
    if (existing && !sameNames(existing.names, names)) {
      return { kind: 'conflict', existing: existing.value };
    }
    node[slot] = { value, names };
    return existing ? { kind: 'replaced', previous: existing.value } : { kind: 'added' };
  }

  /** Removes the route of this shape if it still is `value`, and with it the nodes only it used. */
  remove(segments: readonly Segment[], value: T): boolean {
    return removeBelow(this.#root, segments, 0, value);
  }

  /** Finds the route for a request path, which starts with a slash and has no query. */
  find(path: string): RouteMatch<T> | undefined {
    if (path.charCodeAt(0) !== SLASH) return undefined;
    const values: string[] = [];
    const leaf = findBelow(this.#root, path, 1, values);
    return leaf && { value: leaf.value, names: leaf.names, values };
  }
}

const SLASH = 0x2f;

function createNode<T>(): Node<T> {
  return { statics: new Map(), param: undefined, rest: undefined, leaf: undefined };
}

function stepInto<T>(node: Node<T>, segment: Exclude<Segment, { kind: 'rest' }>): Node<T> {
  if (segment.kind === 'param') {
    node.param ??= createNode();
    return node.param;
  }
  let next = node.statics.get(segment.text);
  if (!next) {
    next = createNode();
    node.statics.set(segment.text, next);
  }
  return next;
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}

function findBelow<T>(
  node: Node<T>,
  path: string,
  start: number,
  values: string[],
): Leaf<T> | undefined {
  const slash = path.indexOf('/', start);
  const end = slash === -1 ? path.length : slash;
  const text = path.slice(start, end);
  const fixed = node.statics.get(text);
  if (fixed) {
    const found = slash === -1 ? fixed.leaf : findBelow(fixed, path, end + 1, values);
    if (found) return found;
  }
  if (node.param && text !== '') {
    const depth = values.push(text);
    const found = slash === -1 ? node.param.leaf : findBelow(node.param, path, end + 1, values);
    if (found) return found;
    values.length = depth - 1;
  }
  if (node.rest && start < path.length) {
    values.push(path.slice(start));
    return node.rest;
  }
  return undefined;
}

function removeBelow<T>(
  node: Node<T>,
  segments: readonly Segment[],
  depth: number,
  value: T,
): boolean {
  const segment = segments[depth];
  if (!segment || segment.kind === 'rest') {
    const slot = segment ? 'rest' : 'leaf';
    if (node[slot]?.value !== value) return false;
    node[slot] = undefined;
    return true;
  }
  const next = segment.kind === 'param' ? node.param : node.statics.get(segment.text);
  if (!next || !removeBelow(next, segments, depth + 1, value)) return false;
  if (isEmpty(next)) {
    if (segment.kind === 'param') node.param = undefined;
    else node.statics.delete(segment.text);
  }
  return true;
}

function isEmpty<T>(node: Node<T>): boolean {
  return node.statics.size === 0 && !node.param && !node.rest && !node.leaf;
}
