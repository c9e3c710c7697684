// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { makeTempDir } from '@iii-dev/worker-kit/testing';
import { build } from 'tsdown';
import { describe, expect, it } from 'vitest';
import { readArchive } from '../../src/adapters/import-upstream.ts';
import { createLmdbStateStore } from '../../src/adapters/lmdb.ts';
import type { StateStore } from '../../src/store.ts';
import { stateStoreSuite } from './suite.ts';

stateStoreSuite('lmdb', async () => {
  const dir = await makeTempDir();
  return {
    open: (now) => createLmdbStateStore({ folder: dir.path, now }),
    dispose: () => dir[Symbol.asyncDispose](),
  };
});

const put = (store: StateStore, scope: string, key: string, text: string): Promise<void> =>
  store.change(scope, key, () => ({
    decision: { kind: 'put', value: { text } },
    result: undefined,
  }));

describe('lmdb', () => {
  it('has everything again after it was closed', async () => {
    await using dir = await makeTempDir();
    const store = await createLmdbStateStore({ folder: dir.path });
    for (const key of ['z', 'a', 'm']) await put(store, 's', key, `"${key}"`);
    await store.close();
    const again = await createLmdbStateStore({ folder: dir.path });
    const { entries } = await again.list('s', { limit: 10 });
    expect(entries.map(({ text }) => text)).toEqual(['"z"', '"a"', '"m"']);
    expect(await again.count('s')).toBe(3);
    await again.close();
  });

  it('has every acknowledged value after kill -9', async () => {
    await using dir = await makeTempDir();
    const writer = await compileWriter();
    for (let round = 0; round < 3; round += 1) {
      const acknowledged = await writeUntilKilled(writer, dir.path, round);
      expect(acknowledged.length).toBeGreaterThan(50);
      const store = await createLmdbStateStore({ folder: dir.path });
      for (const key of acknowledged) expect(await store.get('s', key)).toBe(`"${key}"`);
      const { entries } = await store.list('s', { limit: Number.POSITIVE_INFINITY });
      expect(await store.count('s')).toBe(entries.length);
      await store.close();
    }
  });

  it('takes over the files of the original engine, once, and leaves them there', async () => {
    await using dir = await makeTempDir();
    const long = '{"a":"bc"}';
    const root = Buffer.from([0x8a, 0, 0, 0, 0xf4, 0xff, 0xff, 0xff]);
    writeFileSync(join(dir.path, 'a%2Fb.bin'), Buffer.concat([Buffer.from(`${long}\0\0`), root]));
    writeFileSync(join(dir.path, 'none.bin'), Buffer.from('{}\xff\xff\xff\xff\xff\xff', 'latin1'));
    let told = 0;
    const open = () =>
      createLmdbStateStore({
        folder: dir.path,
        onImported: (scopes) => {
          told += scopes;
        },
      });
    const store = await open();
    expect(await store.get('a/b', 'a')).toBe('"bc"');
    expect(await store.scopes()).toEqual(['a/b']);
    await put(store, 'a/b', 'a', '1');
    await store.close();
    const again = await open();
    expect(await again.get('a/b', 'a')).toBe('1');
    expect(told).toBe(2);
    expect(readdirSync(dir.path)).toContain('a%2Fb.bin');
    await again.close();
  });

  it('refuses to start beside a file of the original engine that it cannot read', async () => {
    await using dir = await makeTempDir();
    writeFileSync(join(dir.path, 'bad.bin'), 'short');
    const opened = createLmdbStateStore({ folder: dir.path });
    await expect(opened).rejects.toThrow(`cannot take over "${join(dir.path, 'bad.bin')}"`);
    expect(readFileSync(join(dir.path, 'bad.bin'), 'utf8')).toBe('short');
  });

  it('reads both forms of an archive', () => {
    expect(readArchive(Buffer.from('{"a":1}\xff', 'latin1'))).toBe('{"a":1}');
    const text = `{"k":"${'v'.repeat(300)}"}`;
    const body = Buffer.from(text.padEnd(Math.ceil(text.length / 4) * 4, '\0'));
    const root = Buffer.alloc(8);
    const { length } = text;
    root.writeUInt32LE(((length & ~0x3f) << 2) | (length & 0x3f) | 0x80, 0);
    root.writeInt32LE(-body.length, 4);
    expect(readArchive(Buffer.concat([body, root]))).toBe(text);
  });
});

/** Compiles the writer where it finds its packages; the process it runs in knows no TypeScript. */
async function compileWriter(): Promise<string> {
  const outDir = fileURLToPath(new URL('../../node_modules/.endless-writer/', import.meta.url));
  await build({
    config: false,
    entry: [fileURLToPath(new URL('./endless-writer.ts', import.meta.url))],
    outDir,
    format: ['esm'],
    dts: false,
    logLevel: 'silent',
    inputOptions: { resolve: { conditionNames: ['iii-source', 'node', 'import', 'default'] } },
    deps: { neverBundle: ['lmdb'] },
  });
  return join(outDir, 'endless-writer.mjs');
}

/** Lets a process of its own write as fast as it can, kills it, and tells what it acknowledged. */
async function writeUntilKilled(writer: string, folder: string, round: number): Promise<string[]> {
  const child = spawn(process.execPath, [writer, folder, String(round)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  const acknowledged: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    acknowledged.push(line);
    if (acknowledged.length === 300) child.kill('SIGKILL');
  }
  if (acknowledged.length < 300) throw new Error(`the writer ended early: ${complaints}`);
  return acknowledged;
}
