// SPDX-License-Identifier: Apache-2.0
import * as v from 'valibot';

/** Port of the HTTP server when none is configured. */
export const DEFAULT_PORT = 3111;
/** Loopback: whoever wants the server reachable from outside says so. */
export const DEFAULT_HOST = '127.0.0.1';
/** Where the server tells that it is well, unless a route has the path. */
export const DEFAULT_HEALTH_PATH = '/health';
/** Largest JSON body that is buffered, bytes; a payload of this size still fits one frame. */
export const DEFAULT_BODY_LIMIT_BYTES: number = 16 * 1024 * 1024;

const MiddlewareEntry = v.strictObject({
  function_id: v.pipe(v.string(), v.nonEmpty()),
  phase: v.optional(v.string(), 'preHandler'),
  priority: v.optional(v.pipe(v.number(), v.integer()), 0),
});

const CorsEntry = v.strictObject({
  allowed_origins: v.optional(v.array(v.string()), []),
  allowed_methods: v.optional(v.array(v.string()), []),
});

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const HealthPath = v.pipe(
  v.union([v.pipe(v.string(), v.startsWith('/')), v.literal(false), v.null()]),
  v.transform((path) => (path === false ? null : path)),
);

const RawHttpConfig = v.strictObject({
  port: v.optional(v.pipe(count, v.maxValue(65_535)), DEFAULT_PORT),
  host: v.optional(v.pipe(v.string(), v.nonEmpty()), DEFAULT_HOST),
  default_timeout: v.optional(count, 30_000),
  concurrency_request_limit: v.optional(count, 1024),
  concurrency_queue_limit: v.optional(count, 1024),
  cors: v.optional(v.nullable(CorsEntry), null),
  middleware: v.optional(v.array(MiddlewareEntry), []),
  strict_middleware: v.optional(v.boolean(), true),
  body_limit: v.optional(v.pipe(count, v.minValue(1))),
  trust_proxy: v.optional(v.boolean(), false),
  request_id_header: v.optional(
    v.nullable(v.pipe(v.string(), v.regex(/^[!#$%&'*+.^_`|~\w-]+$/))),
    'x-request-id',
  ),
  ignore_trailing_slash: v.optional(v.boolean(), false),
  not_found_function: v.optional(v.nullable(v.string()), null),
  health_path: v.optional(HealthPath, DEFAULT_HEALTH_PATH),
});

/** Allowed origins and methods; an empty list allows any. */
export interface CorsSettings {
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly string[];
}

/** The `config:` block with every default filled in; the table in the README says what each means. */
export interface HttpConfigEntry {
  readonly port: number;
  readonly host: string;
  readonly default_timeout: number;
  readonly concurrency_request_limit: number;
  readonly concurrency_queue_limit: number;
  readonly cors: {
    readonly allowed_origins: readonly string[];
    readonly allowed_methods: readonly string[];
  } | null;
  readonly middleware: readonly {
    readonly function_id: string;
    readonly phase: string;
    readonly priority: number;
  }[];
  readonly strict_middleware: boolean;
  readonly body_limit?: number | undefined;
  readonly trust_proxy: boolean;
  readonly request_id_header: string | null;
  readonly ignore_trailing_slash: boolean;
  readonly not_found_function: string | null;
  readonly health_path: string | null;
}

/** Configuration of the HTTP worker with every default filled in. */
export interface HttpConfig {
  readonly port: number;
  readonly host: string;
  /** From the start of a request until its response head, ms. */
  readonly defaultTimeoutMs: number;
  /** Requests between their start and their response head. */
  readonly concurrencyLimit: number;
  /** Requests that may wait for a place; one more is answered 503. */
  readonly queueLimit: number;
  /** `null`: everything is allowed. */
  readonly cors: CorsSettings | null;
  /** Function ids of the middleware that runs for every route, in order. */
  readonly middleware: readonly string[];
  /** Whether a middleware result other than continue or respond is an error. */
  readonly isMiddlewareStrict: boolean;
  /** Largest JSON body, which is buffered. */
  readonly bodyLimitBytes: number;
  /** Largest streamed body; `Infinity` unless `body_limit` is configured. */
  readonly streamLimitBytes: number;
  readonly trustProxy: boolean;
  /** Lower-case; `null` switches request ids off. */
  readonly requestIdHeader: string | null;
  readonly ignoreTrailingSlash: boolean;
  readonly notFoundFunction: string | null;
  /** `null`: none. */
  readonly healthPath: string | null;
  /** The same in the spelling of the config file, as the configuration store keeps it. */
  readonly entry: HttpConfigEntry;
}

function resolveConfig(raw: HttpConfigEntry): HttpConfig {
  const middleware = raw.middleware
    .filter((entry) => entry.phase === 'preHandler')
    .sort((a, b) => a.priority - b.priority)
    .map((entry) => entry.function_id);
  return {
    port: raw.port,
    host: raw.host,
    defaultTimeoutMs: raw.default_timeout,
    // 0 would answer nobody; the contract has it mean 1.
    concurrencyLimit: Math.max(1, raw.concurrency_request_limit),
    queueLimit: raw.concurrency_queue_limit,
    cors: raw.cors && {
      allowedOrigins: raw.cors.allowed_origins,
      allowedMethods: raw.cors.allowed_methods,
    },
    middleware,
    isMiddlewareStrict: raw.strict_middleware,
    bodyLimitBytes: raw.body_limit ?? DEFAULT_BODY_LIMIT_BYTES,
    streamLimitBytes: raw.body_limit ?? Number.POSITIVE_INFINITY,
    trustProxy: raw.trust_proxy,
    requestIdHeader: raw.request_id_header?.toLowerCase() ?? null,
    ignoreTrailingSlash: raw.ignore_trailing_slash,
    notFoundFunction: raw.not_found_function,
    healthPath: raw.health_path,
    entry: raw,
  };
}

/** Checks the `config:` block of the worker; unknown keys are refused, defaults filled in. */
export const httpConfig: v.GenericSchema<unknown, HttpConfig> = v.pipe(
  RawHttpConfig,
  v.transform((raw: v.InferOutput<typeof RawHttpConfig>) => resolveConfig(raw)),
);
