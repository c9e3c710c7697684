// SPDX-License-Identifier: Apache-2.0
import { Payload } from 'iii-sdk/internal';
import { storing } from '../state.ts';
import { objectFormat, type StateFunction, TEXT } from './state-function.ts';

/** `state::list_groups` */
export const listGroups: StateFunction = {
  id: 'state::list_groups',
  description: 'List all state groups',
  requestFormat: objectFormat({}, []),
  responseFormat: objectFormat({ groups: { type: 'array', items: TEXT } }, ['groups']),
  async run(state) {
    const scopes = await storing('LIST_GROUPS_ERROR', 'Failed to list groups', () =>
      state.store.scopes(),
    );
    // By bytes: the default order of texts is that of UTF-16 units.
    const groups = scopes.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return Payload.ofValue({ groups });
  },
};
