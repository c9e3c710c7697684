import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Payload, spliceCallerWorkerId } from '../src/index.ts';

function splice(text: string): string {
  return spliceCallerWorkerId(Payload.ofText(text), 'w').text;
}

const SET = '"_caller_worker_id":"w"';

describe('the caller id', () => {
  test.each([
    ['{}', `{${SET}}`],
    ['{ \n}', `{${SET} \n}`],
    ['{"a":9007199254740993, "a":1}', `{${SET},"a":9007199254740993, "a":1}`],
    ['{"_caller_worker_id":1}', `{${SET}}`],
    ['{"a":1 , "_caller_worker_id":{"x":[]} ,\n"b":2 }', `{${SET},"a":1 ,\n"b":2 }`],
    ['{"\\u005fcaller_worker_id":1,"b":2,"_caller_worker_id":3}', `{${SET},"b":2}`],
    ['{"b":2,"_caller_worker_id":3 }', `{${SET},"b":2}`],
    ['{"a":{"_caller_worker_id":"deep"}}', `{${SET},"a":{"_caller_worker_id":"deep"}}`],
    ['{"a":"_caller_worker_id\\u0041"}', `{${SET},"a":"_caller_worker_id\\u0041"}`],
    ['[1]', '[1]'],
    ['null', 'null'],
    ['"{"', '"{"'],
  ])('%s becomes %s', (text, expected) => {
    expect(splice(text)).toBe(expected);
  });

  test('is set in values without writing them', () => {
    const spliced = spliceCallerWorkerId(Payload.ofValue({ a: 1, _caller_worker_id: 'x' }), 'w"');
    expect(spliced.hasText).toBe(false);
    expect(spliced.value).toEqual({ a: 1, _caller_worker_id: 'w"' });
  });

  test('is not set in a value that is written as something else', () => {
    const date = Payload.ofValue(new Date(0));
    expect(spliceCallerWorkerId(date, 'w')).toBe(date);
    const custom = Payload.ofValue({ toJSON: () => ({ a: 1 }) });
    expect(spliceCallerWorkerId(custom, 'w').text).toBe(`{${SET},"a":1}`);
  });

  test('means the same as setting it in the parsed object', () => {
    const key = fc.oneof(fc.constant('_caller_worker_id'), fc.string());
    fc.assert(
      fc.property(fc.dictionary(key, fc.jsonValue()), fc.constantFrom(0, 2), (object, indent) => {
        const text = JSON.stringify(object, null, indent);
        expect(JSON.parse(splice(text))).toEqual({ ...JSON.parse(text), _caller_worker_id: 'w' });
      }),
      { numRuns: 2_000 },
    );
  });
});
