// SPDX-License-Identifier: Apache-2.0
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FakeEngine, startFakeEngine } from '@iii-dev/client-core/testing';
import { resolveConfig, runWorker } from '@iii-dev/worker-kit';
import { makeTempDir, type RecordingLog, recordingLog } from '@iii-dev/worker-kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kvWorker } from '../src/index.ts';
import { startKv } from '../src/start.ts';

interface Fixture {
  readonly engine: FakeEngine;
  readonly log: RecordingLog;
  now: number;
  call(name: string, data: unknown): Promise<unknown>;
  close(): Promise<void>;
}

async function start(config: unknown, dataDir: string): Promise<Fixture> {
  const engine = await startFakeEngine();
  const log = recordingLog();
  const fixture: Fixture = {
    engine,
    log,
    now: 1_000_000,
    call: (name, data) => engine.call(`kv_server::${name}`, data),
    async close() {
      await worker.close();
      await engine.close();
    },
  };
  const worker = await runWorker(
    { ...kvWorker, start: (context) => startKv(context, () => fixture.now) },
    { connect: { url: engine.address }, config, dataDir, log },
  ).catch(async (error) => {
    await engine.close();
    throw error;
  });
  return fixture;
}

for (const method of ['in_memory', 'file_based'] as const) {
  describe(`the kv worker, ${method}`, () => {
    let dir: Awaited<ReturnType<typeof makeTempDir>>;
    let kv: Fixture;
    const call = (name: string, data: unknown) => kv.call(name, data);

    beforeEach(async () => {
      dir = await makeTempDir();
      kv = await start({ store_method: method, max_value_bytes: 10_000 }, dir.path);
    });
    afterEach(async () => {
      await kv.close();
      await dir[Symbol.asyncDispose]();
    });

    const put = (key: string, value: unknown, index = 'i') => call('set', { index, key, value });

    it('kv:31 offers the six functions', () => {
      expect(kv.engine.functionIds.sort()).toEqual([
        'kv_server::delete',
        'kv_server::get',
        'kv_server::list',
        'kv_server::list_keys_with_prefix',
        'kv_server::set',
        'kv_server::update',
      ]);
    });

    it('kv:1 kv:26 kv:27 a value comes back as it was set, until it is deleted', async () => {
      const value = { name: 'Alice', __proto__x: [null, 1.5] };
      expect(await put('k', value)).toEqual({ old_value: null, new_value: value });
      expect(await call('get', { index: 'i', key: 'k' })).toEqual(value);
      expect(await put('k', 2)).toEqual({ old_value: value, new_value: 2 });
      expect(await call('delete', { index: 'i', key: 'k' })).toEqual({ old_value: 2 });
      expect(await call('delete', { index: 'i', key: 'k' })).toEqual({ old_value: null });
    });

    it('kv:29 what is not there has no result, and null is a value', async () => {
      const { connection } = kv.engine;
      const ask = (key: string) =>
        kv.engine.callOn(connection, 'kv_server::get', { index: 'i', key });
      expect('result' in (await ask('none'))).toBe(false);
      await put('k', null);
      expect((await ask('k')).result?.text).toBe('null');
    });

    it('kv:3 kv:28 a list keeps the order in which keys were made', async () => {
      expect(await call('list', { index: 'fresh' })).toEqual([]);
      for (const [n, key] of ['c', 'a', 'b', 'd', 'e'].entries()) await put(key, n);
      await put('a', 'over');
      await call('delete', { index: 'i', key: 'c' });
      await put('c', 'again');
      expect(await call('list', { index: 'i' })).toEqual(['over', 2, 3, 4, 'again']);
    });

    it('kv:6 prefixes find indexes, and keys where an index is named', async () => {
      for (const index of ['alpha', 'alpha-2', 'beta']) await put('user:1', 1, index);
      await put('user:2', 1, 'beta');
      await put('other', 1, 'beta');
      const find = (data: unknown) => call('list_keys_with_prefix', data) as Promise<string[]>;
      expect((await find({ prefix: 'alpha' })).sort()).toEqual(['alpha', 'alpha-2']);
      expect(await find({ prefix: 'gamma' })).toEqual([]);
      expect(await find({ prefix: 'user:' })).toEqual([]);
      expect(await find({ prefix: 'user:', index: 'beta' })).toEqual(['user:1', 'user:2']);
    });

    it('an index ends with its last key', async () => {
      await put('k', 1, 'ghost');
      await call('delete', { index: 'ghost', key: 'k' });
      expect(await call('list_keys_with_prefix', { prefix: '' })).toEqual([]);
    });

    it('kv:7 kv:8 kv:9 kv:30 updates apply their ops one after another', async () => {
      const change = (index: string, key: string, ops: unknown) =>
        call('update', { index, key, ops });
      await put('123', { name: 'Alice' }, 'users');
      expect(
        await change('users', '123', [
          { type: 'set', path: 'age', value: 30 },
          { type: 'increment', path: 'visits', by: 1 },
        ]),
      ).toEqual({
        old_value: { name: 'Alice' },
        new_value: { name: 'Alice', age: 30, visits: 1 },
      });
      expect(await change('users', 'new', [{ type: 'increment', path: 'counter', by: 1 }])).toEqual(
        {
          old_value: null,
          new_value: { counter: 1 },
        },
      );
      expect(await call('list_keys_with_prefix', { prefix: 'use' })).toEqual(['users']);
    });

    it('kv:12 no update is lost among many', async () => {
      const ops = [{ type: 'increment', path: 'n', by: 2 }];
      await Promise.all(
        Array.from({ length: 500 }, () => call('update', { index: 'i', key: 'k', ops })),
      );
      expect(await call('get', { index: 'i', key: 'k' })).toEqual({ n: 1000 });
    });

    it('a value with a time to live is absent from its end on, and an update keeps the time', async () => {
      await call('set', { index: 'i', key: 'k', value: { n: 1 }, ttl_ms: 100 });
      await call('update', {
        index: 'i',
        key: 'k',
        ops: [{ type: 'increment', path: 'n', by: 1 }],
      });
      kv.now += 99;
      expect(await call('get', { index: 'i', key: 'k' })).toEqual({ n: 2 });
      kv.now += 1;
      expect(await call('list', { index: 'i' })).toEqual([]);
      expect(await call('list_keys_with_prefix', { prefix: '' })).toEqual([]);
      expect(await put('k', 1)).toEqual({ old_value: null, new_value: 1 });
      kv.now += 1_000;
      expect(await call('get', { index: 'i', key: 'k' })).toBe(1);
    });

    it.each(['', '__proto__', 'a/b@c d', 'x'.repeat(3000), 'line\nbreak', '\ud800'])(
      'takes %j as an index and as a key',
      async (name) => {
        await put(name, 1, name);
        expect(await call('get', { index: name, key: name })).toBe(1);
        expect(await call('list_keys_with_prefix', { prefix: '', index: name })).toEqual([name]);
      },
    );

    it.each([
      ['set', { key: 'k', value: 1 }, 'missing field `index`'],
      ['set', { index: 'i', key: 'k' }, 'missing field `value`'],
      ['get', { index: 'i', key: 5 }, 'invalid type for `key`'],
      ['set', { index: 'i', key: 'k', value: 1, ttl_ms: 0 }, 'invalid value for `ttl_ms`'],
      ['update', { index: 'i', key: 'k', ops: [{ type: 'nope' }] }, 'update'],
      ['list', 'text', 'expected an object'],
      ['list_keys_with_prefix', {}, 'missing field `prefix`'],
    ])('%s of %j is refused', async (name, data, cause) => {
      await expect(call(name, data)).rejects.toMatchObject({
        code: 'deserialization_error',
        message: expect.stringContaining(cause),
      });
    });

    it('a value beyond the limit is refused and changes nothing', async () => {
      await expect(put('k', 'x'.repeat(10_001))).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE' });
      expect(await call('list', { index: 'i' })).toEqual([]);
    });

    it('integers keep every digit', async () => {
      const { connection } = kv.engine;
      connection.sendText(
        '{"type":"invokefunction","invocation_id":"x","function_id":"kv_server::set","data":{"index":"i","key":"k","value":12345678901234567890}}',
      );
      await kv.engine.waitFor(() =>
        connection.texts.some((text) => text.includes('"new_value":12345678901234567890')),
      );
    });
  });
}

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
