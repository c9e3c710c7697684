// SPDX-License-Identifier: Elastic-2.0
import type { Socket } from 'node:net';
import type { EngineLog } from '../hub/log.ts';

/** Closes accepted sockets that have not delivered complete request headers in time. */
export class HandshakeDeadline {
  readonly #waiting = new Map<Socket, NodeJS.Timeout>();
  readonly #timeoutMs: number;
  readonly #log: EngineLog;

  constructor(timeoutMs: number, log: EngineLog) {
    this.#timeoutMs = timeoutMs;
    this.#log = log;
  }

  start(socket: Socket): void {
    const timer = setTimeout(() => this.#expire(socket), this.#timeoutMs);
    this.#waiting.set(socket, timer);
    socket.once('close', () => this.clear(socket));
  }

  /** The headers are there; nothing is asked of this socket any more. */
  clear(socket: Socket): void {
    clearTimeout(this.#waiting.get(socket));
    this.#waiting.delete(socket);
  }

  /** Ends all sockets that are still waiting. */
  close(): void {
    for (const [socket, timer] of this.#waiting) {
      clearTimeout(timer);
      socket.destroy();
    }
    this.#waiting.clear();
  }

  #expire(socket: Socket): void {
    this.#log.warn('closed worker socket: WS upgrade not completed within handshake deadline', {
      remote_address: socket.remoteAddress ?? null,
      timeout_ms: this.#timeoutMs,
    });
    socket.destroy();
  }
}
