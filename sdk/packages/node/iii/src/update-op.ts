// SPDX-License-Identifier: Apache-2.0

/** One change of a stored value. Path segments are taken literally, without splitting at dots. */
export type UpdateOp =
  | { type: 'set'; path: string; value: unknown }
  | { type: 'increment'; path: string; by: number }
  | { type: 'decrement'; path: string; by: number }
  | { type: 'remove'; path: string }
  | { type: 'append'; path?: string | string[]; value: unknown }
  | { type: 'merge'; path?: string | string[]; value: Record<string, unknown> };

/** Why one operation of an update did not apply. */
export interface UpdateOpError {
  op_index: number;
  code: string;
  message: string;
  doc_url?: string;
}
