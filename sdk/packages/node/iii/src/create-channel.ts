// SPDX-License-Identifier: Apache-2.0
import type { IIIClient } from '@iii-dev/client-core';
import { ChannelReader, ChannelWriter } from './channel-ends.ts';
import type { StreamChannelRef } from './channel-refs.ts';
import { EngineFunctions } from './engine.ts';
import { internalsOf } from './register-worker.ts';

/** A fresh channel: its live ends, and their references to hand to another worker. */
export interface Channel {
  writer: ChannelWriter;
  reader: ChannelReader;
  writerRef: StreamChannelRef;
  readerRef: StreamChannelRef;
}

/**
 * Makes a data channel. Use one end here and send the other end's reference in a payload.
 * @param bufferSize messages the engine holds between the ends. @default 64
 */
export async function createChannel(iii: IIIClient, bufferSize?: number): Promise<Channel> {
  const refs = await iii.trigger<unknown, { writer: StreamChannelRef; reader: StreamChannelRef }>({
    function_id: EngineFunctions.CREATE_CHANNEL,
    payload: bufferSize === undefined ? {} : { buffer_size: bufferSize },
  });
  const { headers } = internalsOf(iii);
  const address = iii.getAddress();
  return {
    writer: new ChannelWriter(address, refs.writer, headers),
    reader: new ChannelReader(address, refs.reader, headers),
    writerRef: refs.writer,
    readerRef: refs.reader,
  };
}
