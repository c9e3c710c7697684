// SPDX-License-Identifier: Apache-2.0
import { parseRoutePattern, type Segment } from './route-pattern.ts';
import { type RouteMatch, RouteTree } from './route-tree.ts';

/** Verbs a route can have; anything else registers and is never reached. */
export const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'] as const;

/** What a route table needs to know of an entry. */
export interface TableEntry {
  readonly triggerId: string;
  /** Upper case. */
  readonly method: string;
  readonly path: string;
}

/** A route refused because it cannot be told apart from one that is there. */
export class RouteConflictError extends Error {
  override readonly name = 'RouteConflictError';
}

interface Placed<T> {
  readonly entry: T;
  readonly segments: readonly Segment[];
}

/** All routes, by method and path; the entry that came last owns a path. */
export class RouteTable<T extends TableEntry> {
  readonly #trees = new Map<string, RouteTree<T>>();
  readonly #byTriggerId = new Map<string, Placed<T>>();

  /** Number of routes that can be reached. */
  get size(): number {
    return this.#byTriggerId.size;
  }

  /**
   * Adds a route, replacing the one on the same path. A trigger id seen before moves.
   * @throws RoutePatternError for a path without meaning.
   * @throws RouteConflictError when only the parameter names differ from a route that is there.
   */
  add(entry: T): void {
    const segments = parseRoutePattern(entry.path);
    let tree = this.#trees.get(entry.method);
    if (!tree) {
      tree = new RouteTree();
      this.#trees.set(entry.method, tree);
    }
    const outcome = tree.insert(segments, entry);
    if (outcome.kind === 'conflict') {
      throw new RouteConflictError(
        `Route '${entry.method} ${entry.path}' conflicts with already-registered route ` +
          `'${outcome.existing.method} ${outcome.existing.path}': routes with identical structure ` +
          'but different path-parameter names are not supported',
      );
    }
    if (outcome.kind === 'replaced') this.#byTriggerId.delete(outcome.previous.triggerId);
    const moved = this.#byTriggerId.get(entry.triggerId);
    if (moved) this.#trees.get(moved.entry.method)?.remove(moved.segments, moved.entry);
    this.#byTriggerId.set(entry.triggerId, { entry, segments });
  }

  /** Removes the route this trigger owns; a trigger that lost its path to a later one owns none. */
  remove(triggerId: string): T | undefined {
    const placed = this.#byTriggerId.get(triggerId);
    if (!placed) return undefined;
    this.#byTriggerId.delete(triggerId);
    this.#trees.get(placed.entry.method)?.remove(placed.segments, placed.entry);
    return placed.entry;
  }

  /** Whether this trigger owns a route. */
  has(triggerId: string): boolean {
    return this.#byTriggerId.has(triggerId);
  }

  /** The triggers that own a route. */
  triggerIds(): Iterable<string> {
    return this.#byTriggerId.keys();
  }

  /** Finds the route for a request. */
  find(method: string, path: string): RouteMatch<T> | undefined {
    return this.#trees.get(method)?.find(path);
  }

  /** The methods a path answers to; empty for an unknown path. */
  allowedMethods(path: string): string[] {
    const allowed = METHODS.filter((method) => this.#trees.get(method)?.find(path));
    // A GET route answers HEAD as well.
    if (allowed.includes('GET') && !allowed.includes('HEAD')) allowed.splice(1, 0, 'HEAD');
    return allowed;
  }
}
