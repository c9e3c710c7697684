// SPDX-License-Identifier: Apache-2.0
import type { Readable, Writable } from 'node:stream';
import type { IIIClient } from 'iii-sdk';
import { ChannelReader, ChannelWriter, type StreamChannelRef } from 'iii-sdk/channel';
import { Payload, type RawCalls } from 'iii-sdk/internal';

/** A call of a function; payload and result stay JSON text. */
export interface EngineCall {
  readonly functionId: string;
  readonly payload: Payload;
  readonly namespace?: string | undefined;
  readonly metadata?: Payload | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly traceparent?: string | undefined;
  readonly baggage?: string | undefined;
}

/** The end of a channel that bytes are written to. */
export interface ChannelWriterEnd {
  readonly stream: Writable;
  sendMessage(text: string): unknown;
  close(): unknown;
}

/** The end of a channel that bytes and messages are read from. */
export interface ChannelReaderEnd {
  readonly stream: Readable;
  onMessage(listener: (text: string) => void): unknown;
  close(): unknown;
}

/** A channel whose ends open their connection on first use. */
export interface DataChannel {
  readonly writer: ChannelWriterEnd;
  readonly reader: ChannelReaderEnd;
  /** What a worker needs to open the other end; plain JSON. */
  readonly writerRef: ChannelRef;
  readonly readerRef: ChannelRef;
}

/** How a payload names an end of a channel. */
export interface ChannelRef {
  readonly channel_id: string;
  readonly access_key: string;
  readonly direction: string;
}

/** What the HTTP worker needs of the engine. */
export interface Engine {
  /** @throws InvocationError with the code of what failed */
  call(call: EngineCall): Promise<Payload | undefined>;
  openChannel(): Promise<DataChannel>;
}

/** Frames a channel holds until they are taken; the contract's number for HTTP. */
const CREATE_CHANNEL: Payload = Payload.ofText('{"buffer_size":64}');

/** The engine behind a client. */
export function engineOf(iii: IIIClient, calls: RawCalls): Engine {
  return {
    call: ({ functionId, ...rest }) => calls.trigger({ function_id: functionId, ...rest }),
    async openChannel() {
      const refs = await calls.trigger({
        function_id: 'engine::channels::create',
        payload: CREATE_CHANNEL,
      });
      return new LazyChannel(iii.getAddress(), refs?.value as CreatedChannel);
    },
  };
}

interface CreatedChannel {
  readonly writer: StreamChannelRef;
  readonly reader: StreamChannelRef;
}

/** Makes an end when it is first asked for: four streams per request cost more than the request. */
class LazyChannel implements DataChannel {
  readonly writerRef: ChannelRef;
  readonly readerRef: ChannelRef;
  readonly #address: string;
  readonly #refs: CreatedChannel;
  #writer: ChannelWriter | undefined;
  #reader: ChannelReader | undefined;

  constructor(address: string, refs: CreatedChannel) {
    this.#address = address;
    this.#refs = refs;
    this.writerRef = refs.writer;
    this.readerRef = refs.reader;
  }

  get writer(): ChannelWriter {
    this.#writer ??= new ChannelWriter(this.#address, this.#refs.writer);
    return this.#writer;
  }

  get reader(): ChannelReader {
    this.#reader ??= new ChannelReader(this.#address, this.#refs.reader);
    return this.#reader;
  }
}
