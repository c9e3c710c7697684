// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FolderInUseError } from '../src/folder-lock.ts';
import type { LmdbEnvironment } from '../src/lmdb-environment.ts';
import {
  endOfPrefix,
  joinKey,
  keyPart,
  openStore,
  StoreFailedError,
  StoreOpenError,
} from '../src/lmdb-store.ts';
import { makeTempDir } from '../src/testing/index.ts';

const FORMAT = { format: 'test 1' };

describe('the store', () => {
  it('gives back what was written, also after it was opened again', async () => {
    await using dir = await makeTempDir();
    const store = await openStore(dir.path, FORMAT);
    await store.write([{ key: 'a', value: '9007199254740993' }]);
    expect(store.get('a')).toBe('9007199254740993');
    await store.close();
    const again = await openStore(dir.path, FORMAT);
    expect(again.get('a')).toBe('9007199254740993');
    await again.close();
  });

  it('takes a folder whose name looks like a file', async () => {
    await using dir = await makeTempDir();
    const store = await openStore(join(dir.path, 'state_store.db'), FORMAT);
    await store.write([{ key: 'a', value: '1' }]);
    await store.close();
  });

  it('shows a write to readers only once it is stored, and to the next decision at once', async () => {
    await using dir = await makeTempDir();
    const store = await openStore(dir.path, FORMAT);
    const written = store.write([{ key: 'a', value: '1' }]);
    expect(store.get('a')).toBeUndefined();
    expect(store.latest('a')).toBe('1');
    await written;
    expect(store.get('a')).toBe('1');
    await store.close();
  });

  it('loses no decision among thousands on one key', async () => {
    await using dir = await makeTempDir();
    const store = await openStore(dir.path, FORMAT);
    const writes: Promise<void>[] = [];
    for (let round = 0; round < 20; round += 1) {
      for (let n = 0; n < 100; n += 1) {
        const next = Number(store.latest('n') ?? 0) + 1;
        writes.push(store.write([{ key: 'n', value: String(next) }]));
      }
      await new Promise(setImmediate);
    }
    await Promise.all(writes);
    expect(store.get('n')).toBe('2000');
    await store.close();
  });

  it('a reader sees its own write every time', async () => {
    await using dir = await makeTempDir();
    const store = await openStore(dir.path, FORMAT);
    for (let n = 0; n < 200; n += 1) {
      await store.write([{ key: 'k', value: String(n) }]);
      expect(store.get('k')).toBe(String(n));
    }
    await store.close();
  });

  it('reads ranges forwards and backwards by prefix', async () => {
    await using dir = await makeTempDir();
    const store = await openStore(dir.path, FORMAT);
    const keys = ['a', 'b', 'c'].map((name) => joinKey('t', keyPart(name)));
    await store.write([...keys, 'u'].map((key) => ({ key, value: key })));
    const prefix = joinKey('t', '');
    const bounds = { start: prefix, end: endOfPrefix(prefix) };
    const read = (more: object) => [...store.range({ ...bounds, ...more })].map(({ key }) => key);
    expect(read({})).toEqual(keys);
    expect(read({ limit: 2 })).toEqual(keys.slice(0, 2));
    expect(read({ reverse: true })).toEqual([...keys].reverse());
    expect(read({ start: keys[1], end: keys[2], reverse: true })).toEqual([keys[1]]);
    await store.close();
  });

  it('keeps names apart that are long, empty, broken or hold control characters', () => {
    const names = [
      '',
      'a',
      'a\n',
      '\0',
      'x'.repeat(600),
      'x'.repeat(601),
      '\ud800',
      '\ud801',
      '#a',
      '=a',
    ];
    expect(new Set(names.map((name) => keyPart(name))).size).toBe(names.length);
    for (const name of names) expect(keyPart(name)).not.toContain('\n');
  });

  it('refuses a second opener and names the first', async () => {
    await using dir = await makeTempDir();
    const store = await openStore(dir.path, FORMAT);
    const second = openStore(dir.path, FORMAT);
    await expect(second).rejects.toThrow(FolderInUseError);
    await expect(second).rejects.toThrow(`process ${process.pid}`);
    await store.close();
    await (await openStore(dir.path, FORMAT)).close();
  });

  it('takes over the lock of a process that is gone, even one with the same pid', async () => {
    await using dir = await makeTempDir();
    await (await openStore(dir.path, FORMAT)).close();
    const stale = {
      pid: process.pid,
      host: (await import('node:os')).hostname(),
      started: 'earlier',
    };
    writeFileSync(join(dir.path, 'owner.lock'), JSON.stringify(stale));
    const store = await openStore(dir.path, FORMAT);
    expect(readFileSync(join(dir.path, 'owner.lock'), 'utf8')).not.toContain('earlier');
    await store.close();
  });

  it('says path, uid and remedy when the folder cannot be used', async () => {
    await using dir = await makeTempDir();
    const file = join(dir.path, 'file');
    writeFileSync(file, '');
    const opened = openStore(join(file, 'below'), FORMAT);
    await expect(opened).rejects.toThrow(StoreOpenError);
    await expect(opened).rejects.toThrow(`"${join(file, 'below')}" as uid ${process.getuid?.()}`);
    await expect(opened).rejects.toThrow('choose another folder');
  });

  it('refuses data of another format', async () => {
    await using dir = await makeTempDir();
    await (await openStore(dir.path, FORMAT)).close();
    await expect(openStore(dir.path, { format: 'other 2' })).rejects.toThrow('format "test 1"');
    await (await openStore(dir.path, FORMAT)).close();
  });

  it('acknowledges nothing after a write that did not reach the disk', async () => {
    await using dir = await makeTempDir();
    const failures: StoreFailedError[] = [];
    const store = await openStore(dir.path, {
      ...FORMAT,
      onFailure: (error) => failures.push(error),
      openEnvironment: () => failingEnvironment(2),
    });
    await store.write([{ key: 'a', value: '1' }]);
    const first = store.write([{ key: 'b', value: '2' }]);
    await expect(first).rejects.toThrow('No space left on device');
    await expect(store.write([{ key: 'c', value: '3' }])).rejects.toThrow(StoreFailedError);
    expect(failures).toHaveLength(1);
    expect(store.get('a')).toBe('1');
    expect(store.latest('b')).toBeUndefined();
    await store.close();
  });

  it('stores what is on the way before it closes', async () => {
    await using dir = await makeTempDir();
    const store = await openStore(dir.path, FORMAT);
    void store.write([{ key: 'a', value: '1' }]);
    await Promise.all([store.close(), store.close()]);
    await expect(store.write([{ key: 'b', value: '2' }])).rejects.toThrow('closed');
    const again = await openStore(dir.path, FORMAT);
    expect(again.get('a')).toBe('1');
    await again.close();
  });
});

/** A disk that is full after so many commits. */
function failingEnvironment(goodCommits: number): LmdbEnvironment {
  const stored = new Map<string, string>();
  let left = goodCommits;
  return {
    get: (key) => stored.get(key),
    range: () => [],
    async commit(changes) {
      if (left === 0) throw new Error('No space left on device');
      left -= 1;
      for (const [key, value] of changes) stored.set(key, value ?? '');
    },
    close: async () => {},
  };
}
