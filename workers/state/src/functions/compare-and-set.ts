// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import { parseExact } from '@iii-dev/worker-kit';
import { Payload } from 'iii-sdk/internal';
import { storing } from '../state.ts';
import { readValue } from './set.ts';
import { ANY, objectFormat, readExpiry, type StateFunction, TEXT, TTL } from './state-function.ts';

/** `state::compare-and-set` */
export const compareAndSet: StateFunction = {
  id: 'state::compare-and-set',
  description: 'Set a value in state if it is what the caller believes it is',
  requestFormat: objectFormat(
    {
      scope: TEXT,
      key: TEXT,
      expected: { description: 'The value believed; left out or null: none, or null.' },
      value: ANY,
      ttl_ms: TTL,
    },
    ['scope', 'key', 'value'],
  ),
  responseFormat: objectFormat({ swapped: { type: 'boolean' }, current: ANY }, [
    'swapped',
    'current',
  ]),
  async run(state, input) {
    const scope = input.requiredText('scope');
    const key = input.requiredText('key');
    const text = readValue(input);
    const expected = parseExact(input.raw('expected') ?? 'null');
    const expiresAtMs = readExpiry(state, input);
    state.checkSize(text);
    const answer = await storing('SET_ERROR', 'Failed to set value', () =>
      state.change(scope, key, (current) => {
        const isHit = isDeepStrictEqual(parseExact(current?.text ?? 'null'), expected);
        return {
          decision: isHit ? { kind: 'put', value: { text, expiresAtMs } } : { kind: 'keep' },
          result: `{"swapped":${isHit},"current":${isHit ? text : (current?.text ?? 'null')}}`,
          isEvent: isHit,
        };
      }),
    );
    return Payload.ofText(answer);
  },
};
