// SPDX-License-Identifier: Apache-2.0
import { Payload } from 'iii-sdk/internal';
import { storing } from '../state.ts';
import { objectFormat, type StateFunction, TEXT } from './state-function.ts';

/** `state::list` */
export const list: StateFunction = {
  id: 'state::list',
  description: 'Get a group from state',
  requestFormat: objectFormat({ scope: TEXT }, ['scope']),
  async run(state, input) {
    const scope = input.requiredText('scope');
    const { entries } = await storing('LIST_ERROR', 'Failed to list values', () =>
      state.store.list(scope, { limit: Number.POSITIVE_INFINITY }),
    );
    return Payload.ofText(`[${entries.map(({ text }) => text).join(',')}]`);
  },
};
