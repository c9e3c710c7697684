// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import type { ChannelWriterEnd, RequestChannels } from './engine.ts';
import { abortBody } from './granted-channels.ts';

/** What became of reading a whole body. */
export type BodyRead =
  | { readonly kind: 'read'; readonly bytes: Buffer }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'gone' };

/** Whether a request announces more bytes than a limit. */
export function announcesMoreThan(req: IncomingMessage, limitBytes: number): boolean {
  return Number(req.headers['content-length'] ?? 0) > limitBytes;
}

/** Reads a whole body; stops at the limit, so that no more than that is ever held. */
export function readWholeBody(req: IncomingMessage, limitBytes: number): Promise<BodyRead> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (outcome: BodyRead) => {
      req.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      resolve(outcome);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > limitBytes) settle({ kind: 'too-large' });
      else chunks.push(chunk);
    };
    const onEnd = () =>
      settle({
        kind: 'read',
        bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size),
      });
    const onClose = () => settle({ kind: 'gone' });
    req.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

/** What becomes of the body once its reader is there. */
type Start = (writer: ChannelWriterEnd) => void;

/** The request body on its way into its channel; starts when the function opens its end. */
export class RequestBodyChannel {
  #writer: ChannelWriterEnd | undefined;
  #stopPump: (() => void) | undefined;

  private constructor(channels: RequestChannels, start: (body: RequestBodyChannel) => Start) {
    const begin = start(this);
    channels.onBodyOpened = (writer) => {
      this.#writer = writer;
      // A reader that leaves is no failure of the request: the handler answers by its result.
      writer.stream.on('error', () => this.#stopPump?.());
      begin(writer);
    };
  }

  /** Offers a body that is all there; also an empty one, so that its reader sees the end. */
  static offer(channels: RequestChannels, bytes: Buffer): RequestBodyChannel {
    return new RequestBodyChannel(channels, () => (writer) => {
      writer.stream.end(bytes.length > 0 ? bytes : undefined);
    });
  }

  /** Forwards a body as it arrives, at the pace of its reader; `onTooLarge` ends that. */
  static pump(
    channels: RequestChannels,
    req: IncomingMessage,
    limitBytes: number,
    onTooLarge: () => void,
  ): RequestBodyChannel {
    return new RequestBodyChannel(channels, (body) => (writer) => {
      body.#pump(writer, req, limitBytes, onTooLarge);
    });
  }

  /** Lets the channel go; what its reader has not asked for is lost. May be called twice. */
  finish(): void {
    this.#stopPump?.();
    const writer = this.#writer;
    this.#writer = undefined;
    if (writer && !writer.stream.writableEnded && !writer.stream.destroyed) abortBody(writer);
  }

  #pump(
    writer: ChannelWriterEnd,
    req: IncomingMessage,
    limitBytes: number,
    onTooLarge: () => void,
  ): void {
    const { stream } = writer;
    let size = 0;
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > limitBytes) {
        this.finish();
        onTooLarge();
      } else if (!stream.write(chunk)) {
        req.pause();
      }
    };
    const onDrain = () => req.resume();
    const onEnd = () => {
      this.#stopPump?.();
      stream.end();
    };
    const onClose = () => this.finish();
    this.#stopPump = () => {
      this.#stopPump = undefined;
      req.off('data', onData).off('end', onEnd).off('close', onClose);
      stream.off('drain', onDrain);
      req.resume();
    };
    req.on('data', onData).on('end', onEnd).on('close', onClose);
    stream.on('drain', onDrain);
  }
}
