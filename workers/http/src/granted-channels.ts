// SPDX-License-Identifier: Apache-2.0
// Channels made up here under a grant of the engine, one pair per request. Nothing is sent and
// nothing is kept by the engine for a pair the function does not open.
//
// I1 A grant lasts as long as the connection it was given on; a new one is asked for after a loss.
// I2 An end that is opened after its request is over never waits: it is told at once.
import { createHmac, randomUUID } from 'node:crypto';
import type { IIIClient } from 'iii-sdk';
import { ChannelReader, ChannelWriter } from 'iii-sdk/channel';
import { Payload, type RawCalls } from 'iii-sdk/internal';
import type { ChannelReaderEnd, ChannelRef, ChannelWriterEnd, RequestChannels } from './engine.ts';

const GRANT = 'engine::channels::grant';
/** Text message that tells a reader that the upload broke off; SDKs without a listener ignore it. */
const ABORTED_MESSAGE = '{"type":"aborted","reason":"client disconnected"}';

interface Grant {
  readonly issuer: string;
  readonly secret: string;
}

/** Hands out the channels of requests and hears which of them are opened. */
export class GrantedChannels {
  readonly #iii: IIIClient;
  readonly #calls: RawCalls;
  /** Several HTTP workers may serve one engine; each hears of its own channels. */
  readonly #onAttachId = `iii-http::on-channel-attach::${randomUUID()}`;
  /** Requests in hand, by what the keys of their channels cover. */
  readonly #open = new Map<string, Pair>();
  #grant: Promise<Grant> | undefined;
  #nonce = 0;

  constructor(iii: IIIClient, calls: RawCalls) {
    this.#iii = iii;
    this.#calls = calls;
    iii.registerFunction(
      this.#onAttachId,
      async (data) => this.#onAttach((data as { channel_id: string }).channel_id),
      { metadata: { internal: true } },
    );
    iii.onConnectionStateChange((state) => {
      if (state !== 'connected') this.#grant = undefined; // I1
    });
  }

  async open(): Promise<RequestChannels> {
    this.#grant ??= this.#fetchGrant();
    const { issuer, secret } = await this.#grant;
    this.#nonce += 1;
    const name = `${issuer}.${this.#nonce}`;
    const key = createHmac('sha256', secret).update(name).digest('base64url');
    const pair = new Pair(this.#iii.getAddress(), name, key, () => this.#open.delete(name));
    this.#open.set(name, pair);
    return pair;
  }

  #fetchGrant(): Promise<Grant> {
    const fetched = this.#calls
      .trigger({
        function_id: GRANT,
        payload: Payload.ofValue({ on_attach_function_id: this.#onAttachId }),
      })
      .then((result) => result?.value as Grant);
    fetched.catch(() => {
      // The next request asks again.
      if (this.#grant === fetched) this.#grant = undefined;
    });
    return fetched;
  }

  async #onAttach(channelId: string): Promise<void> {
    const dot = channelId.lastIndexOf('.');
    const name = channelId.slice(0, dot);
    const isBody = channelId.slice(dot) === '.in';
    const pair = this.#open.get(name) ?? (await this.#pairOfThePast(name));
    if (isBody) pair?.openBody();
    else pair?.openResponse();
  }

  /** I2: a function may open a channel after it, or somebody else, has answered. */
  async #pairOfThePast(name: string): Promise<Pair | undefined> {
    const grant = await this.#grant;
    if (grant === undefined || !name.startsWith(`${grant.issuer}.`)) return undefined;
    const key = createHmac('sha256', grant.secret).update(name).digest('base64url');
    return new Pair(this.#iii.getAddress(), name, key, () => {});
  }
}

/** The channels of one request; its own ends are made when the function has opened the others. */
class Pair implements RequestChannels {
  onBodyOpened: (writer: ChannelWriterEnd) => void = abortBody;
  onResponseOpened: (reader: ChannelReaderEnd) => void = dismissResponse;
  readonly bodyRef: ChannelRef;
  readonly responseRef: ChannelRef;
  readonly #address: string;
  readonly #forget: () => void;

  constructor(address: string, name: string, key: string, forget: () => void) {
    this.#address = address;
    this.#forget = forget;
    this.bodyRef = { channel_id: `${name}.in`, access_key: key, direction: 'read' };
    this.responseRef = { channel_id: `${name}.out`, access_key: key, direction: 'write' };
  }

  openBody(): void {
    const ref = { ...this.bodyRef, direction: 'write' } as const;
    this.onBodyOpened(new ChannelWriter(this.#address, ref));
  }

  openResponse(): void {
    const ref = { ...this.responseRef, direction: 'read' } as const;
    this.onResponseOpened(new ChannelReader(this.#address, ref));
  }

  close(): void {
    this.#forget();
  }
}

/** Ends a body before its end. */
export function abortBody(writer: ChannelWriterEnd): void {
  // The reader may be gone already, and then there is nobody to tell.
  if (writer.stream.listenerCount('error') === 0) writer.stream.on('error', () => {});
  writer.sendMessage(ABORTED_MESSAGE);
  writer.close();
}

/**
 * Lets a response go that nobody wants: one that ends in silence is taken in, and whoever writes
 * more learns that nobody reads. Closing at once would cut an end that is still connecting.
 */
export function dismissResponse(reader: ChannelReaderEnd): void {
  const { stream } = reader;
  stream.on('error', () => {});
  stream.once('data', () => reader.close());
  reader.onMessage(() => reader.close());
}
