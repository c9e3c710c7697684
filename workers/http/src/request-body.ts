// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import type { AttachHabit } from './attach-habit.ts';
import type { DataChannel } from './engine.ts';

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

/** Text message that tells a reader that the upload broke off; SDKs without a listener ignore it. */
const ABORTED_MESSAGE = '{"type":"aborted","reason":"client disconnected"}';

/** The request body on its way into its channel. Attaches when it pays, ends with the request. */
export class RequestBodyChannel {
  readonly #channel: DataChannel;
  readonly #habit: AttachHabit;
  #timer: NodeJS.Timeout | undefined;
  #isAttached = false;
  #stopPump: (() => void) | undefined;

  constructor(channel: DataChannel, habit: AttachHabit) {
    this.#channel = channel;
    this.#habit = habit;
  }

  /** Offers a body that is all there; also an empty one, so that its reader sees the end. */
  offer(bytes: Buffer): void {
    const attach = () => {
      this.#attach();
      this.#channel.writer.stream.end(bytes.length > 0 ? bytes : undefined);
    };
    const delayMs = this.#habit.nextDelayMs();
    if (delayMs === 0) attach();
    else this.#timer = setTimeout(attach, delayMs);
  }

  /** Forwards a body as it arrives, at the pace of its reader; `onTooLarge` ends that. */
  pump(req: IncomingMessage, limitBytes: number, onTooLarge: () => void): void {
    this.#attach();
    const { stream } = this.#channel.writer;
    let size = 0;
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > limitBytes) {
        this.#stopPump?.();
        this.#abort();
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
    const onClose = () => {
      this.#stopPump?.();
      this.#abort();
    };
    this.#stopPump = () => {
      this.#stopPump = undefined;
      req.off('data', onData).off('end', onEnd).off('close', onClose);
      stream.off('drain', onDrain);
      req.resume();
    };
    req.on('data', onData).on('end', onEnd).on('close', onClose);
    stream.on('drain', onDrain);
  }

  /** Lets the channel go; what its reader has not asked for is lost. May be called twice. */
  finish(): void {
    clearTimeout(this.#timer);
    this.#stopPump?.();
    if (this.#isAttached) this.#habit.needed();
    else this.#habit.didWithout();
    if (this.#isAttached && !this.#channel.writer.stream.writableEnded)
      this.#channel.writer.close();
  }

  #attach(): void {
    this.#isAttached = true;
    // A reader that leaves is no failure of the request: the handler answers by its result.
    this.#channel.writer.stream.on('error', () => this.#stopPump?.());
  }

  #abort(): void {
    this.#channel.writer.sendMessage(ABORTED_MESSAGE);
    this.#channel.writer.close();
  }
}
