// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { FolderInUseError, type FolderLock, lockFolder } from './folder-lock.ts';
import { type LmdbEnvironment, openEnvironment } from './lmdb-environment.ts';

/**
 * An ordered map from text to text on disk: what every durable worker keeps its data in.
 *
 * Writes gather while the one before them is being stored, and go together as the next transaction;
 * so the number of disk flushes follows the disk, not the number of callers.
 *
 * I1  A write that has resolved is on disk; `kill -9` and a power cut lose none of it.
 * I2  The changes of one write are stored all or none, in the order writes were made.
 * I3  `get` and `range` see only what is on disk; a reader never sees what a crash could take back.
 * I4  `latest` sees what is on the way as well, so that a decision builds on the one before it.
 * I5  After a failed write nothing more is acknowledged: what is on the way builds on what was lost.
 * I6  One process works in a folder at a time.
 */
export interface LmdbStore {
  readonly folder: string;
  /** The stored text. */
  get(key: string): string | undefined;
  /** The text as it will be once all writes made so far are stored. */
  latest(key: string): string | undefined;
  /** Stored entries in order of their keys' bytes. */
  range(range?: StoreRange): Iterable<StoreEntry>;
  /** Stores all changes or none; resolves when they are on disk. @throws StoreFailedError */
  write(changes: readonly StoreChange[]): Promise<void>;
  /** Stores what is on the way and gives the folder back. May be called twice. */
  close(): Promise<void>;
}

/** Bounds of keys: `start` belongs to the range, `end` does not. */
export interface StoreRange {
  readonly start?: string | undefined;
  readonly end?: string | undefined;
  readonly limit?: number | undefined;
  /** From the last to the first; `start` and `end` keep their meaning. */
  readonly reverse?: boolean | undefined;
}

/** One stored pair. */
export interface StoreEntry {
  readonly key: string;
  readonly value: string;
}

/** A key and its text; `undefined` removes it. */
export interface StoreChange {
  readonly key: string;
  readonly value: string | undefined;
}

/** The store cannot be opened; the message says what to do. */
export class StoreOpenError extends Error {
  readonly code = 'STORE_UNUSABLE';
  readonly folder: string;

  constructor(folder: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'StoreOpenError';
    this.folder = folder;
  }
}

/** A write did not reach the disk; the store takes no more. */
export class StoreFailedError extends Error {
  readonly code = 'STORE_FAILED';
  readonly folder: string;

  constructor(folder: string, cause: unknown) {
    super(
      `the store in "${folder}" could not write (${describe(cause)}) and accepts nothing more: ` +
        'mend the disk (space, permissions, hardware) and start the worker again',
      { cause },
    );
    this.name = 'StoreFailedError';
    this.folder = folder;
  }
}

/** How a store is opened. */
export interface OpenStoreOptions {
  /** What the folder holds and in which layout, `state 1`; another text there is refused. */
  readonly format: string;
  /** Called once when the store fails, for the worker's log. */
  onFailure?(error: StoreFailedError): void;
  /** Replaces LMDB, so that a test can make a disk fail. */
  readonly openEnvironment?: ((folder: string) => LmdbEnvironment) | undefined;
}

/**
 * Opens the store in a folder, making it if need be. There is no fall-back to memory.
 * @throws StoreOpenError when the folder cannot be used, FolderInUseError while another process does
 */
export async function openStore(folder: string, options: OpenStoreOptions): Promise<LmdbStore> {
  const lock = await takeFolder(folder);
  try {
    const store = new FolderStore(folder, lock, openIn(folder, options), options.onFailure);
    await checkFormat(store, options.format);
    return store;
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Holds one part of a key apart from the next; no part contains it. */
const SEPARATOR = '\n';
/** LMDB's keys end at 1978 bytes; three parts of this size and a table name fit. */
const PART_LIMIT_BYTES = 500;

/** The text after every key that starts with these parts, for the end of a range. */
export function endOfPrefix(prefix: string): string {
  return `${prefix}\u{10ffff}`;
}

/** Joins parts to a key. Parts must be {@link keyPart}s or text without control characters. */
export function joinKey(...parts: readonly string[]): string {
  return parts.join(SEPARATOR);
}

/**
 * Any text as part of a key: short plain text stays readable and keeps its order; long text, text
 * with control characters and broken Unicode become `#` and a hash. Store the true text in the value.
 */
export function keyPart(text: string): string {
  if (isPlain(text)) return `=${text}`;
  // UTF-16, since two broken texts may share their UTF-8.
  return `#${createHash('sha256').update(Buffer.from(text, 'utf16le')).digest('hex')}`;
}

function isPlain(text: string): boolean {
  if (text.length > PART_LIMIT_BYTES || Buffer.byteLength(text) > PART_LIMIT_BYTES) return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return !/[\u0000-\u001f\u{10ffff}]|\p{Surrogate}/u.test(text);
}

type Phase =
  | { readonly kind: 'open' }
  | { readonly kind: 'failed'; readonly error: StoreFailedError }
  | { readonly kind: 'closed' };

/** Writes that go to disk together. */
class Batch {
  readonly changes = new Map<string, string | undefined>();
  readonly stored: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;

  constructor() {
    const { promise, resolve, reject } = withResolvers();
    this.stored = promise;
    this.resolve = resolve;
    this.reject = reject;
  }
}

class FolderStore implements LmdbStore {
  readonly folder: string;
  readonly #lock: FolderLock;
  readonly #environment: LmdbEnvironment;
  readonly #onFailure: ((error: StoreFailedError) => void) | undefined;
  #phase: Phase = { kind: 'open' };
  /** Takes further writes. */
  #gathering: Batch | undefined;
  /** Is on its way to disk. */
  #storing: Batch | undefined;
  #isLooping = false;
  #closing: Promise<void> | undefined;

  constructor(
    folder: string,
    lock: FolderLock,
    environment: LmdbEnvironment,
    onFailure: ((error: StoreFailedError) => void) | undefined,
  ) {
    this.folder = folder;
    this.#lock = lock;
    this.#environment = environment;
    this.#onFailure = onFailure;
  }

  get(key: string): string | undefined {
    return this.#environment.get(key);
  }

  latest(key: string): string | undefined {
    if (this.#gathering?.changes.has(key)) return this.#gathering.changes.get(key);
    if (this.#storing?.changes.has(key)) return this.#storing.changes.get(key);
    return this.#environment.get(key);
  }

  range(range: StoreRange = {}): Iterable<StoreEntry> {
    return this.#environment.range(range);
  }

  write(changes: readonly StoreChange[]): Promise<void> {
    const phase = this.#phase;
    if (phase.kind === 'failed') return Promise.reject(phase.error);
    if (phase.kind === 'closed')
      return Promise.reject(new Error(`the store in "${this.folder}" is closed`));
    this.#gathering ??= new Batch();
    const batch = this.#gathering;
    for (const { key, value } of changes) batch.changes.set(key, value);
    if (!this.#isLooping) {
      // Not at once: calls that came in with the same read of the socket go together.
      this.#isLooping = true;
      setImmediate(() => void this.#storeAll());
    }
    return batch.stored;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const last = this.#gathering ?? this.#storing;
    // A write made while waiting is refused, so that the wait has an end.
    if (this.#phase.kind === 'open') this.#phase = { kind: 'closed' };
    await last?.stored.catch(() => {
      // Whoever made the write has been told.
    });
    this.#phase = { kind: 'closed' };
    await this.#environment.close();
    this.#lock.release();
  }

  async #storeAll(): Promise<void> {
    while (this.#gathering !== undefined) {
      const batch = this.#gathering;
      this.#gathering = undefined;
      this.#storing = batch;
      try {
        await this.#environment.commit(batch.changes);
      } catch (error) {
        this.#fail(batch, error);
        return;
      }
      // I4: from here on the environment itself has them.
      this.#storing = undefined;
      batch.resolve();
    }
    this.#isLooping = false;
  }

  /** I5 */
  #fail(batch: Batch, cause: unknown): void {
    const error = new StoreFailedError(this.folder, cause);
    this.#phase = { kind: 'failed', error };
    const waiting = this.#gathering;
    this.#gathering = undefined;
    this.#storing = undefined;
    batch.reject(error);
    waiting?.reject(error);
    this.#onFailure?.(error);
  }
}

/** How long an owner may take to die, ms: a killed process frees its memory first. */
const OWNER_WAIT_MS = 1_000;
const OWNER_POLL_MS = 50;

async function takeFolder(folder: string): Promise<FolderLock> {
  const deadline = Date.now() + OWNER_WAIT_MS;
  for (;;) {
    try {
      return tryFolder(folder);
    } catch (error) {
      if (!(error instanceof FolderInUseError) || Date.now() >= deadline) throw error;
      await sleep(OWNER_POLL_MS);
    }
  }
}

function tryFolder(folder: string): FolderLock {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return lockFolder(folder);
  } catch (error) {
    if (error instanceof FolderInUseError) throw error;
    throw new StoreOpenError(folder, describeUnusable(folder, error), error);
  }
}

function describeUnusable(folder: string, error: unknown): string {
  const uid = process.getuid?.() ?? 'this user';
  return (
    `cannot write to the folder "${folder}" as uid ${uid} (${describe(error)}): ` +
    `give that user the right to write there (chown -R ${uid} "${folder}"), or choose another folder`
  );
}

function openIn(folder: string, options: OpenStoreOptions): LmdbEnvironment {
  try {
    return (options.openEnvironment ?? openEnvironment)(folder);
  } catch (error) {
    throw new StoreOpenError(
      folder,
      `the data in "${folder}" cannot be opened (${describe(error)}): restore it from a backup, or move the folder away to start empty`,
      error,
    );
  }
}

const FORMAT_KEY = '!format';

async function checkFormat(store: LmdbStore, format: string): Promise<void> {
  const found = store.get(FORMAT_KEY);
  if (found === format) return;
  if (found === undefined) return store.write([{ key: FORMAT_KEY, value: format }]);
  await store.close();
  throw new StoreOpenError(
    store.folder,
    `the folder "${store.folder}" holds data of the format "${found}", and "${format}" is needed: choose another folder, or a version of iii that reads it`,
  );
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `Promise.withResolvers` came with Node 22. */
function withResolvers(): {
  promise: Promise<void>;
  resolve: () => void;
  reject: (error: Error) => void;
} {
  let resolve: () => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
