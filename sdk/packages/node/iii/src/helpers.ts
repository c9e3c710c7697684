// SPDX-License-Identifier: Apache-2.0
export { ChannelItem } from './channel-item.ts';
export { ChannelDirection, extractChannelRefs, isChannelRef } from './channel-refs.ts';
export { createChannel } from './create-channel.ts';
export { createStream } from './create-stream.ts';
