// SPDX-License-Identifier: Apache-2.0
import { Payload } from 'iii-sdk/internal';
import { storing } from '../state.ts';
import { objectFormat, type StateFunction, TEXT } from './state-function.ts';

/** `state::get` */
export const get: StateFunction = {
  id: 'state::get',
  description: 'Get a value from state',
  requestFormat: objectFormat({ scope: TEXT, key: TEXT }, ['scope', 'key']),
  async run(state, input) {
    const scope = input.requiredText('scope');
    const key = input.requiredText('key');
    const text = await storing('GET_ERROR', 'Failed to get value', () =>
      state.store.get(scope, key),
    );
    return text === undefined ? undefined : Payload.ofText(text);
  },
};
