// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { buildPayload } from '../../src/cli/commands/trigger-payload.ts';

test.each([
  [undefined, [], {}],
  [undefined, ['a=2'], { a: 2 }],
  [undefined, ['a=x'], { a: 'x' }],
  [undefined, ['a={"k":1}'], { a: { k: 1 } }],
  [undefined, ['a=b=c'], { a: 'b=c' }],
  [undefined, ['a='], { a: '' }],
  [undefined, ['a=true', 'b=null', 'c="q"', 'd=[1]'], { a: true, b: null, c: 'q', d: [1] }],
  [undefined, ['a=1', 'a=2'], { a: 2 }],
  ['[1]', [], [1]],
  ['{"a":1,"b":2}', ['a=99'], { a: 99, b: 2 }],
])('--json %s with %j is %j (cli:16)', (json, pairs, expected) => {
  expect(buildPayload(json, pairs)).toEqual(expected);
});
