// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { type ExactValue, parseExact, writeExact } from '../../src/json-text.ts';
import { applyOps } from '../../src/update-ops/apply-ops.ts';
import { MalformedOpsError, readOps } from '../../src/update-ops/op.ts';

const ABSENT = undefined;

interface Ran {
  readonly after: string;
  readonly codes: string[];
  readonly messages: string[];
}

/** Applies ops to a document, both as JSON text. */
function run(before: string | undefined, ops: string, options = {}): Ran {
  const document: ExactValue | undefined = before === undefined ? undefined : parseExact(before);
  const applied = applyOps(document, readOps(parseExact(ops), 1000), options);
  return {
    after: writeExact(applied.value),
    codes: applied.errors.map((error) => `${error.op_index}: ${error.code}`),
    messages: applied.errors.map((error) => error.message),
  };
}

const one = (op: object): string => JSON.stringify([op]);
const after = (before: string | undefined, ops: string): string => run(before, ops).after;
const append = (path: unknown, value: unknown): string => one({ type: 'append', path, value });
const merge = (path: unknown, value: unknown): string => one({ type: 'merge', path, value });

describe('set and remove', () => {
  it('update-ops:1 set of the root without a value gives null', () => {
    expect(after('{"":"x","keep":true}', '[{"type":"set","path":""}]')).toBe('null');
  });
  it('update-ops:2 remove of the root gives null', () => {
    expect(after('{"":"x","keep":true}', '[{"type":"remove","path":""}]')).toBe('null');
  });
  it('update-ops:3 remove of a missing field is no error', () => {
    expect(run(ABSENT, '[{"type":"remove","path":"missing"}]')).toMatchObject({
      after: '{}',
      codes: [],
    });
  });
  it('update-ops:4 set on a text at a field is refused', () => {
    const ran = run('"leaf"', '[{"type":"set","path":"field","value":1}]');
    expect(ran).toMatchObject({ after: '"leaf"', codes: ['0: set.target_not_object'] });
    expect(ran.messages[0]).toBe("Cannot set at path 'field': target is string, expected object.");
  });
  it('update-ops:5 set of one field keeps the others', () => {
    expect(after('{"count":0,"name":"n"}', '[{"type":"set","path":"count","value":5}]')).toBe(
      '{"count":5,"name":"n"}',
    );
  });
  it('names that every object inherits are ordinary fields', () => {
    expect(after('{}', '[{"type":"increment","path":"toString","by":1}]')).toBe('{"toString":1}');
  });
});

describe('numbers', () => {
  const inc = (by: unknown, path = 'count'): string =>
    `[{"type":"increment","path":"${path}","by":${by}}]`;
  const dec = (by: unknown, path = 'count'): string =>
    `[{"type":"decrement","path":"${path}","by":${by}}]`;

  it('update-ops:6 add to and subtract from what is there or missing', () => {
    expect(after('{"count":2}', inc(3))).toBe('{"count":5}');
    expect(after(ABSENT, inc(3))).toBe('{"count":3}');
    expect(after('{"count":5}', dec(3))).toBe('{"count":2}');
    expect(after('{}', dec(3))).toBe('{"count":-3}');
  });
  it('update-ops:7 several in one call, whole and fractional', () => {
    const ops = '[{"type":"increment","path":"n","by":5},{"type":"decrement","path":"n","by":3}]';
    expect(after('{"n":10}', ops)).toBe('{"n":12}');
    const others =
      '[{"type":"increment","path":"n","by":2},{"type":"decrement","path":"n","by":1}]';
    expect(after('{"n":1.5}', others)).toBe('{"n":2.5}');
  });
  it('update-ops:8 one that fails leaves the other two', () => {
    const ops = `[${inc(1, 'a').slice(1, -1)},${inc(1, 'bad').slice(1, -1)},${inc(1, 'b').slice(1, -1)}]`;
    expect(run('{"bad":"x"}', ops)).toMatchObject({
      after: '{"bad":"x","a":1,"b":1}',
      codes: ['1: increment.not_number'],
    });
  });
  it('update-ops:9 null is no number', () => {
    const ops = `[${inc(1).slice(1, -1)},${dec(1).slice(1, -1)}]`;
    expect(run('{"count":null}', ops).codes).toEqual([
      '0: increment.not_number',
      '1: decrement.not_number',
    ]);
  });
  it('update-ops:10 by 0 checks the field all the same', () => {
    expect(run('{"count":"x"}', inc(0)).messages).toEqual([
      "Expected number at path 'count', got string.",
    ]);
    expect(after('{"count":7}', inc(0))).toBe('{"count":7}');
  });
  it('update-ops:11 an integer goes on past 2^63', () => {
    expect(after('{"count":9223372036854775807}', inc(1))).toBe('{"count":9223372036854775808}');
  });
  it('update-ops:12 unsigned integers stay exact', () => {
    expect(after('{"count":9223372036854775817}', inc(1))).toBe('{"count":9223372036854775818}');
    expect(after('{"count":9223372036854775817}', dec(1))).toBe('{"count":9223372036854775816}');
  });
  it('update-ops:13 decrement by the lowest integer on a missing field', () => {
    expect(after('{}', dec('-9223372036854775808'))).toBe('{"count":9223372036854775808}');
  });
  it('update-ops:14 the root may be a number', () => {
    expect(after('2', inc(3, ''))).toBe('5');
    expect(after('5', dec(3, ''))).toBe('2');
    expect(after(ABSENT, inc(3, ''))).toBe('3');
    expect(run('{}', inc(3, '')).codes).toEqual(['0: increment.not_number']);
  });
  it('update-ops:15 fields of a text are refused', () => {
    expect(run('"leaf"', inc(1)).codes).toEqual(['0: increment.target_not_object']);
    expect(run('"leaf"', dec(1)).codes).toEqual(['0: decrement.target_not_object']);
    expect(run('"leaf"', '[{"type":"remove","path":"x"}]').codes).toEqual([
      '0: remove.target_not_object',
    ]);
  });
  it('beyond 64 bits fail and change nothing', () => {
    expect(run('{"count":18446744073709551615}', inc(1))).toMatchObject({
      after: '{"count":18446744073709551615}',
      codes: ['0: increment.not_number'],
    });
    expect(run('{"count":-9223372036854775808}', dec(1)).codes).toEqual([
      '0: decrement.not_number',
    ]);
  });
  it('may be added in fractions', () => {
    expect(after('{"count":1}', inc(0.5))).toBe('{"count":1.5}');
  });
});

describe('append', () => {
  it('update-ops:16 lists, texts, missing, null and absent', () => {
    expect(after('{"e":[]}', append('e', { a: 1 }))).toBe('{"e":[{"a":1}]}');
    expect(after('{"e":"a"}', append('e', 'b'))).toBe('{"e":"ab"}');
    expect(after('{}', append('e', 'b'))).toBe('{"e":"b"}');
    expect(after('{}', append('e', 1))).toBe('{"e":[1]}');
    expect(after('{"e":null}', append('e', 'b'))).toBe('{"e":"b"}');
    expect(after('{"e":null}', append('e', 1))).toBe('{"e":[1]}');
    expect(after(ABSENT, append(undefined, 'hello'))).toBe('"hello"');
    expect(after(ABSENT, append('', { kind: 'chunk' }))).toBe('[{"kind":"chunk"}]');
    expect(after('[]', append([], 'x'))).toBe('["x"]');
  });
  it('update-ops:17 a list is one element', () => {
    expect(after('{"e":[]}', append('e', ['nested', 'array']))).toBe('{"e":[["nested","array"]]}');
  });
  it('update-ops:18 two keep their order', () => {
    const ops = `[${append('e', 1).slice(1, -1)},${append('e', 2).slice(1, -1)}]`;
    expect(after('{"e":[]}', ops)).toBe('{"e":[1,2]}');
  });
  it('update-ops:19 kinds that do not fit', () => {
    expect(run('{"e":"a"}', append('e', {}))).toMatchObject({
      after: '{"e":"a"}',
      codes: ['0: append.type_mismatch'],
      messages: ["Expected string append value at path 'e', got object."],
    });
    expect(run('{"e":{}}', append('e', 'a')).codes).toEqual(['0: append.type_mismatch']);
  });
  it('update-ops:20 a number takes nothing', () => {
    expect(run('{"count":1}', append('count', 1)).messages[0]).toContain('count');
  });
  it('update-ops:21 a field of a text is refused', () => {
    const ran = run('"leaf"', append('events', 1));
    expect(ran.codes).toEqual(['0: append.target_not_object']);
    expect(ran.messages[0]).toContain("'[events]'");
  });
  it('update-ops:22 dots are letters', () => {
    const before = '{"user.name":["A"],"user":{"name":["B"]}}';
    expect(after(before, append('user.name', 'C'))).toBe(
      '{"user.name":["A","C"],"user":{"name":["B"]}}',
    );
  });
  it('update-ops:23 below the first level', () => {
    expect(after('{"e":{"b":["a"]}}', append(['e', 'b'], 'x'))).toBe('{"e":{"b":["a","x"]}}');
    expect(after(ABSENT, append(['session', 'abc', 'events'], 'first'))).toBe(
      '{"session":{"abc":{"events":["first"]}}}',
    );
    expect(after('{"e":{}}', append(['e', 'buffer'], 'x'))).toBe('{"e":{"buffer":["x"]}}');
    expect(run('{"e":{"b":{}}}', append(['e', 'b'], 'x')).codes).toEqual([
      '0: append.type_mismatch',
    ]);
    expect(run('[1,2,3]', append(['a', 'b'], 'x'))).toMatchObject({
      after: '[1,2,3]',
      codes: ['0: append.target_not_object'],
    });
    expect(after('{"a":[1,2,3]}', append(['a', 'b'], 42))).toBe('{"a":{"b":[42]}}');
  });
  it('update-ops:24 a forbidden name anywhere leaves no parents behind', () => {
    for (const path of [
      ['__proto__', 'a'],
      ['a', 'constructor', 'b'],
      ['a', 'prototype'],
    ]) {
      expect(run(ABSENT, append(path, 'x'))).toMatchObject({
        after: '{}',
        codes: ['0: append.path.proto_polluted'],
      });
    }
  });
  it('update-ops:25 the good ones around a bad one count', () => {
    const ops = `[${append('a', 1).slice(1, -1)},${append('__proto__', 1).slice(1, -1)},${append('b', 1).slice(1, -1)}]`;
    expect(run(ABSENT, ops)).toMatchObject({
      after: '{"a":[1],"b":[1]}',
      codes: ['1: append.path.proto_polluted'],
    });
  });
  it('to the root after an effect finds an object', () => {
    const ops = `[${merge('', {}).slice(1, -1)},${append('', 'x').slice(1, -1)}]`;
    expect(run(ABSENT, ops).codes).toEqual(['1: append.type_mismatch']);
  });
});

describe('merge', () => {
  it('update-ops:26 twice into one place keeps both', () => {
    const ops = `[${merge('s', { a: 1 }).slice(1, -1)},${merge('s', { b: 2 }).slice(1, -1)}]`;
    expect(after(ABSENT, ops)).toBe('{"s":{"a":1,"b":2}}');
    expect(after('{"s":{"a":1}}', merge('s', { b: 2 }))).toBe('{"s":{"a":1,"b":2}}');
  });
  it('update-ops:27 makes what is missing and replaces what is in the way', () => {
    expect(after(ABSENT, merge(['a', 'b', 'c'], { x: 1 }))).toBe('{"a":{"b":{"c":{"x":1}}}}');
    expect(after('{"a":"text"}', merge(['a', 'b'], { x: 1 }))).toBe('{"a":{"b":{"x":1}}}');
    expect(after('{"sessions":null}', merge(['sessions', 'abc'], { author: 'alice' }))).toBe(
      '{"sessions":{"abc":{"author":"alice"}}}',
    );
    expect(after('"leaf"', merge(['a'], { b: 1 }))).toBe('{"a":{"b":1}}');
  });
  it('update-ops:28 leaves siblings, overwrites the same', () => {
    expect(after('{"a":1,"b":{"x":1}}', merge('', { b: { y: 2 } }))).toBe('{"a":1,"b":{"y":2}}');
  });
  it('update-ops:29 of no object is refused', () => {
    expect(run('{"a":1}', merge('', [1]))).toMatchObject({
      after: '{"a":1}',
      codes: ['0: merge.value.not_an_object'],
    });
  });
  it('update-ops:30 the root has three spellings, a field two', () => {
    for (const path of [undefined, '', []])
      expect(after('{}', merge(path, { a: 1 }))).toBe('{"a":1}');
    for (const path of ['foo', ['foo']])
      expect(after('{}', merge(path, { a: 1 }))).toBe('{"foo":{"a":1}}');
    expect(after('{}', merge(['a.b'], { x: 1 }))).toBe('{"a.b":{"x":1}}');
  });
  it('update-ops:31 into a text does nothing, and says so when strict', () => {
    expect(run('"leaf"', merge('', { a: 1 }))).toMatchObject({ after: '"leaf"', codes: [] });
    expect(run('"leaf"', merge('', { a: 1 }), { isStrict: true }).codes).toEqual([
      '0: merge.target_not_object',
    ]);
  });
  it('update-ops:32 after a removal only the last content is there', () => {
    const remove = '{"type":"remove","path":"s"}';
    const ops = `[${merge('s', { a: 1 }).slice(1, -1)},${remove},${merge('s', { b: 2 }).slice(1, -1)}]`;
    expect(after(ABSENT, ops)).toBe('{"s":{"b":2}}');
  });
  it('when strict replaces nothing on its way', () => {
    for (const ops of [merge(['a', 'b'], {}), append(['a', 'b'], 1)]) {
      expect(run('{"a":[1]}', ops, { isStrict: true })).toMatchObject({ after: '{"a":[1]}' });
      expect(run('{"a":[1]}', ops, { isStrict: true }).codes).toHaveLength(1);
      expect(run('{}', ops, { isStrict: true }).codes).toEqual([]);
    }
  });
});

describe('limits', () => {
  const deep = (depth: number): string => `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`;
  const mergeText = (value: string): string => `[{"type":"merge","value":${value}}]`;

  it('update-ops:34 paths', () => {
    for (const type of ['merge', 'append'] as const) {
      const make = type === 'merge' ? merge : append;
      expect(run(ABSENT, make(Array(33).fill('a'), {})).codes).toEqual([
        `0: ${type}.path.too_deep`,
      ]);
      expect(run(ABSENT, make(['a'.repeat(257)], {})).codes).toEqual([
        `0: ${type}.path.segment_too_long`,
      ]);
      expect(run(ABSENT, make(['a', ''], {})).codes).toEqual([`0: ${type}.path.empty_segment`]);
    }
  });
  it('update-ops:35 forbidden names, for every op', () => {
    for (const type of ['set', 'merge', 'increment', 'decrement', 'append', 'remove']) {
      for (const path of ['__proto__', 'constructor', 'prototype']) {
        const ran = run(ABSENT, one({ type, path, value: {}, by: 1 }));
        expect(ran).toMatchObject({ after: '{}', codes: [`0: ${type}.path.proto_polluted`] });
        expect(ran.messages[0]).toContain(path);
      }
    }
  });
  it('update-ops:36 merge values', () => {
    expect(run('{}', mergeText('{"__proto__":1}')).codes).toEqual([
      '0: merge.value.proto_polluted',
    ]);
    expect(run('{}', mergeText(deep(17))).codes).toEqual(['0: merge.value.too_deep']);
    const many = Object.fromEntries(Array.from({ length: 1025 }, (_, n) => [`k${n}`, n]));
    expect(run('{}', merge('', many)).codes).toEqual(['0: merge.value.too_many_keys']);
  });
  it('update-ops:37 the last that is allowed is accepted', () => {
    expect(run(ABSENT, merge(Array(32).fill('a'), {})).codes).toEqual([]);
    expect(run(ABSENT, merge(['a'.repeat(256)], {})).codes).toEqual([]);
    expect(run(ABSENT, merge(['é'.repeat(128)], {})).codes).toEqual([]);
    expect(run(ABSENT, merge(['é'.repeat(129)], {})).codes).toEqual([
      '0: merge.path.segment_too_long',
    ]);
    expect(run('{}', mergeText(deep(16))).codes).toEqual([]);
    const many = Object.fromEntries(Array.from({ length: 1024 }, (_, n) => [`k${n}`, n]));
    expect(run('{}', merge('', many)).codes).toEqual([]);
  });
});

describe('the shape of ops', () => {
  it('update-ops:38 a root path may be left out, null, a text or a list', () => {
    for (const path of ['', ',"path":null', ',"path":""', ',"path":[]']) {
      expect(after('{}', `[{"type":"merge"${path},"value":{"a":1}}]`)).toBe('{"a":1}');
    }
  });
  const malformed: [string, string][] = [
    ['[{"type":"push"}]', 'unknown variant `push`, expected one of `set`'],
    ['[{}]', 'missing field `type`'],
    ['[{"type":"set","value":1}]', 'missing field `path`'],
    ['[{"type":"increment","path":"a"}]', 'missing field `by`'],
    ['[{"type":"increment","path":"a","by":"1"}]', 'invalid type'],
    ['[{"type":"increment","path":"a","by":9223372036854775808}]', 'expected i64'],
    ['[{"type":"merge"}]', 'missing field `value`'],
    ['[{"type":"append","path":[1],"value":1}]', 'untagged enum MergePath'],
    ['{}', 'expected a sequence'],
    ['[1]', 'expected an object'],
  ];
  for (const [ops, cause] of malformed) {
    it(`update-ops:40 ${ops} is refused as a whole`, () => {
      expect(() => readOps(parseExact(ops), 10)).toThrow(MalformedOpsError);
      expect(() => readOps(parseExact(ops), 10)).toThrow(cause);
    });
  }
  it('has a longest list', () => {
    expect(() => readOps(Array(11).fill({ type: 'set', path: 'a' }), 10)).toThrow('at most 10');
  });
  it('reaches deeper fields by a list for every op', () => {
    expect(after('{"a":{"n":1}}', '[{"type":"increment","path":["a","n"],"by":1}]')).toBe(
      '{"a":{"n":2}}',
    );
    expect(after('{}', '[{"type":"set","path":["a","b"],"value":1}]')).toBe('{"a":{"b":1}}');
    expect(after('{"a":{"n":1}}', '[{"type":"remove","path":["a","n"]}]')).toBe('{"a":{}}');
    expect(after('{}', '[{"type":"remove","path":["a","n"]}]')).toBe('{}');
    expect(run('{"a":1}', '[{"type":"set","path":["a","b"],"value":1}]')).toMatchObject({
      after: '{"a":1}',
      codes: ['0: set.target_not_object'],
    });
    expect(run('{}', '[{"type":"increment","path":["a","b","n"],"by":1}]').after).toBe(
      '{"a":{"b":{"n":1}}}',
    );
  });
});

it('the worked mix of failures keeps each index', () => {
  const ops = JSON.stringify([
    { type: 'increment', path: 'bad', by: 1 },
    { type: 'set', path: '__proto__', value: true },
    { type: 'append', path: 'events', value: 'c' },
    { type: 'set', path: 'ok', value: true },
  ]);
  expect(run('{"bad":"v","events":{}}', ops)).toMatchObject({
    after: '{"bad":"v","events":{},"ok":true}',
    codes: ['0: increment.not_number', '1: set.path.proto_polluted', '2: append.type_mismatch'],
  });
});
