// SPDX-License-Identifier: Apache-2.0

/** How a call is carried out when nobody waits for its result here. */
export const TriggerAction = {
  /** Through a queue; the call resolves with a receipt. */
  Enqueue: ({ queue }: { queue: string }): { type: 'enqueue'; queue: string } => ({
    type: 'enqueue',
    queue,
  }),
  /** Without an answer; the call resolves at once. */
  Void: (): { type: 'void' } => ({ type: 'void' }),
} as const;
