// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { memberTexts, parseExact, writeExact } from '../src/json-text.ts';

describe('exact JSON', () => {
  const texts = [
    '9007199254740993',
    '{"id":18446744073709551615,"low":-9223372036854775808}',
    '[1,2.5,-0.125,"9007199254740993",null,true,[],{}]',
    '{"a":[9007199254740993,{"b":"\\"}]"}],"__proto__":{"x":9007199254740993}}',
    '{"__proto__":1,"toString":2}',
    '"\\ud800"',
  ];
  for (const text of texts) {
    it(`comes back as it was: ${text}`, () => {
      expect(writeExact(parseExact(text))).toBe(text);
    });
  }

  it('drops the spaces', () => {
    expect(writeExact(parseExact(' { "a" : [ 9007199254740993 , 1 ] } '))).toBe(
      '{"a":[9007199254740993,1]}',
    );
  });

  it('refuses what is not JSON', () => {
    for (const text of ['[9007199254740993', '{"a" 9007199254740993}', '[9007199254740993,]']) {
      expect(() => parseExact(text)).toThrow(SyntaxError);
    }
  });
});

describe('the members of an object', () => {
  it('keep their text', () => {
    const text = ' { "a" : {"x": [1, "}\\"]"]} , "b":9007199254740993,"c":"" } ';
    expect([...(memberTexts(text) ?? [])]).toEqual([
      ['a', '{"x": [1, "}\\"]"]}'],
      ['b', '9007199254740993'],
      ['c', '""'],
    ]);
    expect([...(memberTexts('{}') ?? [1])]).toEqual([]);
  });

  it('are none in anything else', () => {
    for (const text of ['[]', '1', '"{}"', 'null']) expect(memberTexts(text)).toBeUndefined();
  });
});
