// SPDX-License-Identifier: Apache-2.0
import type { Readable, Writable } from 'node:stream';
import type { IIIClient } from 'iii-sdk';
import type { Payload, RawCalls } from 'iii-sdk/internal';
import { GrantedChannels } from './granted-channels.ts';

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

/** How a payload names an end of a channel. */
export interface ChannelRef {
  readonly channel_id: string;
  readonly access_key: string;
  readonly direction: 'read' | 'write';
}

/**
 * The two channels of one request. They exist in the engine once the function opens its end of
 * one; only then is the listener called, which gets the end of ours.
 */
export interface RequestChannels {
  /** What the function reads the request body from. */
  readonly bodyRef: ChannelRef;
  /** What the function may write its response to. */
  readonly responseRef: ChannelRef;
  onBodyOpened: (writer: ChannelWriterEnd) => void;
  onResponseOpened: (reader: ChannelReaderEnd) => void;
  /** The request is over; ends that are opened later are let go of at once. */
  close(): void;
}

/** What the HTTP worker needs of the engine. */
export interface Engine {
  /** @throws InvocationError with the code of what failed */
  call(call: EngineCall): Promise<Payload | undefined>;
  openChannels(): Promise<RequestChannels>;
}

/** The engine behind a client. */
export function engineOf(iii: IIIClient, calls: RawCalls): Engine {
  const channels = new GrantedChannels(iii, calls);
  return {
    call: ({ functionId, ...rest }) => calls.trigger({ function_id: functionId, ...rest }),
    openChannels: () => channels.open(),
  };
}
