// SPDX-License-Identifier: Apache-2.0

/** One thing that went through a channel: a message or a piece of its bytes. */
export type ChannelItem = { type: 'text'; value: string } | { type: 'binary'; value: Uint8Array };

/** Makes channel items. */
export const ChannelItem = {
  Text: (value: string): ChannelItem => ({ type: 'text', value }),
  Binary: (value: Uint8Array): ChannelItem => ({ type: 'binary', value }),
} as const;
