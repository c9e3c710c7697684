// SPDX-License-Identifier: Apache-2.0

/** Any JSON value. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | JsonValue[]
  | { [key: string]: JsonValue };

/** What a call with `TriggerAction.Enqueue` resolves with. */
export interface EnqueueResult {
  messageReceiptId: string;
}
