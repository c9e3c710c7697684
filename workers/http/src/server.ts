// SPDX-License-Identifier: Apache-2.0
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** Time for a client to send its request head, ms: slow heads would otherwise hold connections. */
const HEAD_TIMEOUT_MS = 10_000;
/** How long an idle connection is kept, ms: longer than the 60 s after which proxies reuse none. */
const KEEP_ALIVE_MS = 72_000;
/** How long requests in flight may take to finish once the server closes, ms. */
const DRAIN_TIMEOUT_MS = 10_000;

/** An address the server should listen on. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The address cannot be taken; the message names it, who wants it and how to change it. */
export class AddressInUseError extends Error {
  override readonly name = 'AddressInUseError';
  readonly code = 'EADDRINUSE';
}

type State = { readonly kind: 'open' } | { readonly kind: 'closing'; readonly done: Promise<void> };

/** A listening HTTP server. Closing lets requests in flight finish. */
export class HttpServer {
  readonly #server: Server;
  /** Requests in hand by connection; node:http takes one that never asked anything for busy. */
  readonly #inHand = new Map<Socket, number>();
  #state: State = { kind: 'open' };

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      this.#inHand.set(socket, 0);
      socket.once('close', () => this.#inHand.delete(socket));
    });
  }

  /**
   * Takes an address and answers on it.
   * @throws AddressInUseError when somebody else has it.
   */
  static async listen(
    address: Address,
    answer: (req: IncomingMessage, res: ServerResponse, server: HttpServer) => void,
  ): Promise<HttpServer> {
    // Malformed requests are answered 400, oversized heads 431 and slow ones 408 by node:http
    // itself, which then ends the connection; nothing of ours runs for them.
    const server = createServer({
      noDelay: true,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEAD_TIMEOUT_MS,
      // Bodies have the request's own deadline, and a streamed upload may take its time.
      requestTimeout: 0,
    });
    const http = new HttpServer(server);
    server.on('request', (req, res) => {
      http.#count(req.socket, 1);
      res.once('close', () => http.#count(req.socket, -1));
      answer(req, res, http);
    });
    // An upload that will be refused is refused before it is sent.
    server.on('checkContinue', (req, res) => {
      const onListener = (event: string) => {
        if (event !== 'data') return;
        req.off('newListener', onListener);
        if (!res.headersSent) res.writeContinue();
      };
      req.on('newListener', onListener);
      server.emit('request', req, res);
    });
    await bind(server, address);
    return http;
  }

  /** The port it listens on. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  /** Whether it takes its leave. */
  get isClosing(): boolean {
    return this.#state.kind === 'closing';
  }

  /**
   * Takes no new connections, ends idle ones, and resolves when the last request is answered or
   * has run out of time. May be called twice.
   */
  close(drainTimeoutMs: number = DRAIN_TIMEOUT_MS): Promise<void> {
    if (this.#state.kind === 'closing') return this.#state.done;
    const done = new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#server.closeAllConnections(), drainTimeoutMs);
      this.#server.close(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#state = { kind: 'closing', done };
    for (const [socket, count] of this.#inHand) if (count === 0) socket.destroy();
    return done;
  }

  #count(socket: Socket, change: 1 | -1): void {
    const count = this.#inHand.get(socket);
    if (count === undefined) return;
    this.#inHand.set(socket, count + change);
    if (this.isClosing && count + change === 0) socket.destroySoon();
  }
}

async function bind(server: Server, { host, port }: Address): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new AddressInUseError(
        `address ${host}:${port} is already in use; the iii-http worker wants it for HTTP triggers. ` +
          'End the process that holds it, or set another port under config.port of iii-http',
        { cause: error },
      );
    }
    throw new Error(
      `failed to bind to ${host}:${port} for the iii-http worker: ${message}; set config.host and config.port of iii-http`,
      { cause: error },
    );
  }
}
