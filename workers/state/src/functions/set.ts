// SPDX-License-Identifier: Apache-2.0
import { Payload } from 'iii-sdk/internal';
import type { Input } from '../input.ts';
import { storing } from '../state.ts';
import {
  ANY,
  changeAnswer,
  objectFormat,
  RETURN,
  readExpiry,
  readReturn,
  type StateFunction,
  TEXT,
  TTL,
} from './state-function.ts';

/** `state::set` */
export const set: StateFunction = {
  id: 'state::set',
  description: 'Set a value in state',
  requestFormat: objectFormat({ scope: TEXT, key: TEXT, value: ANY, ttl_ms: TTL, return: RETURN }, [
    'scope',
    'key',
    'value',
  ]),
  responseFormat: objectFormat({ old_value: ANY, new_value: ANY }, ['old_value', 'new_value']),
  async run(state, input) {
    const scope = input.requiredText('scope');
    const key = input.requiredText('key');
    const text = readValue(input);
    const wanted = readReturn(input);
    const expiresAtMs = readExpiry(state, input);
    state.checkSize(text);
    const answer = await storing('SET_ERROR', 'Failed to set value', () =>
      state.change(scope, key, (current) => ({
        decision: { kind: 'put', value: { text, expiresAtMs } },
        result: changeAnswer(wanted, current?.text, text),
        isEvent: true,
      })),
    );
    return Payload.ofText(answer);
  },
};

/** Old clients call it `data`. */
export function readValue(input: Input): string {
  if (input.has('value') && input.has('data')) throw input.refuse('duplicate field `value`');
  const text = input.raw('value') ?? input.raw('data');
  if (text === undefined) throw input.refuse('missing field `value`');
  return text;
}
