// SPDX-License-Identifier: Apache-2.0
export { ChannelReader, ChannelWriter } from './channel-ends.ts';
export type { StreamChannelRef } from './channel-refs.ts';
export type { Channel } from './create-channel.ts';
