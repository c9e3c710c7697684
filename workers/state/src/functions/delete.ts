// SPDX-License-Identifier: Apache-2.0
import { Payload } from 'iii-sdk/internal';
import { storing } from '../state.ts';
import { objectFormat, type StateFunction, TEXT } from './state-function.ts';

/** `state::delete` */
export const deleteValue: StateFunction = {
  id: 'state::delete',
  description: 'Delete a value from state',
  requestFormat: objectFormat({ scope: TEXT, key: TEXT }, ['scope', 'key']),
  async run(state, input) {
    const scope = input.requiredText('scope');
    const key = input.requiredText('key');
    const text = await storing('DELETE_ERROR', 'Failed to delete value', () =>
      state.change(scope, key, (current) => ({
        decision: { kind: 'remove' },
        result: current?.text,
        isEvent: current !== undefined || !state.settings.ignoresNoop,
      })),
    );
    return text === undefined ? undefined : Payload.ofText(text);
  },
};
