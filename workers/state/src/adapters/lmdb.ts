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
import type {
  Decision,
  Expired,
  KeyedValue,
  Page,
  PageRequest,
  StateStore,
  StoredValue,
} from '../store.ts';
import { importUpstreamFiles } from './import-upstream.ts';

/** How the durable store is opened. */
export interface LmdbStateStoreOptions {
  readonly folder: string;
  readonly now?: () => number;
  onFailure?(error: StoreFailedError): void;
  /** Told how many scopes of an older engine's files were taken over. */
  onImported?(scopes: number): void;
}

/**
 * Opens the store that keeps every value on disk; a value is acknowledged when it is there.
 *
 * Four kinds of entry, all texts:
 * - `v scope key` → place, expiry and the value: one lookup per read, one write per overwrite
 * - `o scope place` → the key: a scope in order
 * - `s scope` → the scope's name, its number of keys and its next place
 * - `x expiry scope key` → scope and key: what to sweep
 */
export async function createLmdbStateStore(options: LmdbStateStoreOptions): Promise<StateStore> {
  const store = await openStore(options.folder, {
    format: 'iii-state 1',
    ...(options.onFailure === undefined ? {} : { onFailure: options.onFailure }),
  });
  const state = new LmdbStateStore(store, options.now ?? Date.now);
  try {
    const imported = await importUpstreamFiles(options.folder, store, state);
    if (imported > 0) options.onImported?.(imported);
  } catch (error) {
    await store.close();
    throw error;
  }
  return state;
}

interface Row extends StoredValue {
  readonly place: number;
}

interface ScopeRow {
  readonly name: string;
  readonly count: number;
  readonly next: number;
}

class LmdbStateStore implements StateStore {
  readonly isDurable = true;
  readonly #store: LmdbStore;
  readonly #now: () => number;

  constructor(store: LmdbStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  async get(scope: string, key: string): Promise<string | undefined> {
    return this.#live(readRow(this.#store.get(valueKey(scope, key))))?.text;
  }

  async change<Result>(
    scope: string,
    key: string,
    decide: (current: StoredValue | undefined) => { decision: Decision; result: Result },
  ): Promise<Result> {
    const row = readRow(this.#store.latest(valueKey(scope, key)));
    const { decision, result } = decide(this.#live(row));
    // Also for "keep": what was decided from may itself still be on its way to disk.
    await this.#store.write(this.#changesFor(scope, key, row, decision));
    return result;
  }

  async list(scope: string, page: PageRequest): Promise<Page> {
    const entries: KeyedValue[] = [];
    let bytes = 0;
    const prefix = joinKey('o', keyPart(scope), '');
    const start = page.after === undefined ? prefix : prefix + placeText(page.after);
    for (const { key: orderKey, value } of this.#store.range({ start, end: endOfPrefix(prefix) })) {
      const key = JSON.parse(value) as string;
      if (!key.startsWith(page.prefix ?? '')) continue;
      const row = this.#live(readRow(this.#store.get(valueKey(scope, key))));
      if (row === undefined) continue;
      bytes += Buffer.byteLength(key) + Buffer.byteLength(row.text);
      const isFull =
        entries.length === page.limit || bytes > (page.maxBytes ?? Number.POSITIVE_INFINITY);
      if (isFull && entries.length > 0) {
        return { entries, next: Number.parseInt(orderKey.slice(prefix.length), 36) };
      }
      entries.push({ key, text: row.text });
    }
    return { entries };
  }

  async count(scope: string): Promise<number> {
    const stored = readScope(this.#store.get(scopeKey(scope)))?.count ?? 0;
    if (stored === 0) return 0;
    return (
      stored - this.#due(Number.POSITIVE_INFINITY).filter((each) => each.scope === scope).length
    );
  }

  async scopes(): Promise<string[]> {
    const prefix = joinKey('s', '');
    const due = new Map<string, number>();
    for (const { scope } of this.#due(Number.POSITIVE_INFINITY)) {
      due.set(scope, (due.get(scope) ?? 0) + 1);
    }
    const names: string[] = [];
    for (const { value } of this.#store.range({ start: prefix, end: endOfPrefix(prefix) })) {
      const scope = readScope(value) as ScopeRow;
      if (scope.count > (due.get(scope.name) ?? 0)) names.push(scope.name);
    }
    return names;
  }

  async expired(limit: number): Promise<readonly Expired[]> {
    return this.#due(limit);
  }

  async sweep({ scope, key }: Expired): Promise<string | undefined> {
    const row = readRow(this.#store.latest(valueKey(scope, key)));
    if (row === undefined || this.#live(row) !== undefined) return undefined;
    await this.#store.write(this.#changesFor(scope, key, row, { kind: 'remove' }));
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
      const [scope, key] = JSON.parse(value) as [string, string];
      due.push({ scope, key });
    }
    return due;
  }

  #changesFor(scope: string, key: string, row: Row | undefined, decision: Decision): StoreChange[] {
    switch (decision.kind) {
      case 'keep':
        return [];
      case 'put':
        return this.#putChanges(scope, key, row, decision.value);
      case 'remove':
        return row === undefined ? [] : this.#removeChanges(scope, key, row);
      default:
        return decision satisfies never;
    }
  }

  #putChanges(scope: string, key: string, row: Row | undefined, value: StoredValue): StoreChange[] {
    const live = this.#live(row);
    const changes = row === undefined ? [] : expiryChanges(scope, key, row.expiresAtMs, undefined);
    let place = live?.place;
    if (place === undefined) {
      const known = this.#scope(scope);
      place = known.next;
      // One whose time was over was gone, so its key is a new one and goes last.
      if (row !== undefined) changes.push({ key: orderKey(scope, row.place), value: undefined });
      const count = known.count + (row === undefined ? 1 : 0);
      changes.push(
        { key: orderKey(scope, place), value: JSON.stringify(key) },
        { key: scopeKey(scope), value: JSON.stringify({ name: scope, count, next: place + 1 }) },
      );
    }
    changes.push({ key: valueKey(scope, key), value: writeRow({ ...value, place }) });
    return changes.concat(expiryChanges(scope, key, undefined, value.expiresAtMs));
  }

  #removeChanges(scope: string, key: string, row: Row): StoreChange[] {
    const known = this.#scope(scope);
    const count = known.count - 1;
    return [
      { key: valueKey(scope, key), value: undefined },
      { key: orderKey(scope, row.place), value: undefined },
      {
        key: scopeKey(scope),
        value: count === 0 ? undefined : JSON.stringify({ ...known, count }),
      },
      ...expiryChanges(scope, key, row.expiresAtMs, undefined),
    ];
  }

  #scope(scope: string): ScopeRow {
    return readScope(this.#store.latest(scopeKey(scope))) ?? { name: scope, count: 0, next: 0 };
  }
}

function expiryChanges(
  scope: string,
  key: string,
  before: number | undefined,
  after: number | undefined,
): StoreChange[] {
  const at = (time: number): string => joinKey('x', timeText(time), keyPart(scope), keyPart(key));
  if (before !== undefined) return [{ key: at(before), value: undefined }];
  if (after !== undefined) return [{ key: at(after), value: JSON.stringify([scope, key]) }];
  return [];
}

const valueKey = (scope: string, key: string): string => joinKey('v', keyPart(scope), keyPart(key));
const orderKey = (scope: string, place: number): string =>
  joinKey('o', keyPart(scope), placeText(place));
const scopeKey = (scope: string): string => joinKey('s', keyPart(scope));

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

function readScope(stored: string | undefined): ScopeRow | undefined {
  return stored === undefined ? undefined : (JSON.parse(stored) as ScopeRow);
}
