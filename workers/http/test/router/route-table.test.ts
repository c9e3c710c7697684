// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRoutePattern, type Segment } from '../../src/router/route-pattern.ts';
import { RouteConflictError, RouteTable, type TableEntry } from '../../src/router/route-table.ts';

/** Which of two patterns is tried first: static before parameter before rest, from the left. */
function rank(segments: readonly Segment[]): string {
  return segments.map((s) => ({ static: 'a', param: 'b', rest: 'c' })[s.kind]).join('');
}

function matchNaively(segments: readonly Segment[], path: string): string[] | undefined {
  const parts = path.slice(1).split('/');
  const values: string[] = [];
  for (const [index, segment] of segments.entries()) {
    if (segment.kind === 'rest') {
      const rest = parts.slice(index).join('/');
      return rest === '' ? undefined : [...values, rest];
    }
    const part = parts[index];
    if (part === undefined) return undefined;
    if (segment.kind === 'static' && part !== segment.text) return undefined;
    if (segment.kind === 'param') {
      if (part === '') return undefined;
      values.push(part);
    }
  }
  return parts.length === segments.length ? values : undefined;
}

/** The same promises, kept by looking at every route. */
class NaiveTable {
  readonly routes = new Map<string, TableEntry>();

  add(entry: TableEntry): void {
    const shape = this.#shape(entry);
    const existing = this.routes.get(shape);
    if (existing && this.#names(existing) !== this.#names(entry)) throw new RouteConflictError('');
    for (const [other, route] of this.routes) {
      if (route.triggerId === entry.triggerId) this.routes.delete(other);
    }
    this.routes.set(shape, entry);
  }

  remove(triggerId: string): void {
    for (const [shape, route] of this.routes) {
      if (route.triggerId === triggerId) this.routes.delete(shape);
    }
  }

  find(method: string, path: string): { entry: TableEntry; values: string[] } | undefined {
    return [...this.routes.values()]
      .filter((entry) => entry.method === method)
      .flatMap((entry) => {
        const segments = parseRoutePattern(entry.path);
        const values = matchNaively(segments, path);
        return values ? [{ entry, values, rank: rank(segments) }] : [];
      })
      .sort((a, b) => (a.rank < b.rank ? -1 : 1))[0];
  }

  #shape(entry: TableEntry): string {
    const parts = parseRoutePattern(entry.path).map((s) =>
      s.kind === 'static' ? `=${s.text}` : s.kind,
    );
    return `${entry.method} ${parts.join('/')}`;
  }

  #names(entry: TableEntry): string {
    return parseRoutePattern(entry.path)
      .map((s) => (s.kind === 'static' ? '' : s.name))
      .join('/');
  }
}

const part = fc.constantFrom('a', 'b', 'me', '', ':x', ':y', '{z}', 'ü%20');
const pattern = fc
  .tuple(fc.array(part, { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([parts, isRest]) => (isRest ? [...parts, '{*rest}'] : parts).join('/'))
  .filter((path) => {
    const names = path.match(/:\w|\{z\}/g) ?? [];
    return new Set(names).size === names.length;
  });
const path = fc
  .array(fc.constantFrom('a', 'b', 'me', '', 'q', 'ü%20'), { minLength: 1, maxLength: 6 })
  .map((parts) => `/${parts.join('/')}`);
const change = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      add: pattern,
      id: fc.integer({ min: 0, max: 20 }).map(String),
      method: fc.constantFrom('GET', 'POST'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ remove: fc.integer({ min: 0, max: 20 }).map(String) }) },
);

describe('the route table', () => {
  it('finds, replaces, refuses and removes like a table that looks at every route', () => {
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 30 }),
        fc.array(path, { maxLength: 20 }),
        (changes, paths) => {
          const table = new RouteTable<TableEntry>();
          const naive = new NaiveTable();
          for (const step of changes) {
            if ('remove' in step) {
              table.remove(step.remove);
              naive.remove(step.remove);
              continue;
            }
            const entry = { triggerId: step.id, method: step.method, path: step.add };
            const outcome = (add: () => void) => {
              try {
                add();
                return 'added';
              } catch (error) {
                if (error instanceof RouteConflictError) return 'conflict';
                throw error;
              }
            };
            expect(outcome(() => table.add(entry))).toBe(outcome(() => naive.add(entry)));
          }
          expect(table.size).toBe(naive.routes.size);
          for (const method of ['GET', 'POST']) {
            for (const each of paths) {
              const found = table.find(method, each);
              const expected = naive.find(method, each);
              expect(found?.value).toBe(expected?.entry);
              expect(found?.values).toEqual(expected?.values);
            }
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('http:56 among 10 000 routes the right one is found, and all can be removed again', () => {
    const table = new RouteTable<TableEntry>();
    for (let n = 0; n < 10_000; n++) {
      table.add({ triggerId: String(n), method: 'GET', path: `group${n % 100}/item${n}/:id` });
    }
    expect(table.find('GET', '/group42/item4242/x')?.value.triggerId).toBe('4242');
    for (let n = 0; n < 10_000; n++) table.remove(String(n));
    expect(table.size).toBe(0);
    expect(table.find('GET', '/group42/item4242/x')).toBeUndefined();
  });
});
