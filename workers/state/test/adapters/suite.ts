// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PageRequest, StateStore } from '../../src/store.ts';

/** A store under test, with a clock the test holds. */
export interface Subject {
  open(now: () => number): Promise<StateStore>;
  dispose(): Promise<void>;
}

const ALL: PageRequest = { limit: Number.POSITIVE_INFINITY };

/** Everything `StateStore` promises; every adapter runs it. */
export function stateStoreSuite(name: string, makeSubject: () => Promise<Subject>): void {
  describe(`${name} keeps state and`, () => {
    let subject: Subject;
    let store: StateStore;
    let now = 1_000;

    beforeEach(async () => {
      now = 1_000;
      subject = await makeSubject();
      store = await subject.open(() => now);
    });
    afterEach(async () => {
      await store.close();
      await subject.dispose();
    });

    const put = (scope: string, key: string, text: string, expiresAtMs?: number) =>
      store.change(scope, key, (current) => ({
        decision: { kind: 'put', value: { text, expiresAtMs } },
        result: current?.text,
      }));
    const remove = (scope: string, key: string) =>
      store.change(scope, key, (current) => ({
        decision: { kind: 'remove' },
        result: current?.text,
      }));
    const keysOf = async (scope: string, page = ALL) =>
      (await store.list(scope, page)).entries.map(({ key }) => key);

    it('gives back the exact text and tells what was there before', async () => {
      expect(await put('s', 'k', '{"n":9007199254740993}')).toBeUndefined();
      expect(await put('s', 'k', 'null')).toBe('{"n":9007199254740993}');
      expect(await store.get('s', 'k')).toBe('null');
      expect(await store.get('s', 'other')).toBeUndefined();
      expect(await store.get('other', 'k')).toBeUndefined();
    });

    it('takes any text as scope and key, and keeps them apart', async () => {
      const names = [
        '',
        'a',
        'a\n',
        '\0',
        '=a',
        '#a',
        '__proto__',
        'x'.repeat(3000),
        '\ud800',
        'é😀',
      ];
      for (const scope of names)
        for (const key of names) await put(scope, key, JSON.stringify(scope + key));
      for (const scope of names) {
        expect(await keysOf(scope)).toEqual(names);
        for (const key of names)
          expect(await store.get(scope, key)).toBe(JSON.stringify(scope + key));
      }
      expect((await store.scopes()).sort()).toEqual([...names].sort());
    });

    it('lists in the order keys were made; an overwrite keeps its place, a new start goes last', async () => {
      for (const key of ['c', 'a', 'b']) await put('s', key, '1');
      await put('s', 'a', '2');
      expect(await keysOf('s')).toEqual(['c', 'a', 'b']);
      await remove('s', 'c');
      await put('s', 'c', '3');
      expect(await keysOf('s')).toEqual(['a', 'b', 'c']);
      expect(await store.list('none', ALL)).toEqual({ entries: [] });
    });

    it('lists page by page, and goes on where a removed key was', async () => {
      for (let n = 0; n < 7; n += 1) await put('s', `k${n}`, String(n));
      const first = await store.list('s', { limit: 3 });
      expect(first.entries.map(({ key }) => key)).toEqual(['k0', 'k1', 'k2']);
      await remove('s', 'k3');
      const second = await store.list('s', { limit: 3, after: first.next });
      expect(second.entries.map(({ key }) => key)).toEqual(['k4', 'k5', 'k6']);
      expect(second.next).toBeUndefined();
    });

    it('lists by prefix and up to a size', async () => {
      for (const key of ['a1', 'b1', 'a2']) await put('s', key, '"0123456789"');
      expect(await keysOf('s', { ...ALL, prefix: 'a' })).toEqual(['a1', 'a2']);
      expect(await keysOf('s', { ...ALL, maxBytes: 30 })).toEqual(['a1', 'b1']);
      expect(await keysOf('s', { ...ALL, maxBytes: 1 })).toEqual(['a1']);
    });

    it('counts keys and forgets scopes without any', async () => {
      await put('s', 'a', '1');
      await put('s', 'b', '1');
      await put('s', 'b', '2');
      await put('t', 'a', '1');
      expect(await store.count('s')).toBe(2);
      await remove('t', 'a');
      await remove('t', 'a');
      expect(await store.scopes()).toEqual(['s']);
      expect(await store.count('t')).toBe(0);
    });

    it('loses no change among hundreds of one key', async () => {
      const increment = () =>
        store.change('s', 'n', (current) => ({
          decision: { kind: 'put', value: { text: String(Number(current?.text ?? 0) + 2) } },
          result: undefined,
        }));
      await Promise.all(Array.from({ length: 500 }, increment));
      expect(await store.get('s', 'n')).toBe('1000');
      expect(await store.count('s')).toBe(1);
    });

    it('gives a value to one of two that remove it at once', async () => {
      await put('s', 'k', '1');
      const taken = await Promise.all([remove('s', 'k'), remove('s', 'k')]);
      expect(taken).toEqual(['1', undefined]);
    });

    it('answers a decision to keep only once what it saw is stored', async () => {
      const order: string[] = [];
      const writing = put('s', 'k', '1').then(() => order.push('written'));
      const seen = await store.change('s', 'k', (current) => ({
        decision: { kind: 'keep' },
        result: current?.text,
      }));
      order.push('kept');
      await writing;
      expect(seen).toBe('1');
      expect(order).toEqual(['written', 'kept']);
    });

    it('ends a value at its time, for every reader', async () => {
      await put('s', 'short', '1', 2_000);
      await put('s', 'long', '2', 3_000);
      await put('t', 'only', '3', 2_000);
      expect(await store.count('s')).toBe(2);
      now = 2_000;
      expect(await store.get('s', 'short')).toBeUndefined();
      expect(await keysOf('s')).toEqual(['long']);
      expect(await store.count('s')).toBe(1);
      expect(await store.scopes()).toEqual(['s']);
      const due = await store.expired(10);
      expect(due).toHaveLength(2);
      expect(await store.sweep({ scope: 's', key: 'short' })).toBe('1');
      expect(await store.sweep({ scope: 's', key: 'short' })).toBeUndefined();
      expect(await store.sweep({ scope: 's', key: 'long' })).toBeUndefined();
      expect(await store.sweep({ scope: 't', key: 'only' })).toBe('3');
      expect(await store.expired(10)).toEqual([]);
      expect(await store.count('s')).toBe(1);
    });

    it('takes an ended value for absent when it is set again', async () => {
      await put('s', 'k', '1', 2_000);
      await put('s', 'other', '1');
      now = 2_000;
      expect(await put('s', 'k', '2')).toBeUndefined();
      expect(await store.expired(10)).toEqual([]);
      expect(await keysOf('s')).toEqual(['other', 'k']);
      expect(await store.count('s')).toBe(2);
    });

    it('forgets an earlier end when a value is set without one', async () => {
      await put('s', 'k', '1', 2_000);
      await put('s', 'k', '2');
      now = 5_000;
      expect(await store.get('s', 'k')).toBe('2');
      expect(await store.expired(10)).toEqual([]);
    });
  });
}
