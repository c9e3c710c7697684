// SPDX-License-Identifier: Apache-2.0
// Keeps one connection to the engine alive: connects, notices that it died, waits, connects again.
//
// Stages: idle → connecting → open → waiting → connecting … → ended.
//   I1  Every timer lives in the stage that started it; leaving a stage clears its timers.
//   I2  A link speaks only while it is the one of the current stage; a late event of an older link
//       changes nothing.
//   I3  `ended` is final, and whoever ends it says how: `closed` by us, `failed` for good.
import type { EngineFrame, Transport, TransportConnection, WorkerFrame } from '@iii-dev/protocol';
import type { IIIConnectionState } from './api.ts';
import type { ClientLog, Keepalive, ReconnectionConfig } from './runtime.ts';

type Timer = ReturnType<typeof setTimeout>;

type Stage =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting'; readonly link: TransportConnection; readonly timer: Timer }
  | {
      readonly kind: 'open';
      readonly link: TransportConnection;
      readonly keepalive: { ping: Timer; idle: Timer; lastActivityMs: number } | undefined;
    }
  | { readonly kind: 'waiting'; readonly timer: Timer }
  | { readonly kind: 'ended'; readonly how: 'closed' | 'failed' };

/** What the owner of a connection is told. */
export interface ConnectionEvents {
  /** A new link is open; whatever is sent in here goes out first. */
  onOpen(): void;
  onFrame(frame: EngineFrame): void;
  /** The open link is gone; another may follow. */
  onLost(): void;
  /** No attempt is left. */
  onGivenUp(): void;
  onState(state: IIIConnectionState): void;
}

/** What a connection needs besides its transport. */
export interface ConnectionOptions {
  readonly reconnection: ReconnectionConfig;
  readonly handshakeTimeoutMs: number;
  readonly keepalive: Keepalive;
  readonly random: () => number;
  readonly log: ClientLog;
}

/** How late an idle timer may fire before the silence is our own: the process slept or was busy. */
const LATE_TIMER_MS = 1_000;
/** How long the engine then has to answer a ping. */
const SECOND_CHANCE_MS = 5_000;

/** A connection that comes back. */
export class Connection {
  readonly #transport: Transport;
  readonly #events: ConnectionEvents;
  readonly #options: ConnectionOptions;
  #stage: Stage = { kind: 'idle' };
  #attempt = 0;
  #state: IIIConnectionState = 'disconnected';

  constructor(transport: Transport, events: ConnectionEvents, options: ConnectionOptions) {
    this.#transport = transport;
    this.#events = events;
    this.#options = options;
  }

  get address(): string {
    return this.#transport.address;
  }

  get state(): IIIConnectionState {
    return this.#state;
  }

  get isOpen(): boolean {
    return this.#stage.kind === 'open';
  }

  /** Starts the first attempt. */
  start(): void {
    if (this.#stage.kind === 'idle') this.#connect();
  }

  /** Sends on the open link; false when there is none. */
  send(frame: WorkerFrame): boolean {
    if (this.#stage.kind !== 'open') return false;
    this.#stage.link.send(frame);
    return true;
  }

  /** Sends telemetry bytes on the open link; false when there is none. */
  sendBinary(bytes: Uint8Array): boolean {
    if (this.#stage.kind !== 'open') return false;
    this.#stage.link.sendBinary(bytes);
    return true;
  }

  /** Ends for good: politely when `closed`, at once when `failed`. May be called twice. */
  end(how: 'closed' | 'failed'): void {
    const stage = this.#stage;
    if (stage.kind === 'ended') return;
    this.#leave(stage);
    this.#stage = { kind: 'ended', how };
    if (stage.kind === 'open' && how === 'closed') stage.link.close(1000, 'shutdown');
    else if (stage.kind === 'open' || stage.kind === 'connecting') stage.link.terminate();
    this.#setState(how === 'closed' ? 'disconnected' : 'failed');
  }

  #connect(): void {
    this.#setState('connecting');
    // The events need the link they belong to, which exists only after `open` returned (I2).
    let link: TransportConnection | undefined;
    const isCurrent = () =>
      link !== undefined && 'link' in this.#stage && this.#stage.link === link;
    link = this.#transport.open({
      onOpen: () => {
        if (isCurrent()) this.#onOpen();
      },
      onFrame: (frame) => {
        if (isCurrent()) this.#events.onFrame(frame);
      },
      onActivity: () => {
        if (isCurrent()) this.#onActivity();
      },
      onClose: ({ error }) => {
        if (!isCurrent()) return;
        if (error) this.#options.log.error('WebSocket error', error);
        this.#onClose();
      },
    });
    const opened = link;
    const timeoutMs = this.#options.handshakeTimeoutMs;
    const timer = setTimeout(() => {
      this.#options.log.error(`WebSocket error: no handshake within ${timeoutMs}ms`);
      this.#onClose();
      opened.terminate();
    }, timeoutMs);
    this.#stage = { kind: 'connecting', link, timer };
  }

  #onOpen(): void {
    const stage = this.#stage;
    if (stage.kind !== 'connecting') return;
    this.#leave(stage);
    this.#attempt = 0;
    this.#stage = { kind: 'open', link: stage.link, keepalive: this.#startKeepalive(stage.link) };
    this.#events.onOpen();
    this.#setState('connected');
  }

  #onClose(): void {
    const stage = this.#stage;
    this.#leave(stage);
    this.#stage = { kind: 'idle' };
    this.#setState('disconnected');
    if (stage.kind === 'open') this.#events.onLost();
    // A listener may have ended the connection meanwhile.
    if ((this.#stage as Stage).kind === 'idle') this.#waitAndRetry();
  }

  #waitAndRetry(): void {
    const { reconnection, log, random } = this.#options;
    if (reconnection.maxRetries !== -1 && this.#attempt >= reconnection.maxRetries) {
      this.#stage = { kind: 'ended', how: 'failed' };
      log.error(`Max reconnection retries (${reconnection.maxRetries}) reached, giving up`);
      this.#setState('failed');
      this.#events.onGivenUp();
      return;
    }
    const delayMs = retryDelayMs(reconnection, this.#attempt, random);
    this.#attempt += 1;
    const timer = setTimeout(() => this.#connect(), delayMs);
    this.#stage = { kind: 'waiting', timer };
    log.debug(`[iii] Reconnecting in ${delayMs}ms (attempt ${this.#attempt})...`);
    this.#setState('reconnecting');
  }

  #startKeepalive(link: TransportConnection) {
    const { keepalive } = this.#options;
    if (keepalive === false) return undefined;
    return {
      ping: setInterval(() => link.ping(), keepalive.pingIntervalMs) as Timer,
      idle: this.#startIdleTimer(keepalive.idleLimitMs, keepalive.idleLimitMs),
      lastActivityMs: Date.now(),
    };
  }

  /** One timer per silence, not per frame: it looks when it fires how long the silence really was. */
  #startIdleTimer(delayMs: number, limitMs: number): Timer {
    const dueMs = Date.now() + delayMs;
    return setTimeout(() => {
      const stage = this.#stage;
      if (stage.kind !== 'open' || !stage.keepalive) return;
      const leftMs = stage.keepalive.lastActivityMs + limitMs - Date.now();
      if (leftMs > 0) {
        stage.keepalive.idle = this.#startIdleTimer(leftMs, limitMs);
        return;
      }
      if (Date.now() - dueMs > LATE_TIMER_MS) {
        stage.link.ping();
        stage.keepalive.idle = this.#startIdleTimer(SECOND_CHANCE_MS, limitMs);
        return;
      }
      this.#options.log.error(
        `No inbound data for ${limitMs}ms, terminating connection to force reconnect`,
      );
      this.#onClose();
      stage.link.terminate();
    }, delayMs);
  }

  #onActivity(): void {
    if (this.#stage.kind === 'open' && this.#stage.keepalive) {
      this.#stage.keepalive.lastActivityMs = Date.now();
    }
  }

  /** Clears the timers of a stage (I1). */
  #leave(stage: Stage): void {
    switch (stage.kind) {
      case 'connecting':
      case 'waiting':
        clearTimeout(stage.timer);
        return;
      case 'open':
        if (!stage.keepalive) return;
        clearInterval(stage.keepalive.ping);
        clearTimeout(stage.keepalive.idle);
        return;
      case 'idle':
      case 'ended':
        return;
      default:
        stage satisfies never;
    }
  }

  #setState(state: IIIConnectionState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#events.onState(state);
  }
}

/** Delay before a further attempt: exponential, capped, with jitter to either side. */
export function retryDelayMs(
  config: ReconnectionConfig,
  attempt: number,
  random: () => number,
): number {
  const grown = config.initialDelayMs * config.backoffMultiplier ** attempt;
  const capped = Math.min(grown, config.maxDelayMs);
  const jitter = capped * config.jitterFactor * (2 * random() - 1);
  return Math.max(0, Math.floor(capped + jitter));
}
