// SPDX-License-Identifier: Apache-2.0
import type { Decision, Expired, KeyedValue, KvStore, StoredValue } from '../store.ts';

/** A store that ends with its process. */
export function createMemoryKvStore(now: () => number = Date.now): KvStore {
  return new MemoryKvStore(now);
}

class MemoryKvStore implements KvStore {
  readonly isDurable = false;
  readonly #now: () => number;
  readonly #indexes = new Map<string, Map<string, StoredValue>>();

  constructor(now: () => number) {
    this.#now = now;
  }

  async get(index: string, key: string): Promise<string | undefined> {
    return this.#live(this.#indexes.get(index)?.get(key))?.text;
  }

  async change<Result>(
    index: string,
    key: string,
    decide: (current: StoredValue | undefined) => { decision: Decision; result: Result },
  ): Promise<Result> {
    const { decision, result } = decide(this.#live(this.#indexes.get(index)?.get(key)));
    if (decision.kind === 'put') this.#put(index, key, decision.value);
    if (decision.kind === 'remove') this.#remove(index, key);
    return result;
  }

  async list(index: string, prefix = ''): Promise<readonly KeyedValue[]> {
    const entries: KeyedValue[] = [];
    for (const [key, row] of this.#indexes.get(index) ?? []) {
      if (this.#live(row) !== undefined && key.startsWith(prefix)) {
        entries.push({ key, text: row.text });
      }
    }
    return entries;
  }

  async indexes(): Promise<string[]> {
    const names: string[] = [];
    for (const [name, rows] of this.#indexes) {
      if ([...rows.values()].some((row) => this.#live(row) !== undefined)) names.push(name);
    }
    return names;
  }

  async expired(limit: number): Promise<readonly Expired[]> {
    const found: (Expired & { expiresAtMs: number })[] = [];
    for (const [index, rows] of this.#indexes) {
      for (const [key, row] of rows) {
        if (row.expiresAtMs !== undefined && row.expiresAtMs <= this.#now()) {
          found.push({ index, key, expiresAtMs: row.expiresAtMs });
        }
      }
    }
    found.sort((a, b) => a.expiresAtMs - b.expiresAtMs);
    return found.slice(0, limit);
  }

  async sweep({ index, key }: Expired): Promise<string | undefined> {
    const row = this.#indexes.get(index)?.get(key);
    if (row === undefined || this.#live(row) !== undefined) return undefined;
    this.#remove(index, key);
    return row.text;
  }

  async close(): Promise<void> {
    this.#indexes.clear();
  }

  #live(row: StoredValue | undefined): StoredValue | undefined {
    if (row?.expiresAtMs !== undefined && row.expiresAtMs <= this.#now()) return undefined;
    return row;
  }

  #put(index: string, key: string, value: StoredValue): void {
    let rows = this.#indexes.get(index);
    if (rows === undefined) {
      rows = new Map();
      this.#indexes.set(index, rows);
    }
    const earlier = rows.get(key);
    // One whose time was over was gone, so its key is a new one.
    if (earlier !== undefined && this.#live(earlier) === undefined) rows.delete(key);
    rows.set(key, value);
  }

  #remove(index: string, key: string): void {
    const rows = this.#indexes.get(index);
    rows?.delete(key);
    if (rows?.size === 0) this.#indexes.delete(index);
  }
}
