// SPDX-License-Identifier: Apache-2.0
import type { UpdateOp, UpdateOpError } from './update-op.ts';

export type { UpdateOp, UpdateOpError } from './update-op.ts';

/** What happened to a value. */
export const StateEventType = {
  Created: 'state:created',
  Updated: 'state:updated',
  Deleted: 'state:deleted',
} as const;
export type StateEventType = (typeof StateEventType)[keyof typeof StateEventType];

/** Names one value. */
export interface StateGetInput {
  scope: string;
  key: string;
}

/** Stores one value. */
export interface StateSetInput<TData = unknown> {
  scope: string;
  key: string;
  value: TData;
}

/** The value before and after. */
export interface StateSetResult<TData = unknown> {
  old_value?: TData | null;
  new_value: TData;
}

/** Names the value to remove. */
export interface StateDeleteInput {
  scope: string;
  key: string;
}

/** The value that was removed. */
export interface StateDeleteResult<TData = unknown> {
  old_value?: TData | null;
}

/** Names a scope. */
export interface StateListInput {
  scope: string;
}

/** Changes one value in place; the operations apply in order, as one. */
export interface StateUpdateInput {
  scope: string;
  key: string;
  ops: UpdateOp[];
}

/** The value before and after, and the operations that did not apply. */
export interface StateUpdateResult<TData = unknown> {
  old_value?: TData | null;
  new_value?: TData;
  errors?: UpdateOpError[];
}

/** What a function bound to trigger type `state` is called with. */
export interface StateEventData<TData = unknown> {
  type: 'state';
  event_type: StateEventType;
  scope: string;
  key: string;
  old_value?: TData | null;
  new_value?: TData | null;
}

/** A store of values by scope and key. */
export interface IState {
  get<TData>(input: StateGetInput): Promise<TData | null | undefined>;
  set<TData>(input: StateSetInput<TData>): Promise<StateSetResult<TData> | null>;
  delete<TData>(input: StateDeleteInput): Promise<StateDeleteResult<TData>>;
  list<TData>(input: StateListInput): Promise<TData[]>;
  update<TData>(input: StateUpdateInput): Promise<StateUpdateResult<TData> | null>;
}
