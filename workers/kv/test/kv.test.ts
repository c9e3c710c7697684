// SPDX-License-Identifier: Apache-2.0
import { makeTempDir } from '@iii-dev/worker-kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type KvFixture, start } from './start-kv.ts';

for (const method of ['in_memory', 'file_based'] as const) {
  describe(`the kv worker, ${method}`, () => {
    let dir: Awaited<ReturnType<typeof makeTempDir>>;
    let kv: KvFixture;
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
