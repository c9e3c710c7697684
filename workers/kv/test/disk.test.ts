// SPDX-License-Identifier: Apache-2.0
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveConfig } from '@iii-dev/worker-kit';
import { makeTempDir } from '@iii-dev/worker-kit/testing';
import { describe, expect, it } from 'vitest';
import { kvWorker } from '../src/index.ts';
import { start } from './start-kv.ts';

describe('on disk', () => {
  it('kv:4 kv:13 values and their order outlive the process', async () => {
    await using dir = await makeTempDir();
    const first = await start({}, dir.path);
    for (const [n, key] of ['z', 'a', 'm'].entries()) {
      await first.call('set', { index: 'i', key, value: n + 1 });
    }
    await first.close();
    const second = await start({}, dir.path);
    expect(await second.call('list', { index: 'i' })).toEqual([1, 2, 3]);
    await second.close();
  });

  it('kv:33 takes over the files of an earlier engine once, and leaves them there', async () => {
    await using dir = await makeTempDir();
    const outOfLine = Buffer.from('{"a":"bc"}\0\0\x8a\0\0\0\xf4\xff\xff\xff', 'latin1');
    writeFileSync(join(dir.path, 'with%20space.bin'), outOfLine);
    writeFileSync(join(dir.path, 'short.bin'), Buffer.from('{"k":1}\xff', 'latin1'));
    const first = await start({ store_method: 'file_based', file_path: dir.path }, '/nonexistent');
    expect(await first.call('get', { index: 'with space', key: 'a' })).toBe('bc');
    expect(await first.call('get', { index: 'short', key: 'k' })).toBe(1);
    await first.call('delete', { index: 'short', key: 'k' });
    await first.close();
    const second = await start({ file_path: dir.path }, '/nonexistent');
    expect(await second.call('list', { index: 'short' })).toEqual([]);
    await second.close();
    expect(readdirSync(dir.path)).toContain('short.bin');
  });

  it('a file of an earlier engine that cannot be read is named, and nothing starts without it', async () => {
    await using dir = await makeTempDir();
    writeFileSync(join(dir.path, 'broken.bin'), 'rubbish that is no archive');
    await expect(start({}, dir.path)).rejects.toThrow(/broken\.bin/);
  });

  it('a second worker in the folder is refused', async () => {
    await using dir = await makeTempDir();
    const first = await start({}, dir.path);
    await expect(start({}, dir.path)).rejects.toThrow(dir.path);
    await first.close();
  });
});

describe('config', () => {
  const read = (config: unknown) => resolveConfig(kvWorker.config, config, { worker: 'kv' });

  it('takes what the original took, unknown keys as well', () => {
    expect(read({})).toEqual({
      storage: { kind: 'files', folder: undefined },
      maxValueBytes: undefined,
      maxUpdateOps: 1000,
    });
    expect(
      read({ store_method: 'file_based', file_path: 'd', save_interval_ms: -1, x: 1 }),
    ).toMatchObject({ storage: { folder: 'd' } });
  });

  it('kv:2 an unknown method is volatile and says so', async () => {
    const kv = await start({ store_method: 'weird' }, '/nonexistent');
    expect(kv.log.records.map(({ message }) => message)).toEqual([
      'Unknown store_method, defaulting to in_memory',
      'DO NOT USE IN_MEMORY STORE_METHOD IN PRODUCTION - DATA WILL BE LOST ON SHUTDOWN',
    ]);
    await kv.close();
  });
});
