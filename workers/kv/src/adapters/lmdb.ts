// SPDX-License-Identifier: Apache-2.0
import {
  endOfPrefix,
  joinKey,
  keyPart,
  type LmdbStore,
  openStore,
  type StoreChange,
  type StoreFailedError,
} from '@iii-dev/worker-kit';
import type { Decision, Expired, KeyedValue, KvStore, StoredValue } from '../store.ts';
import { importUpstreamFiles } from './import-upstream.ts';

/** How the durable store is opened. */
export interface LmdbKvStoreOptions {
  readonly folder: string;
  readonly now?: () => number;
  onFailure?(error: StoreFailedError): void;
  /** Told how many indexes of an older engine's files were taken over. */
  onImported?(indexes: number): void;
}

/**
 * Opens the store that keeps every value on disk; a value is acknowledged when it is there.
 *
 * Four kinds of entry, all texts:
 * - `v index key` → place, expiry and the value: one lookup per read, one write per overwrite
 * - `o index place` → the key: an index in order
 * - `s index` → the index's name, its number of keys and its next place
 * - `x expiry index key` → index and key: what to sweep
 */
export async function createLmdbKvStore(options: LmdbKvStoreOptions): Promise<KvStore> {
  const store = await openStore(options.folder, {
    format: 'iii-kv 1',
    ...(options.onFailure === undefined ? {} : { onFailure: options.onFailure }),
  });
  const target = new LmdbKvStore(store, options.now ?? Date.now);
  try {
    const imported = await importUpstreamFiles(options.folder, store, target);
    if (imported > 0) options.onImported?.(imported);
  } catch (error) {
    await store.close();
    throw error;
  }
  return target;
}

interface Row extends StoredValue {
  readonly place: number;
}

interface IndexRow {
  readonly name: string;
  readonly count: number;
  readonly next: number;
}

class LmdbKvStore implements KvStore {
  readonly isDurable = true;
  readonly #store: LmdbStore;
  readonly #now: () => number;

  constructor(store: LmdbStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  async get(index: string, key: string): Promise<string | undefined> {
    return this.#live(readRow(this.#store.get(valueKey(index, key))))?.text;
  }

  async change<Result>(
    index: string,
    key: string,
    decide: (current: StoredValue | undefined) => { decision: Decision; result: Result },
  ): Promise<Result> {
    const row = readRow(this.#store.latest(valueKey(index, key)));
    const { decision, result } = decide(this.#live(row));
    // Also for "keep": what was decided from may itself still be on its way to disk.
    await this.#store.write(this.#changesFor(index, key, row, decision));
    return result;
  }

  async list(index: string, prefix = ''): Promise<readonly KeyedValue[]> {
    const entries: KeyedValue[] = [];
    const start = joinKey('o', keyPart(index), '');
    for (const { value } of this.#store.range({ start, end: endOfPrefix(start) })) {
      const key = JSON.parse(value) as string;
      if (!key.startsWith(prefix)) continue;
      const row = this.#live(readRow(this.#store.get(valueKey(index, key))));
      if (row !== undefined) entries.push({ key, text: row.text });
    }
    return entries;
  }

  async indexes(): Promise<string[]> {
    const prefix = joinKey('s', '');
    const due = new Map<string, number>();
    for (const { index } of this.#due(Number.POSITIVE_INFINITY)) {
      due.set(index, (due.get(index) ?? 0) + 1);
    }
    const names: string[] = [];
    for (const { value } of this.#store.range({ start: prefix, end: endOfPrefix(prefix) })) {
      const index = readIndex(value) as IndexRow;
      if (index.count > (due.get(index.name) ?? 0)) names.push(index.name);
    }
    return names;
  }

  async expired(limit: number): Promise<readonly Expired[]> {
    return this.#due(limit);
  }

  async sweep({ index, key }: Expired): Promise<string | undefined> {
    const row = readRow(this.#store.latest(valueKey(index, key)));
    if (row === undefined || this.#live(row) !== undefined) return undefined;
    await this.#store.write(this.#changesFor(index, key, row, { kind: 'remove' }));
    return row.text;
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #live(row: Row | undefined): Row | undefined {
    if (row?.expiresAtMs !== undefined && row.expiresAtMs <= this.#now()) return undefined;
    return row;
  }

  #due(limit: number): Expired[] {
    const due: Expired[] = [];
    const bounds = { start: joinKey('x', ''), end: joinKey('x', timeText(this.#now() + 1)) };
    const range = Number.isFinite(limit) ? { ...bounds, limit } : bounds;
    for (const { value } of this.#store.range(range)) {
      const [index, key] = JSON.parse(value) as [string, string];
      due.push({ index, key });
    }
    return due;
  }

  #changesFor(index: string, key: string, row: Row | undefined, decision: Decision): StoreChange[] {
    switch (decision.kind) {
      case 'keep':
        return [];
      case 'put':
        return this.#putChanges(index, key, row, decision.value);
      case 'remove':
        return row === undefined ? [] : this.#removeChanges(index, key, row);
      default:
        return decision satisfies never;
    }
  }

  #putChanges(index: string, key: string, row: Row | undefined, value: StoredValue): StoreChange[] {
    const live = this.#live(row);
    const changes = row === undefined ? [] : expiryChanges(index, key, row.expiresAtMs, undefined);
    let place = live?.place;
    if (place === undefined) {
      const known = this.#index(index);
      place = known.next;
      // One whose time was over was gone, so its key is a new one and goes last.
      if (row !== undefined) changes.push({ key: orderKey(index, row.place), value: undefined });
      const count = known.count + (row === undefined ? 1 : 0);
      changes.push(
        { key: orderKey(index, place), value: JSON.stringify(key) },
        { key: indexKey(index), value: JSON.stringify({ name: index, count, next: place + 1 }) },
      );
    }
    changes.push({ key: valueKey(index, key), value: writeRow({ ...value, place }) });
    return changes.concat(expiryChanges(index, key, undefined, value.expiresAtMs));
  }

  #removeChanges(index: string, key: string, row: Row): StoreChange[] {
    const known = this.#index(index);
    const count = known.count - 1;
    return [
      { key: valueKey(index, key), value: undefined },
      { key: orderKey(index, row.place), value: undefined },
      {
        key: indexKey(index),
        value: count === 0 ? undefined : JSON.stringify({ ...known, count }),
      },
      ...expiryChanges(index, key, row.expiresAtMs, undefined),
    ];
  }

  #index(index: string): IndexRow {
    return readIndex(this.#store.latest(indexKey(index))) ?? { name: index, count: 0, next: 0 };
  }
}

function expiryChanges(
  index: string,
  key: string,
  before: number | undefined,
  after: number | undefined,
): StoreChange[] {
  const at = (time: number): string => joinKey('x', timeText(time), keyPart(index), keyPart(key));
  if (before !== undefined) return [{ key: at(before), value: undefined }];
  if (after !== undefined) return [{ key: at(after), value: JSON.stringify([index, key]) }];
  return [];
}

const valueKey = (index: string, key: string): string => joinKey('v', keyPart(index), keyPart(key));
const orderKey = (index: string, place: number): string =>
  joinKey('o', keyPart(index), placeText(place));
const indexKey = (index: string): string => joinKey('s', keyPart(index));

/** Digits of 2^53 in base 36, so that the order of texts is the order of numbers. */
const NUMBER_DIGITS = 11;
const placeText = (place: number): string => place.toString(36).padStart(NUMBER_DIGITS, '0');
const timeText = (ms: number): string => Math.floor(ms).toString(36).padStart(NUMBER_DIGITS, '0');

/** The place and the expiry stand in a first line; JSON text may have lines of its own after it. */
function writeRow({ place, expiresAtMs, text }: Row): string {
  return `${place} ${expiresAtMs ?? ''}\n${text}`;
}

function readRow(stored: string | undefined): Row | undefined {
  if (stored === undefined) return undefined;
  const end = stored.indexOf('\n');
  const [place, expiry] = stored.slice(0, end).split(' ');
  const expiresAtMs = expiry === '' ? undefined : Number(expiry);
  return { place: Number(place), expiresAtMs, text: stored.slice(end + 1) };
}

function readIndex(stored: string | undefined): IndexRow | undefined {
  return stored === undefined ? undefined : (JSON.parse(stored) as IndexRow);
}
