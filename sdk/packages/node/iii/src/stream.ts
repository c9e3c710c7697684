// SPDX-License-Identifier: Apache-2.0
import type { UpdateOp, UpdateOpError } from './update-op.ts';

export type { UpdateOp, UpdateOpError } from './update-op.ts';

/** Names one item of a stream. */
export interface StreamGetInput {
  stream_name: string;
  group_id: string;
  item_id: string;
}

/** Stores one item. */
export interface StreamSetInput<TData = unknown> extends StreamGetInput {
  data: TData;
}

/** Names the item to remove. */
export type StreamDeleteInput = StreamGetInput;

/** Names a group of a stream. */
export interface StreamListInput {
  stream_name: string;
  group_id: string;
}

/** Names a stream. */
export interface StreamListGroupsInput {
  stream_name: string;
}

/** Changes one item in place; the operations apply in order, as one. */
export interface StreamUpdateInput extends StreamGetInput {
  ops: UpdateOp[];
}

/** The item before and after. */
export interface StreamSetResult<TData = unknown> {
  old_value?: TData | null | undefined;
  new_value: TData;
}

/** The item that was removed. */
export interface StreamDeleteResult<TData = unknown> {
  old_value?: TData | null | undefined;
}

/** The item before and after, and the operations that did not apply. */
export interface StreamUpdateResult<TData = unknown> {
  old_value?: TData | null | undefined;
  new_value?: TData;
  errors?: UpdateOpError[];
}

/** A stream a worker keeps itself; see `createStream`. Without `update` the engine does without. */
export interface IStream<TData = unknown> {
  get(input: StreamGetInput): Promise<TData | null | undefined>;
  set(input: StreamSetInput<TData>): Promise<StreamSetResult<TData> | null>;
  delete(input: StreamDeleteInput): Promise<StreamDeleteResult<TData>>;
  list(input: StreamListInput): Promise<TData[]>;
  listGroups(input: StreamListGroupsInput): Promise<string[]>;
  update?(input: StreamUpdateInput): Promise<StreamUpdateResult<TData> | null>;
}
