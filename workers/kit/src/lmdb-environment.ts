// SPDX-License-Identifier: Apache-2.0
import { open } from 'lmdb';
import type { StoreEntry, StoreRange } from './lmdb-store.ts';

/** What the store needs of LMDB. */
export interface LmdbEnvironment {
  get(key: string): string | undefined;
  range(range: StoreRange): Iterable<StoreEntry>;
  /** One transaction; resolves when it is on disk, rejects when it is not. */
  commit(changes: ReadonlyMap<string, string | undefined>): Promise<void>;
  close(): Promise<void>;
}

/** Opens LMDB in a folder. */
export function openEnvironment(folder: string): LmdbEnvironment {
  const database = open<string, string>({
    path: folder,
    // A folder called `state_store.db` would be taken for a file.
    noSubdir: false,
    encoding: 'string',
    // With it a commit resolves before its data is flushed, and a failing flush is told to nobody.
    overlappingSync: false,
  });
  return {
    get: (key) => database.get(key),
    range: (range) => database.getRange(toLmdb(range)),
    async commit(changes) {
      try {
        await Promise.all(putAll(database, changes));
      } catch (error) {
        throw await commitCause(error);
      }
    },
    close: () => database.close(),
  };
}

/** Writes of one event turn are one transaction. */
function putAll(
  database: ReturnType<typeof open<string, string>>,
  changes: ReadonlyMap<string, string | undefined>,
): Promise<boolean>[] {
  const writes: Promise<boolean>[] = [];
  for (const [key, value] of changes) {
    writes.push(value === undefined ? database.remove(key) : database.put(key, value));
  }
  return writes;
}

/** LMDB wants the bounds of a reverse range the other way round, its start still included. */
function toLmdb({ start, end, limit, reverse }: StoreRange): Record<string, unknown> {
  const bounds = reverse
    ? { start: end, end: start, exclusiveStart: true, inclusiveEnd: true, reverse }
    : { start, end };
  return Object.fromEntries(
    Object.entries({ ...bounds, limit }).filter(([, value]) => value !== undefined),
  );
}

/** The reason of a failed commit comes as a promise of its own beside the error. */
async function commitCause(error: unknown): Promise<unknown> {
  const { commitError } = error as { commitError?: Promise<unknown> };
  if (commitError === undefined) return error;
  return commitError.then(
    () => error,
    (cause: unknown) => cause,
  );
}
