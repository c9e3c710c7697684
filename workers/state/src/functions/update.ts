// SPDX-License-Identifier: Apache-2.0
import {
  applyOps,
  MalformedOpsError,
  parseExact,
  readOps,
  type UpdateOp,
  writeExact,
} from '@iii-dev/worker-kit';
import { Payload } from 'iii-sdk/internal';
import type { Input } from '../input.ts';
import { type Outcome, type State, storing } from '../state.ts';
import type { StoredValue } from '../store.ts';
import {
  ANY,
  changeAnswer,
  objectFormat,
  RETURN,
  type ReturnChoice,
  readReturn,
  type StateFunction,
  TEXT,
} from './state-function.ts';

/** `state::update` */
export const update: StateFunction = {
  id: 'state::update',
  description: 'Update a value in state',
  requestFormat: objectFormat(
    {
      scope: TEXT,
      key: TEXT,
      ops: { type: 'array', items: { type: 'object' } },
      atomic: { type: 'boolean', description: 'Store nothing when one of the ops fails.' },
      strict: { type: 'boolean', description: 'Fail instead of replacing a value on the way.' },
      return: RETURN,
    },
    ['scope', 'key', 'ops'],
  ),
  responseFormat: objectFormat(
    { old_value: ANY, new_value: ANY, errors: { type: 'array', items: { type: 'object' } } },
    ['old_value', 'new_value'],
  ),
  async run(state, input) {
    const scope = input.requiredText('scope');
    const key = input.requiredText('key');
    const opsText = input.raw('ops');
    // Read for a check before anything is touched, and again per attempt: applying gives them away.
    readInputOps(state, input, opsText);
    const request = {
      isAtomic: input.flag('atomic'),
      isStrict: input.flag('strict'),
      wanted: readReturn(input),
    };
    const answer = await storing('UPDATE_ERROR', 'Failed to update value', () =>
      state.change(scope, key, (current) =>
        decide(state, current, readInputOps(state, input, opsText), request),
      ),
    );
    return Payload.ofText(answer);
  },
};

function readInputOps(state: State, input: Input, text: string | undefined): UpdateOp[] {
  try {
    const ops = text === undefined ? undefined : parseExact(text);
    return readOps(ops, state.settings.maxUpdateOps);
  } catch (error) {
    if (error instanceof MalformedOpsError) throw input.refuse(error.message);
    throw error;
  }
}

function decide(
  state: State,
  current: StoredValue | undefined,
  ops: readonly UpdateOp[],
  request: { isAtomic: boolean; isStrict: boolean; wanted: ReturnChoice },
): Outcome<string> {
  const before = current === undefined ? undefined : parseExact(current.text);
  const { value, errors, hasEffect } = applyOps(before, ops, { isStrict: request.isStrict });
  const isRefused = request.isAtomic && errors.length > 0;
  const newText = isRefused ? (current?.text ?? '{}') : writeExact(value);
  const result = changeAnswer(request.wanted, current?.text, newText, errors);
  const hasChanged = current === undefined ? hasEffect : newText !== writeExactly(current.text);
  // What changes nothing makes no value and no event, or failed updates would leave litter.
  if (isRefused || !hasChanged) return { decision: { kind: 'keep' }, result, isEvent: false };
  state.checkSize(newText);
  const stored = { text: newText, expiresAtMs: current?.expiresAtMs };
  return { decision: { kind: 'put', value: stored }, result, isEvent: true };
}

/** As an update would write it, since a value may have been set with spaces in it. */
function writeExactly(text: string): string {
  return writeExact(parseExact(text));
}
