// SPDX-License-Identifier: Apache-2.0
import type {
  Decision,
  Expired,
  KeyedValue,
  Page,
  PageRequest,
  StateStore,
  StoredValue,
} from '../store.ts';

/** A store that ends with its process. */
export function createMemoryStateStore(now: () => number = Date.now): StateStore {
  return new MemoryStateStore(now);
}

interface Row extends StoredValue {
  /** Place in its scope. */
  readonly place: number;
}

class MemoryStateStore implements StateStore {
  readonly isDurable = false;
  readonly #now: () => number;
  readonly #scopes = new Map<string, Map<string, Row>>();
  #nextPlace = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  async get(scope: string, key: string): Promise<string | undefined> {
    return this.#live(this.#scopes.get(scope)?.get(key))?.text;
  }

  async change<Result>(
    scope: string,
    key: string,
    decide: (current: StoredValue | undefined) => { decision: Decision; result: Result },
  ): Promise<Result> {
    const { decision, result } = decide(this.#live(this.#scopes.get(scope)?.get(key)));
    if (decision.kind === 'put') this.#put(scope, key, decision.value);
    if (decision.kind === 'remove') this.#remove(scope, key);
    return result;
  }

  async list(scope: string, page: PageRequest): Promise<Page> {
    const entries: KeyedValue[] = [];
    let bytes = 0;
    for (const [key, row] of this.#scopes.get(scope) ?? []) {
      if (page.after !== undefined && row.place < page.after) continue;
      if (this.#live(row) === undefined || !key.startsWith(page.prefix ?? '')) continue;
      bytes += Buffer.byteLength(key) + Buffer.byteLength(row.text);
      const isFull =
        entries.length === page.limit || bytes > (page.maxBytes ?? Number.POSITIVE_INFINITY);
      if (isFull && entries.length > 0) return { entries, next: row.place };
      entries.push({ key, text: row.text });
    }
    return { entries };
  }

  async count(scope: string): Promise<number> {
    const rows = this.#scopes.get(scope)?.values() ?? [];
    return [...rows].filter((row) => this.#live(row) !== undefined).length;
  }

  async scopes(): Promise<string[]> {
    const names: string[] = [];
    for (const [name, rows] of this.#scopes) {
      if ([...rows.values()].some((row) => this.#live(row) !== undefined)) names.push(name);
    }
    return names;
  }

  async expired(limit: number): Promise<readonly Expired[]> {
    const found: (Expired & { expiresAtMs: number })[] = [];
    for (const [scope, rows] of this.#scopes) {
      for (const [key, row] of rows) {
        if (row.expiresAtMs !== undefined && row.expiresAtMs <= this.#now()) {
          found.push({ scope, key, expiresAtMs: row.expiresAtMs });
        }
      }
    }
    found.sort((a, b) => a.expiresAtMs - b.expiresAtMs);
    return found.slice(0, limit);
  }

  async sweep({ scope, key }: Expired): Promise<string | undefined> {
    const row = this.#scopes.get(scope)?.get(key);
    if (row === undefined || this.#live(row) !== undefined) return undefined;
    this.#remove(scope, key);
    return row.text;
  }

  async close(): Promise<void> {
    this.#scopes.clear();
  }

  #live(row: Row | undefined): Row | undefined {
    if (row?.expiresAtMs !== undefined && row.expiresAtMs <= this.#now()) return undefined;
    return row;
  }

  #put(scope: string, key: string, value: StoredValue): void {
    let rows = this.#scopes.get(scope);
    if (rows === undefined) {
      rows = new Map();
      this.#scopes.set(scope, rows);
    }
    const earlier = rows.get(key);
    // One whose time was over was gone, so its key is a new one.
    if (earlier !== undefined && this.#live(earlier) === undefined) rows.delete(key);
    const place = this.#live(earlier)?.place ?? this.#nextPlace++;
    rows.set(key, { ...value, place });
  }

  #remove(scope: string, key: string): void {
    const rows = this.#scopes.get(scope);
    rows?.delete(key);
    if (rows?.size === 0) this.#scopes.delete(scope);
  }
}
