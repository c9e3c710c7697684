import { expect, test } from 'vitest';
import { withFunctionId } from '../src/index.ts';

test.each([
  [undefined, 'a::b', 'iii.function.id=a%3A%3Ab'],
  ['', 'f', 'iii.function.id=f'],
  ['k=v;p=1, x=y', 'f', 'k=v;p=1, x=y,iii.function.id=f'],
  ['iii.function.id=old,k=v', 'f', 'k=v,iii.function.id=f'],
  ['k=v, iii.function.id = old;p', 'f', 'k=v,iii.function.id=f'],
  ['iii.function.idx=1', 'f', 'iii.function.idx=1,iii.function.id=f'],
  [undefined, 'é,\ud800', 'iii.function.id=%C3%A9%2C%EF%BF%BD'],
])('%s with %s', (baggage, id, expected) => {
  expect(withFunctionId(baggage, id)).toBe(expected);
});
