// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpConfig } from './config.ts';
import { corsHeaders, withoutCorsHeaders } from './cors.ts';
import { createErrorId, errorReply, type Reply } from './reply.ts';

/** Why a request ends before its function has answered. */
export type Interruption =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'gone' };

/** Bytes of an unwanted upload that are read and dropped, so that its sender sees the answer. */
const DRAIN_LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * One request and its response: the settings it started with, its deadline, and the one place that
 * writes a response.
 *
 * I1: exactly one head is written; what comes later is dropped.
 * I2: `signal` aborts when nobody waits for the outcome any longer (deadline, client gone).
 */
export class Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** One snapshot: a request never mixes old and new settings. */
  readonly config: HttpConfig;
  /** Settles when the request is cut short; pending for ever otherwise. */
  readonly interrupted: Promise<Interruption>;
  readonly #requestId: string | undefined;
  readonly #abort = new AbortController();
  #interrupt!: (interruption: Interruption) => void;
  #timer: NodeJS.Timeout | undefined;
  readonly #isClosing: () => boolean;

  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    config: HttpConfig,
    isClosing: () => boolean,
  ) {
    this.req = req;
    this.res = res;
    this.config = config;
    this.#isClosing = isClosing;
    this.#requestId = readRequestId(req, config.requestIdHeader);
    this.interrupted = new Promise((resolve) => {
      this.#interrupt = resolve;
    });
    res.once('close', () => {
      clearTimeout(this.#timer);
      if (res.writableFinished) return;
      this.#interrupt({ kind: 'gone' });
      this.#abort.abort();
    });
  }

  /** Aborts when the outcome has become pointless. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Headers of the request with its id, name and value by turns, as they came. */
  get rawHeaders(): readonly string[] {
    const header = this.config.requestIdHeader;
    if (header === null || this.#requestId === undefined) return this.req.rawHeaders;
    if (this.req.headers[header] !== undefined) return this.req.rawHeaders;
    return [...this.req.rawHeaders, header, this.#requestId];
  }

  /** Starts the deadline; `onTimeout` says what the client is told when it passes. */
  startDeadline(onTimeout: () => Reply): void {
    this.#timer = setTimeout(() => this.interrupt(onTimeout()), this.config.defaultTimeoutMs);
  }

  /** Cuts the request short with an answer, and whatever it is waiting for. */
  interrupt(reply: Reply): void {
    this.#interrupt({ kind: 'reply', reply });
    this.#abort.abort();
  }

  /** Writes a whole response, head and body in one write. */
  send(reply: Reply): void {
    if (this.res.headersSent || this.res.destroyed) return;
    if (reply.status < 200) return this.send(interimStatusReply());
    const body = reply.body;
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    const headers = withoutLength(reply.headers);
    // 204 and 304 end with their head; a length would announce a body that never comes.
    const hasLength = reply.status !== 204 && reply.status !== 304;
    this.#writeHead(
      reply.status,
      hasLength ? [...headers, 'content-length', String(length)] : headers,
    );
    this.res.end(body);
    this.#drain();
  }

  /** Writes the head of a streamed response; false when that is no longer possible. */
  sendHead(status: number, headers: readonly string[]): boolean {
    if (this.res.headersSent || this.res.destroyed) return false;
    if (status < 200) {
      this.send(interimStatusReply());
      return false;
    }
    this.#writeHead(status, headers);
    this.res.flushHeaders();
    return true;
  }

  #writeHead(status: number, headers: readonly string[]): void {
    clearTimeout(this.#timer);
    const cors = corsHeaders(this.config.cors, this.req.headers.origin);
    const all = [...cors, ...withoutCorsHeaders(headers)];
    const header = this.config.requestIdHeader;
    if (header !== null && this.#requestId !== undefined) all.push(header, this.#requestId);
    if (this.#isClosing()) this.res.shouldKeepAlive = false;
    this.res.writeHead(status, all);
  }

  /** Reads on and drops what is left of the body; an endless one loses its connection. */
  #drain(): void {
    if (this.req.complete) return;
    let size = 0;
    this.req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > DRAIN_LIMIT_BYTES) this.req.socket.destroy();
    });
    this.req.resume();
  }
}

/** A final answer with an interim status would leave the client waiting for another one. */
function interimStatusReply(): Reply {
  return errorReply(500, {
    code: 'INTERNAL_ERROR',
    message: 'internal server error',
    error_id: createErrorId(),
  });
}

function withoutLength(headers: readonly string[]): readonly string[] {
  const isLength = (name: string | undefined) => name?.toLowerCase() === 'content-length';
  if (!headers.some((name, at) => at % 2 === 0 && isLength(name))) return headers;
  return headers.filter((_, at) => !isLength(headers[at - (at % 2)]));
}

/** Ids that come from outside stand in logs and headers, so only plain ones are taken over. */
const PLAIN_ID = /^[\w.:/+=-]{1,128}$/;

function readRequestId(req: IncomingMessage, header: string | null): string | undefined {
  if (header === null) return undefined;
  const given = req.headers[header];
  return typeof given === 'string' && PLAIN_ID.test(given) ? given : randomUUID();
}
