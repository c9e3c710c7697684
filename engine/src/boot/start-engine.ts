// SPDX-License-Identifier: Elastic-2.0
// Config → running system → end.
//
// Start: hub, ports, workers. Stop: intake, calls in hand, workers, connections, ports.
// I1 A start that fails leaves nothing behind: what was started is stopped before it rejects.
// I2 Workers that store stay until the calls that need them are answered.
// I3 Every step of the stop has an end.
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import {
  DRAIN_TIMEOUT_MS,
  ENGINE_PING_INTERVAL_MS,
  ENGINE_PINGS_MISSED,
  MAX_MESSAGE_BYTES,
  OUTBOUND_LIMIT_BYTES,
  OUTBOUND_PAUSE_BYTES,
} from '@iii-dev/protocol';
import type { BuiltInIdentity } from '../hub/connection.ts';
import { Hub } from '../hub/hub.ts';
import { installEngineFunctions } from '../introspection/install.ts';
import { type Listener, startListener } from '../listener/server.ts';
import { BUILTIN_WORKERS } from './builtin-workers.ts';
import { BUILT_IN_HEADER } from './placements/host-messages.ts';
import type { PlacedWorker, PlaceRequest } from './placements/placement.ts';
import type { ResolvedEngineConfig, ResolvedWorker } from './resolve-config.ts';
import type { ResolvedListener } from './resolve-listeners.ts';
import type { BootLog } from './stderr-log.ts';
import { describeStartFailure } from './worker-failure.ts';

/** Time for a worker to store and close after the last call, ms. */
const FLUSH_TIMEOUT_MS = 5_000;
/** Time for Close frames to go out, ms. */
const LINGER_MS = 500;

/** An engine that runs. */
export interface RunningEngine {
  /** Ports by purpose: `engine` for workers, and what the workers listen on (`http`). */
  readonly ports: Readonly<Record<string, number>>;
  /** Where workers connect, `ws://127.0.0.1:49134`. */
  readonly url: string;
  /** Stops intake, lets calls finish until the deadline, stores, closes. May be called twice. */
  stop(): Promise<void>;
  /** Ends worker processes at once; for the moment before the engine's own process exits. */
  terminate(): void;
}

/** What an engine is started with besides its config. */
export interface StartOptions {
  readonly log: BootLog;
  /** How long calls in hand may take when it stops, ms. @default 10 000 */
  readonly drainTimeoutMs?: number;
}

/**
 * Starts an engine; resolves when its ports are open and its workers run.
 * @throws ListenError, ConfigFileError, WorkerStartError
 */
export async function startEngine(
  config: ResolvedEngineConfig,
  options: StartOptions,
): Promise<RunningEngine> {
  const engine = new Engine(config, options);
  try {
    await engine.start();
  } catch (error) {
    await engine.stop(); // I1
    throw error;
  }
  return engine;
}

class Engine implements RunningEngine {
  readonly #config: ResolvedEngineConfig;
  readonly #log: BootLog;
  readonly #drainTimeoutMs: number;
  readonly #hub: Hub;
  readonly #listeners: Listener[] = [];
  readonly #workers: PlacedWorker[] = [];
  /** Secrets handed to worker processes, to the config entries they stand for. */
  readonly #builtInTokens = new Map<string, string>();
  #stopping: Promise<void> | undefined;

  constructor(config: ResolvedEngineConfig, { log, drainTimeoutMs }: StartOptions) {
    this.#config = config;
    this.#log = log;
    this.#drainTimeoutMs = drainTimeoutMs ?? DRAIN_TIMEOUT_MS;
    this.#hub = new Hub({
      log,
      engineVersion: config.engineVersion,
      providerPolicy: config.providerPolicy,
      registrationNamespaceGraceMs: config.registrationNamespaceGraceMs,
    });
    installEngineFunctions(this.#hub);
  }

  get ports(): Readonly<Record<string, number>> {
    const engine = this.#listeners[0]?.address.port ?? 0;
    return Object.assign({}, ...this.#workers.map((worker) => worker.ports), { engine });
  }

  get url(): string {
    return urlOf(this.#listeners[0]!);
  }

  async start(): Promise<void> {
    for (const warning of this.#config.warnings) this.#log.warn(warning);
    for (const listener of this.#config.listeners)
      this.#listeners.push(await this.#listen(listener));
    const starts = this.#config.workers.map((worker) => this.#startWorker(worker));
    // All are awaited before the first failure is reported, so that none comes up after the stop.
    for (const outcome of await Promise.allSettled(starts)) {
      if (outcome.status === 'rejected') throw outcome.reason;
    }
    for (const { address } of this.#listeners) {
      this.#log.info(`Engine listening on address: ${formatAddress(address)}`);
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  terminate(): void {
    for (const worker of this.#workers) worker.terminate();
  }

  async #stop(): Promise<void> {
    const deadline = performance.now() + this.#drainTimeoutMs;
    const leftMs = (): number => Math.max(0, deadline - performance.now());
    const intake = this.#workers.filter((worker) => isIntake(worker));
    await this.#closeAll(intake, leftMs());
    const { unfinished } = await this.#hub.drain(leftMs());
    if (unfinished > 0) this.#log.warn('Calls were cut off by the stop', { calls: unfinished });
    await this.#closeAll(
      this.#workers.filter((worker) => !intake.includes(worker)), // I2
      FLUSH_TIMEOUT_MS,
    );
    await this.#hub.close();
    await Promise.all(this.#listeners.map((listener) => listener.close(LINGER_MS)));
  }

  async #closeAll(workers: readonly PlacedWorker[], deadlineMs: number): Promise<void> {
    const outcomes = await Promise.allSettled(workers.map((worker) => worker.close(deadlineMs)));
    outcomes.forEach((outcome, index) => {
      if (outcome.status === 'fulfilled') return;
      const reason = (outcome.reason as Error)?.message;
      this.#log.error('Worker failed to stop', { worker: workers[index]?.id, reason });
    });
  }

  #listen({ host, port, handshakeTimeoutMs }: ResolvedListener): Promise<Listener> {
    return startListener({
      host,
      port,
      handshakeTimeoutMs,
      maxMessageBytes: MAX_MESSAGE_BYTES,
      pingIntervalMs: ENGINE_PING_INTERVAL_MS,
      pingsMissed: ENGINE_PINGS_MISSED,
      outboundPauseBytes: OUTBOUND_PAUSE_BYTES,
      outboundLimitBytes: OUTBOUND_LIMIT_BYTES,
      channels: this.#hub.channels,
      log: this.#log,
      accept: (link, { headers }) => this.#hub.accept(link, this.#builtInOf(headers)),
      acceptTelemetry: (bytes) => this.#hub.acceptTelemetry(bytes),
    });
  }

  #builtInOf(headers: IncomingHttpHeaders): BuiltInIdentity | null {
    const entry = this.#builtInTokens.get(String(headers[BUILT_IN_HEADER] ?? ''));
    return entry === undefined ? null : { entry };
  }

  async #startWorker(worker: ResolvedWorker): Promise<void> {
    const request: PlaceRequest = {
      worker,
      engineUrl: this.url,
      configPath: this.#config.configPath,
      builtInToken: randomUUID(),
      log: this.#log.named(worker.id),
    };
    try {
      this.#workers.push(await this.#place(request));
    } catch (error) {
      throw describeStartFailure(worker, error);
    }
  }

  async #place(request: PlaceRequest): Promise<PlacedWorker> {
    if (request.worker.placement === 'process') {
      this.#builtInTokens.set(request.builtInToken, request.worker.id);
      return (await import('./placements/process.ts')).placeProcess(request);
    }
    const { placeInline } = await import('./placements/inline.ts');
    const builtIn = { entry: request.worker.id };
    return placeInline(request, this.#hub.memoryTransport({ address: this.url, builtIn }));
  }
}

function isIntake(worker: PlacedWorker): boolean {
  const builtin = BUILTIN_WORKERS[worker.builtin];
  return builtin?.kind === 'worker' && builtin.isIntake;
}

/** Workers of the engine's own are on this machine, so "every address" is reached by loopback. */
function urlOf({ address }: Listener): string {
  const isAny = address.host === '0.0.0.0' || address.host === '::';
  return `ws://${formatAddress(isAny ? { ...address, host: '127.0.0.1' } : address)}`;
}

function formatAddress({ host, port }: { host: string; port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
