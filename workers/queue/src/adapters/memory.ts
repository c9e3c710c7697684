// SPDX-License-Identifier: Apache-2.0
import type { StoreChange, StoreEntry, StoreRange } from '@iii-dev/worker-kit';
import type { QueueStore } from '../store.ts';
import { RowQueueStore, type Texts } from './rows.ts';

/** Opens a store that ends with the process. */
export function createMemoryQueueStore(): QueueStore {
  return new RowQueueStore(new SortedTexts(), false);
}

/** Keys of one chunk: small enough to insert into, large enough to keep the chunks few. */
const CHUNK_KEYS = 512;

/** An ordered map of texts: the values in a map, the keys sorted in chunks. */
class SortedTexts implements Texts {
  readonly #values = new Map<string, string>();
  readonly #chunks: string[][] = [[]];

  get(key: string): string | undefined {
    return this.#values.get(key);
  }

  latest(key: string): string | undefined {
    return this.#values.get(key);
  }

  range({ start = '', end, limit, reverse }: StoreRange = {}): Iterable<StoreEntry> {
    const found: StoreEntry[] = [];
    const isFull = (): boolean => limit !== undefined && found.length >= limit;
    const take = (key: string): void => {
      found.push({ key, value: this.#values.get(key) as string });
    };
    if (reverse) {
      for (const key of this.#backwards(end)) {
        if (key < start || isFull()) break;
        take(key);
      }
    } else {
      for (const key of this.#forwards(start)) {
        if ((end !== undefined && key >= end) || isFull()) break;
        take(key);
      }
    }
    return found;
  }

  async write(changes: readonly StoreChange[]): Promise<void> {
    for (const { key, value } of changes) {
      if (value === undefined) this.#delete(key);
      else this.#set(key, value);
    }
  }

  async close(): Promise<void> {
    this.#values.clear();
    this.#chunks.splice(0, this.#chunks.length, []);
  }

  *#forwards(start: string): Iterable<string> {
    const first = this.#chunkOf(start);
    for (let c = first; c < this.#chunks.length; c += 1) {
      const chunk = this.#chunks[c] as string[];
      for (let k = c === first ? placeIn(chunk, start) : 0; k < chunk.length; k += 1) {
        yield chunk[k] as string;
      }
    }
  }

  *#backwards(end: string | undefined): Iterable<string> {
    const last = end === undefined ? this.#chunks.length - 1 : this.#chunkOf(end);
    for (let c = last; c >= 0; c -= 1) {
      const chunk = this.#chunks[c] as string[];
      const stop = c === last && end !== undefined ? placeIn(chunk, end) : chunk.length;
      for (let k = stop - 1; k >= 0; k -= 1) yield chunk[k] as string;
    }
  }

  #set(key: string, value: string): void {
    const isNew = !this.#values.has(key);
    this.#values.set(key, value);
    if (!isNew) return;
    const c = this.#chunkOf(key);
    const chunk = this.#chunks[c] as string[];
    chunk.splice(placeIn(chunk, key), 0, key);
    if (chunk.length > CHUNK_KEYS) {
      this.#chunks.splice(c + 1, 0, chunk.splice(CHUNK_KEYS / 2));
    }
  }

  #delete(key: string): void {
    if (!this.#values.delete(key)) return;
    const c = this.#chunkOf(key);
    const chunk = this.#chunks[c] as string[];
    chunk.splice(placeIn(chunk, key), 1);
    if (chunk.length === 0 && this.#chunks.length > 1) this.#chunks.splice(c, 1);
  }

  /** The last chunk that starts at or before the key. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#chunks[middle]?.[0] ?? '') <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Where a key stands or belongs. */
function placeIn(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
