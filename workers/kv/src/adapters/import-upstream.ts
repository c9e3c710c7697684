// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LmdbStore, memberTexts, StoreOpenError } from '@iii-dev/worker-kit';
import type { KvStore } from '../store.ts';

const DONE_KEY = '!upstream-imported';
const SUFFIX = '.bin';

/**
 * Takes over the files the original engine kept in a folder, one per index, and leaves them there.
 * Done once per folder; a crash halfway starts over. Answers how many indexes came in.
 * @throws StoreOpenError naming a file that cannot be read: starting without it would lose it
 */
export async function importUpstreamFiles(
  folder: string,
  store: LmdbStore,
  target: KvStore,
): Promise<number> {
  if (store.get(DONE_KEY) !== undefined) return 0;
  const files = readdirSync(folder).filter((name) => name.endsWith(SUFFIX));
  for (const file of files) await importFile(join(folder, file), file, target);
  await store.write([{ key: DONE_KEY, value: String(files.length) }]);
  return files.length;
}

async function importFile(path: string, file: string, target: KvStore): Promise<void> {
  let values: Map<string, string> | undefined;
  let index: string;
  try {
    index = decodeURIComponent(file.slice(0, -SUFFIX.length));
    values = memberTexts(readArchive(readFileSync(path)));
    if (values === undefined) throw new Error('it holds no JSON object');
  } catch (error) {
    throw new StoreOpenError(
      path,
      `cannot take over "${path}" of an earlier engine (${(error as Error).message}): restore that file, or move it away to go on without its values`,
      error,
    );
  }
  const writes = [...values].map(([key, text]) =>
    target.change(index, key, () => ({
      decision: { kind: 'put', value: { text } },
      result: undefined,
    })),
  );
  await Promise.all(writes);
}

/** Bytes of the root at the end of an archive: a short text itself, or where a long one stands. */
const ROOT_BYTES = 8;
const FILLER = 0xff;

/** The one text in an archive of the original engine's serialiser (rkyv 0.8, little-endian). */
export function readArchive(bytes: Buffer): string {
  if (bytes.length < ROOT_BYTES) throw new Error('it is too short');
  const rootAt = bytes.length - ROOT_BYTES;
  const root = bytes.subarray(rootAt);
  if (((root[0] as number) & 0xc0) !== 0x80) {
    const end = root.indexOf(FILLER);
    return root.subarray(0, end === -1 ? ROOT_BYTES : end).toString('utf8');
  }
  const encoded = root.readUInt32LE(0);
  // `& ~0xff` would be signed above 2^31; lengths beyond that do not fit a text anyway.
  const length = ((encoded & 0x3f) | ((encoded & ~0xff) >>> 2)) >>> 0;
  const start = rootAt + root.readInt32LE(4);
  if (start < 0 || start + length > rootAt) throw new Error('its text lies outside of it');
  return bytes.subarray(start, start + length).toString('utf8');
}
