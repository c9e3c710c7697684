// SPDX-License-Identifier: Apache-2.0

/** Stands for exactly one segment of a topic. */
const ONE = '*';
/** Stands for any number of segments, none included. */
const MANY = '**';
const SEPARATOR = '.';

interface Branch<T> {
  /** Whether it stands for `**` and so is still fitted after further segments. */
  readonly isMany: boolean;
  readonly next: Map<string, Branch<T>>;
  readonly values: Set<T>;
}

/** Values by pattern (`orders.*`, `orders.**`); finding costs by the topic, not by the patterns. */
export class PatternTree<T> {
  readonly #root: Branch<T> = makeBranch('');

  add(pattern: string, value: T): void {
    let branch = this.#root;
    for (const segment of pattern.split(SEPARATOR)) {
      let next = branch.next.get(segment);
      if (next === undefined) {
        next = makeBranch(segment);
        branch.next.set(segment, next);
      }
      branch = next;
    }
    branch.values.add(value);
  }

  /** Removes this value alone, and the branches that nothing is left on. */
  remove(pattern: string, value: T): void {
    const path: { parent: Branch<T>; segment: string }[] = [];
    let branch = this.#root;
    for (const segment of pattern.split(SEPARATOR)) {
      const next = branch.next.get(segment);
      if (next === undefined) return;
      path.push({ parent: branch, segment });
      branch = next;
    }
    branch.values.delete(value);
    for (const { parent, segment } of path.reverse()) {
      const left = parent.next.get(segment);
      if (left === undefined || left.values.size > 0 || left.next.size > 0) return;
      parent.next.delete(segment);
    }
  }

  /** Every value whose pattern the topic fits, each once. */
  find(topic: string): Set<T> {
    const found = new Set<T>();
    if (this.#root.next.size === 0) return found;
    // A set of branches, so that many `**` in a pattern cannot multiply the work.
    let reached = withMany([this.#root]);
    for (const segment of topic.split(SEPARATOR)) {
      reached = withMany([...reached].flatMap((branch) => follow(branch, segment)));
    }
    for (const branch of reached) {
      for (const value of branch.values) found.add(value);
    }
    return found;
  }
}

function makeBranch<T>(segment: string): Branch<T> {
  return { isMany: segment === MANY, next: new Map(), values: new Set() };
}

function follow<T>(branch: Branch<T>, segment: string): Branch<T>[] {
  const reached = branch.isMany ? [branch] : [];
  for (const name of segment === ONE ? [ONE] : [segment, ONE]) {
    const next = branch.next.get(name);
    if (next !== undefined) reached.push(next);
  }
  return reached;
}

/** The branches and those behind a `**` that takes no segment. */
function withMany<T>(branches: readonly Branch<T>[]): Set<Branch<T>> {
  const all = new Set(branches);
  for (const branch of all) {
    const many = branch.next.get(MANY);
    if (many !== undefined) all.add(many);
  }
  return all;
}
