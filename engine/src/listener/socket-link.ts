// SPDX-License-Identifier: Elastic-2.0
// The engine's end of a worker connection over a WebSocket.
//
// I1 Once the owner has asked for the end, it hears nothing but `onClose`.
// I2 Pausing stops the socket; messages of the chunk that was just read (at most 64 KiB) still come.
// I3 An oversize message costs its sender that message, not the connection.
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { decodeWorkerFrame, type EngineFrame, encodeFrame } from '@iii-dev/protocol';
import { WebSocket } from 'ws';
import { GONE, type Link, type LinkEvents, type SendOutcome } from '../hub/link.ts';
import type { EngineLog } from '../hub/log.ts';
import type { Pulse } from './heartbeat.ts';
import { describeOversize, isTelemetry, recoverIds } from './inbound.ts';
import { Outbox, type OutboxLimits, type TickFlusher } from './outbox.ts';

export interface SocketLinkOptions {
  readonly maxMessageBytes: number;
  readonly outbound: OutboxLimits;
  readonly flusher: TickFlusher;
  readonly log: EngineLog;
}

type State =
  | { readonly kind: 'unattached' }
  | { readonly kind: 'open'; readonly events: LinkEvents }
  | { readonly kind: 'ending'; readonly events: LinkEvents | undefined }
  | { readonly kind: 'closed' };

/** A {@link Link} over a WebSocket; takes over both the WebSocket and its TCP socket. */
export class SocketLink implements Link, Pulse {
  readonly kind = 'socket';
  readonly remoteAddress: string | null;
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #options: SocketLinkOptions;
  readonly #outbox: Outbox;
  readonly #probes = new Map<string, (isAlive: boolean) => void>();
  #state: State = { kind: 'unattached' };
  #pauses = 0;

  constructor(ws: WebSocket, socket: Socket, options: SocketLinkOptions) {
    this.#ws = ws;
    this.#socket = socket;
    this.#options = options;
    this.remoteAddress = socket.remoteAddress ?? null;
    this.#outbox = new Outbox(
      socket,
      options.flusher,
      options.outbound,
      () => ws.readyState === WebSocket.OPEN,
    );
  }

  /** Starts delivery; must be called in the turn in which the socket was upgraded. */
  attach(events: LinkEvents): void {
    const isEnding = this.#state.kind === 'ending'; // the owner refused the link at once
    this.#state = isEnding ? { kind: 'ending', events } : { kind: 'open', events };
    this.#ws.on('message', (data, isBinary) => this.#onMessage(data as Buffer, isBinary));
    this.#ws.on('pong', (payload) => this.#settleProbe(payload.toString('latin1'), true));
    // Whatever the error, the close that follows it is what matters to the owner.
    this.#ws.on('error', (error) => {
      this.#options.log.debug('worker socket failed', { error: error.message });
    });
    this.#ws.on('close', () => this.#onClose());
  }

  get bufferedBytes(): number {
    return this.#outbox.bufferedBytes;
  }

  get takenBytes(): number {
    return this.#outbox.takenBytes;
  }

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  get isPaused(): boolean {
    return this.#pauses > 0;
  }

  send(frame: EngineFrame): SendOutcome {
    if (this.#ws.readyState !== WebSocket.OPEN || this.#state.kind === 'ending') return GONE;
    return this.#outbox.push(encodeFrame(frame));
  }

  pause(): void {
    if (++this.#pauses === 1) this.#ws.pause(); // I2
  }

  resume(): void {
    if (this.#pauses === 0) return;
    if (--this.#pauses === 0) this.#ws.resume();
  }

  onceDrained(listener: () => void): void {
    this.#outbox.onceDrained(listener);
  }

  /** A link that is paused throughout cannot hear an answer and counts as alive. */
  probe(timeoutMs: number): Promise<boolean> {
    if (this.#ws.readyState !== WebSocket.OPEN) return Promise.resolve(false);
    const payload = randomBytes(8).toString('hex');
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settleProbe(payload, this.isPaused), timeoutMs);
      this.#probes.set(payload, (isAlive) => {
        clearTimeout(timer);
        this.#probes.delete(payload);
        resolve(isAlive);
      });
      this.#ws.ping(payload);
    });
  }

  close(code?: number, reason?: string): void {
    if (!this.#startEnding()) return;
    this.#outbox.flush(); // the Close frame must come after everything that was sent
    this.#ws.close(code, reason);
    this.#ws.resume(); // the peer's own Close is to be read
  }

  terminate(): void {
    this.#startEnding();
    this.#ws.terminate();
  }

  ping(): void {
    if (this.#ws.readyState === WebSocket.OPEN) this.#ws.ping();
  }

  evict(): void {
    this.#options.log.warn('closed worker socket: the peer answers no pings', {
      remote_address: this.remoteAddress,
    });
    // Its owner has to hear of the end as of any other, so this is not an ending it asked for.
    this.#ws.terminate();
  }

  #startEnding(): boolean {
    const state = this.#state;
    if (state.kind === 'closed' || state.kind === 'ending') return false;
    this.#state = { kind: 'ending', events: state.kind === 'open' ? state.events : undefined };
    return true;
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (this.#state.kind !== 'open') return; // I1
    const { events } = this.#state;
    if (data.length > this.#options.maxMessageBytes) {
      events.onMalformed(
        describeOversize(data.length, this.#options.maxMessageBytes), // I3
        recoverIds(data),
      );
      return;
    }
    if (isBinary && isTelemetry(data)) {
      events.onTelemetry(data);
      return;
    }
    const decoded = decodeWorkerFrame(data.toString());
    if (decoded.kind === 'frame') events.onFrame(decoded.frame);
    else if (decoded.kind === 'malformed') events.onMalformed(decoded.reason, decoded.recovered);
    else this.#options.log.debug('message ignored', { reason: decoded.reason });
  }

  #settleProbe(payload: string, isAlive: boolean): void {
    this.#probes.get(payload)?.(isAlive);
  }

  #onClose(): void {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    for (const settle of [...this.#probes.values()]) settle(false);
    this.#outbox.close();
    if (state.kind === 'open' || state.kind === 'ending') state.events?.onClose();
  }
}
