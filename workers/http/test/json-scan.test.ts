// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDeeperThan, sliceTopLevel } from '../src/json-scan.ts';

describe('the JSON scanner', () => {
  it('slices every key of any object to text that parses to its value', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.constantFrom(0, 2),
        (object, indent) => {
          const text = JSON.stringify(object, null, indent);
          const slices = sliceTopLevel(` ${text}\n`);
          const parsed = JSON.parse(text) as Record<string, unknown>;
          expect([...(slices ?? []).keys()]).toHaveLength(Object.keys(parsed).length);
          for (const [key, slice] of slices ?? []) expect(JSON.parse(slice)).toEqual(parsed[key]);
        },
      ),
    );
  });

  it('what is no object has no slices', () => {
    for (const text of ['[1]', '"a"', '1', 'null']) expect(sliceTopLevel(text)).toBeUndefined();
  });

  it('counts nesting outside of text only', () => {
    expect(isDeeperThan('[[["[[[["]]]', 3)).toBe(false);
    expect(isDeeperThan('[[[{"a":1}]]]', 3)).toBe(true);
  });
});
