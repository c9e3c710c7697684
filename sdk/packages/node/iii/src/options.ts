// SPDX-License-Identifier: Apache-2.0
import { hostname } from 'node:os';
import {
  type ClientLog,
  type ClientOptions,
  checkNamespace,
  type ReconnectionConfig,
} from '@iii-dev/client-core';
import {
  CLIENT_IDLE_LIMIT_MS,
  CLIENT_PING_INTERVAL_MS,
  DEFAULT_ENGINE_URL,
  HANDSHAKE_TIMEOUT_MS,
  INVOCATION_TIMEOUT_MS,
  RECONNECT,
} from '@iii-dev/protocol';

/** What the announcement says about the project. */
export interface TelemetryOptions {
  language?: string | undefined;
  project_name?: string | undefined;
  framework?: string | undefined;
  amplitude_api_key?: string | undefined;
}

/** Settings of telemetry export. Accepted for compatibility; see the README for what is in effect. */
export interface OtelOptions {
  enabled?: boolean | undefined;
  serviceName?: string | undefined;
  [key: string]: unknown;
}

/** Where the client reports what happens to it; the console by default. */
export interface IIILogger {
  debug(message: string, detail?: unknown): void;
  info?(message: string, detail?: unknown): void;
  warn(message: string, detail?: unknown): void;
  error(message: string, detail?: unknown): void;
}

/** Options of `registerWorker`. */
export interface InitOptions {
  /** Identity within a namespace. @default `III_WORKER_NAME`, else `<hostname>:<pid>` */
  workerName?: string | undefined;
  /** @default `III_NAMESPACE`, else none. A blank value throws. */
  namespace?: string | undefined;
  workerDescription?: string | undefined;
  /** Accepted for compatibility. @default true */
  enableMetricsReporting?: boolean | undefined;
  /** Deadline of a call that names none, ms. @default 30000 */
  invocationTimeoutMs?: number | undefined;
  reconnectionConfig?: Partial<ReconnectionConfig> | undefined;
  otel?: OtelOptions | undefined;
  /** HTTP headers of the WebSocket upgrade. */
  headers?: Record<string, string> | undefined;
  telemetry?: TelemetryOptions | undefined;
  /** Longest HTTP upgrade, ms. @default 10000 */
  handshakeTimeoutMs?: number | undefined;
  /** Interval of WebSocket pings, ms. @default 20000 */
  pingIntervalMs?: number | undefined;
  /** Longest silence of the engine, ms. @default 60000 */
  idleLimitMs?: number | undefined;
  /** Calls that may wait for a connection. @default 10000 frames, 64 MiB */
  offlineQueue?: { maxFrames?: number | undefined; maxBytes?: number | undefined } | undefined;
  logger?: IIILogger | undefined;
}

/** {@link InitOptions} with nothing left open. */
export interface ResolvedOptions {
  readonly client: ClientOptions;
  readonly headers: Readonly<Record<string, string>>;
  readonly identity: WorkerIdentity;
  readonly log: ClientLog;
}

/** Who the announcement says we are. */
export interface WorkerIdentity {
  readonly name: string;
  readonly description: string | undefined;
  readonly namespace: string | undefined;
  readonly isolation: string | null;
  readonly telemetry: TelemetryOptions;
  readonly languageHint: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** As many calls as a default engine answers in well under a second. */
const OFFLINE_FRAMES = 10_000;
/** Bounded by memory too: one message of the largest size fits. */
const OFFLINE_BYTES = 64 * 1024 * 1024;

/** The engine's address: what is given, else `III_URL`, else the default. */
export function resolveAddress(address: string | undefined, env: Environment): string {
  return nonEmpty(address) ?? nonEmpty(env.III_URL) ?? DEFAULT_ENGINE_URL;
}

/** Argument beats environment beats default. @throws Error on a blank namespace */
export function resolveOptions(options: InitOptions, env: Environment): ResolvedOptions {
  const envNamespace = env.III_NAMESPACE?.trim() ? env.III_NAMESPACE : undefined;
  const namespace = checkNamespace(options.namespace) ?? envNamespace;
  return {
    client: {
      namespace,
      invocationTimeoutMs: options.invocationTimeoutMs ?? INVOCATION_TIMEOUT_MS,
      reconnection: { ...RECONNECT, ...withoutUndefined(options.reconnectionConfig) },
      handshakeTimeoutMs: options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS,
      keepalive: {
        pingIntervalMs: options.pingIntervalMs ?? CLIENT_PING_INTERVAL_MS,
        idleLimitMs: options.idleLimitMs ?? CLIENT_IDLE_LIMIT_MS,
      },
      offlineQueue: {
        maxFrames: options.offlineQueue?.maxFrames ?? OFFLINE_FRAMES,
        maxBytes: options.offlineQueue?.maxBytes ?? OFFLINE_BYTES,
      },
    },
    headers: options.headers ?? {},
    identity: {
      name:
        nonEmpty(options.workerName) ??
        nonEmpty(env.III_WORKER_NAME) ??
        `${hostname()}:${process.pid}`,
      description: options.workerDescription,
      namespace,
      isolation: nonEmpty(env.III_ISOLATION) ?? null,
      telemetry: options.telemetry ?? {},
      languageHint: env.LANG,
    },
    log: createLog(options.logger ?? console),
  };
}

function createLog(logger: IIILogger): ClientLog {
  const mark = (message: string) => (message.startsWith('[iii]') ? message : `[iii] ${message}`);
  return {
    debug: (message) => logger.debug(mark(message)),
    warn: (message) => logger.warn(mark(message)),
    error: (message, detail) =>
      detail === undefined ? logger.error(mark(message)) : logger.error(mark(message), detail),
  };
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}

function withoutUndefined(
  config: Partial<ReconnectionConfig> | undefined,
): Partial<ReconnectionConfig> {
  const entries = Object.entries(config ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries);
}
