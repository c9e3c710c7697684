// SPDX-License-Identifier: Apache-2.0
//
// The way of a request, in the order of the contract: route → place → global middleware → channels
// and body → condition → route middleware → function → response.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WorkerLog } from '@iii-dev/worker-kit';
import { Payload } from 'iii-sdk/internal';
import type { HttpConfig } from './config.ts';
import { preflightHeaders } from './cors.ts';
import type { Engine, RequestChannels } from './engine.ts';
import { Exchange } from './exchange.ts';
import { applyMiddlewareResult, middlewarePayload } from './middleware.ts';
import {
  CONDITION_NOT_MET,
  createErrorId,
  errorReply,
  MIDDLEWARE_TIMEOUT,
  NOT_FOUND,
  OVERLOADED,
  PAYLOAD_TOO_LARGE,
  type Reply,
} from './reply.ts';
import {
  clientIp,
  hasBody,
  isJsonType,
  jsonBodyText,
  parseTarget,
  payloadText,
  type RequestView,
  readHeaders,
  readPathParams,
  readQuery,
  type Target,
} from './request.ts';
import { announcesMoreThan, RequestBodyChannel, readWholeBody } from './request-body.ts';
import type { RequestGate } from './request-gate.ts';
import { replyFromResult } from './response.ts';
import { ResponseChannel } from './response-channel.ts';
import { createRoute, type Route } from './route.ts';
import type { RouteTable } from './router/route-table.ts';
import type { RouteMatch } from './router/route-tree.ts';

/** What answering requests needs; shared by all of them. */
export interface AnswerContext {
  readonly engine: Engine;
  readonly routes: RouteTable<Route>;
  readonly gate: RequestGate;
  readonly log: WorkerLog;
  /** The settings of now. */
  config(): HttpConfig;
  /** Whether the server takes its leave, so that connections are not kept. */
  isClosing(): boolean;
  /** Answers on paths of the server's own; `undefined` when this is none. */
  readonly management: (req: IncomingMessage, path: string) => Promise<Reply | undefined>;
}

/** How long a handler that returned nothing may take to open its response channel, ms. */
const NULL_RESULT_GRACE_MS = 300;
/** A call outlives its request by this much, so that the request's own deadline speaks first, ms. */
const CALL_SLACK_MS = 1_000;

/** What a request has come to. */
type Outcome =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'stream'; readonly channel: ResponseChannel }
  | { readonly kind: 'gone' };

/** A stage of a request that failed; becomes the error envelope. */
class StageError extends Error {
  readonly reply: Reply;
  constructor(reply: Reply) {
    super('request ends here');
    this.reply = reply;
  }
}

/** Answers one request, whatever happens. */
export async function answerRequest(
  context: AnswerContext,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const exchange = new Exchange(req, res, context.config(), context.isClosing);
  try {
    const target = parseTarget(req.url ?? '/');
    const match = findRoute(context.routes, exchange.config, req.method ?? 'GET', target.path);
    if (isPreflight(req) || (req.method === 'OPTIONS' && !match)) {
      const headers = preflightHeaders(exchange.config.cors, req.headers.origin);
      sendBare(exchange, headers);
    } else if (match) {
      await new RoutedRequest(context, exchange, target, match).answer();
    } else {
      await answerUnrouted(context, exchange, target);
    }
  } catch (error) {
    const id = createErrorId();
    const message = error instanceof Error ? error.message : String(error);
    context.log.error('request could not be answered', { error_id: id, error: message });
    exchange.send(internalError(id));
  }
}

/** A request on its way through one route. */
class RoutedRequest {
  readonly #context: AnswerContext;
  readonly #exchange: Exchange;
  readonly #route: Route;
  readonly #view: RequestView;
  #stage: 'middleware' | 'body' | 'function' = 'middleware';
  #channels: RequestChannels | undefined;
  #body: RequestBodyChannel | undefined;
  #response: ResponseChannel | undefined;

  constructor(
    context: AnswerContext,
    exchange: Exchange,
    target: Target,
    match: RouteMatch<Route>,
  ) {
    const { req } = exchange;
    this.#context = context;
    this.#exchange = exchange;
    this.#route = match.value;
    this.#view = {
      method: req.method ?? 'GET',
      url: req.url ?? '/',
      clientIp: clientIp(req, exchange.config.trustProxy),
      headers: readHeaders(exchange.rawHeaders, match.value.keepsRepeated),
      queryParams: readQuery(target.search, match.value.keepsRepeated),
      pathParams: readPathParams(match.names, match.values),
      context: undefined,
    };
  }

  async answer(): Promise<void> {
    const { gate } = this.#context;
    if (!gate.tryEnter()) {
      const admission = await this.#waitForPlace();
      if (admission === 'gone') return;
      if (admission === 'full') return this.#exchange.send(OVERLOADED);
    }
    let outcome: Outcome;
    try {
      this.#exchange.startDeadline(() => this.#timeoutReply());
      outcome = await Promise.race([this.#run(), this.#exchange.interrupted]);
    } finally {
      // A committed stream gives its place back: it may run for hours.
      gate.leave();
    }
    switch (outcome.kind) {
      case 'reply':
        this.#exchange.send(outcome.reply);
        break;
      case 'stream':
        await this.#sendStream(outcome.channel);
        break;
      case 'gone':
        break;
      default:
        outcome satisfies never;
    }
    this.#channels?.close();
    this.#body?.finish();
    this.#response?.finish();
  }

  /** Waiting has the same end as a request: the default timeout. */
  async #waitForPlace(): Promise<'admitted' | 'full' | 'gone'> {
    const timeout = AbortSignal.timeout(this.#exchange.config.defaultTimeoutMs);
    const signal = AbortSignal.any([this.#exchange.signal, timeout]);
    const admission = await this.#context.gate.enter(signal);
    if (admission !== 'given-up') return admission;
    return this.#exchange.signal.aborted ? 'gone' : 'full';
  }

  async #run(): Promise<Outcome> {
    try {
      const { config, req } = this.#exchange;
      const route = this.#route;
      const early = await this.#runMiddleware(config.middleware);
      if (early) return early;

      this.#stage = 'body';
      const isJson = isJsonType(req.headers['content-type']);
      const limit = isJson ? config.bodyLimitBytes : config.streamLimitBytes;
      if (announcesMoreThan(req, limit)) return { kind: 'reply', reply: PAYLOAD_TOO_LARGE };
      const bytes = isJson && hasBody(req) ? await this.#readBody(limit) : EMPTY;
      const bodyText = jsonBodyText(bytes);
      this.#assertWanted();
      const channels = await this.#context.engine.openChannels();
      if (this.#exchange.signal.aborted) channels.close();
      this.#assertWanted();
      this.#channels = channels;
      this.#body =
        isJson || !hasBody(req)
          ? RequestBodyChannel.offer(channels, bytes)
          : RequestBodyChannel.pump(channels, req, limit, () =>
              this.#exchange.interrupt(PAYLOAD_TOO_LARGE),
            );

      if (route.conditionFunctionId !== undefined) {
        const payload = Payload.ofText(payloadText(route, this.#view, bodyText));
        const verdict = await this.#call(route.conditionFunctionId, payload);
        if (verdict?.text.trim() === 'false') return { kind: 'reply', reply: CONDITION_NOT_MET };
      }
      this.#stage = 'middleware';
      const late = await this.#runMiddleware(route.middlewareFunctionIds);
      if (late) return late;
      this.#assertWanted();

      this.#stage = 'function';
      return await this.#invoke(payloadText(route, this.#view, bodyText, channels), channels);
    } catch (error) {
      if (error instanceof StageError) return { kind: 'reply', reply: error.reply };
      if (this.#exchange.signal.aborted) return { kind: 'gone' };
      return { kind: 'reply', reply: this.#failureReply(error) };
    }
  }

  /** Runs middleware in order until one answers. */
  async #runMiddleware(functionIds: readonly string[]): Promise<Outcome | undefined> {
    for (const functionId of functionIds) {
      const result = await this.#call(functionId, middlewarePayload(this.#view));
      const verdict = applyMiddlewareResult(result, this.#view, this.#skipHeader);
      if (verdict.kind === 'respond') return { kind: 'reply', reply: verdict.reply };
      if (verdict.kind === 'continue') continue;
      this.#context.log.warn('middleware result is neither continue nor respond', {
        function_id: functionId,
        strict_middleware: this.#exchange.config.isMiddlewareStrict,
      });
      // Letting a request through on a misspelt action would open what the middleware guards.
      if (this.#exchange.config.isMiddlewareStrict) {
        return { kind: 'reply', reply: unclearMiddlewareReply(functionId) };
      }
    }
    return undefined;
  }

  /** Keeps what nobody waits for any longer from taking up channels or calling functions. */
  #assertWanted(): void {
    if (this.#exchange.signal.aborted) throw new StageError(NOT_FOUND);
  }

  async #readBody(limit: number): Promise<Buffer> {
    const read = await readWholeBody(this.#exchange.req, limit);
    switch (read.kind) {
      case 'read':
        return read.bytes;
      case 'too-large':
        throw new StageError(PAYLOAD_TOO_LARGE);
      case 'gone':
        throw new StageError(NOT_FOUND);
      default:
        return read satisfies never;
    }
  }

  /**
   * Calls the function and waits for whichever speaks first: the channel by bytes or an end with a
   * head, or the call by a result that is not null or an error. A null result leaves the answer to
   * the channel, if the handler has opened it or does so soon.
   */
  #invoke(text: string, channels: RequestChannels): Promise<Outcome> {
    return new Promise((resolve) => {
      let isDecided = false;
      let hasNullResult = false;
      const decide = (outcome: Outcome) => {
        isDecided = true;
        resolve(outcome);
      };
      const decideOnNull = () => {
        if (!isDecided) decide({ kind: 'reply', reply: this.#resultReply('{}') });
      };
      const response: ResponseChannel = new ResponseChannel(channels, {
        onCommit: () => {
          if (!isDecided) decide({ kind: 'stream', channel: response });
        },
        onSilentEnd: () => {
          if (hasNullResult) decideOnNull();
        },
      });
      this.#response = response;
      const onResult = (result: Payload | undefined) => {
        if (isDecided) return;
        if (result && !result.isNull)
          return decide({ kind: 'reply', reply: this.#resultReply(result.text) });
        hasNullResult = true;
        if (response.isAwaited) return;
        setTimeout(() => {
          if (!response.isAwaited) decideOnNull();
        }, NULL_RESULT_GRACE_MS);
      };
      const onFailure = (error: unknown) => {
        if (this.#exchange.signal.aborted) return;
        if (!isDecided) return decide({ kind: 'reply', reply: this.#failureReply(error) });
        this.#logFailure('function failed after its response had begun', describeFailure(error));
        response.fail();
      };
      this.#call(this.#route.functionId, Payload.ofText(text), this.#route.metadata).then(
        (result) => {
          try {
            onResult(result);
          } catch (error) {
            decide({ kind: 'reply', reply: this.#brokenResultReply(error) });
          }
        },
        onFailure,
      );
    });
  }

  #call(functionId: string, payload: Payload, metadata?: Payload): Promise<Payload | undefined> {
    const { req, config, signal } = this.#exchange;
    return this.#context.engine.call({
      functionId,
      payload,
      metadata,
      namespace: this.#route.namespace,
      timeoutMs: config.defaultTimeoutMs + CALL_SLACK_MS,
      signal,
      traceparent: headerText(req, 'traceparent'),
      baggage: headerText(req, 'baggage'),
    });
  }

  async #sendStream(channel: ResponseChannel): Promise<void> {
    const headers = channel.head.headers(this.#skipHeader);
    if (!this.#exchange.sendHead(channel.head.status, headers)) return;
    await channel.pipeTo(this.#exchange.res, declaredLength(headers));
  }

  #resultReply(text: string): Reply {
    return replyFromResult(text, this.#route.defaultStatus, this.#skipHeader);
  }

  #failureReply(error: unknown): Reply {
    const failure = describeFailure(error);
    const errorId = this.#logFailure('request failed', failure);
    return errorReply(500, { ...failure, error_id: errorId });
  }

  #brokenResultReply(error: unknown): Reply {
    return internalError(this.#logFailure('result cannot be sent', describeFailure(error)));
  }

  #timeoutReply(): Reply {
    const ms = this.#exchange.config.defaultTimeoutMs;
    const failure = { code: 'TIMEOUT', message: `Request timed out after ${ms} ms` };
    const errorId = this.#logFailure('request timed out', failure);
    if (this.#stage === 'middleware') return MIDDLEWARE_TIMEOUT;
    return errorReply(504, { ...failure, error_id: errorId });
  }

  /** Logs under a fresh id, which it returns, so that the client's answer leads to the line. */
  #logFailure(message: string, failure: { code: string }): string {
    const { method, path, functionId } = this.#route;
    const errorId = createErrorId();
    this.#context.log.warn(message, {
      error_id: errorId,
      code: failure.code,
      function_id: functionId,
      method,
      path,
    });
    return errorId;
  }

  readonly #skipHeader = (name: string): void => {
    const { functionId } = this.#route;
    this.#context.log.warn('response header is not valid', {
      header: name,
      function_id: functionId,
    });
  };
}

const EMPTY: Buffer = Buffer.alloc(0);

/** Finds a route; a GET route answers HEAD, and a trailing slash may be configured not to count. */
function findRoute(
  routes: RouteTable<Route>,
  config: HttpConfig,
  method: string,
  path: string,
): RouteMatch<Route> | undefined {
  const found =
    routes.find(method, path) ?? (method === 'HEAD' ? routes.find('GET', path) : undefined);
  if (found || !config.ignoreTrailingSlash || path === '/') return found;
  const other = path.endsWith('/') ? path.slice(0, -1) : `${path}/`;
  return findRoute(routes, { ...config, ignoreTrailingSlash: false }, method, other);
}

async function answerUnrouted(
  context: AnswerContext,
  exchange: Exchange,
  target: Target,
): Promise<void> {
  const own = await context.management(exchange.req, target.path);
  if (own) return exchange.send(own);
  const allowed = context.routes.allowedMethods(target.path);
  if (allowed.length > 0) return exchange.send(methodNotAllowed(allowed));
  const functionId = exchange.config.notFoundFunction;
  if (functionId === null) return exchange.send(NOT_FOUND);
  const value = createRoute({
    triggerId: '',
    functionId,
    method: exchange.req.method ?? 'GET',
    path: target.path,
    defaultStatus: 404,
  });
  // The function for what has no route is no route: global middleware guards routes.
  const bare = new Exchange(
    exchange.req,
    exchange.res,
    { ...exchange.config, middleware: [] },
    context.isClosing,
  );
  await new RoutedRequest(context, bare, target, { value, names: [], values: [] }).answer();
}

function methodNotAllowed(allowed: readonly string[]): Reply {
  const { headers, body } = errorReply(405, {
    code: 'METHOD_NOT_ALLOWED',
    message: 'Method Not Allowed',
  });
  return { status: 405, headers: [...headers, 'allow', allowed.join(',')], body };
}

function isPreflight(req: IncomingMessage): boolean {
  return (
    req.method === 'OPTIONS' &&
    req.headers.origin !== undefined &&
    req.headers['access-control-request-method'] !== undefined
  );
}

function sendBare(exchange: Exchange, headers: readonly string[]): void {
  exchange.res.writeHead(200, [...headers, 'content-length', '0']);
  exchange.res.end();
}

function unclearMiddlewareReply(functionId: string): Reply {
  return errorReply(500, {
    code: 'MIDDLEWARE_RESULT_INVALID',
    message: `Middleware ${functionId} must return {"action":"continue"} or {"action":"respond"}`,
    error_id: createErrorId(),
  });
}

function internalError(errorId: string): Reply {
  return errorReply(500, {
    code: 'INTERNAL_ERROR',
    message: 'internal server error',
    error_id: errorId,
  });
}

/** Code and message of what a call failed with; a stack stays here. */
function describeFailure(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error))
    return { code: 'INTERNAL_ERROR', message: 'internal server error' };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code === undefined) return { code: 'INTERNAL_ERROR', message: 'internal server error' };
  const prefix = `${code}: `;
  const message = error.message.startsWith(prefix)
    ? error.message.slice(prefix.length)
    : error.message;
  return { code, message };
}

function headerText(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name];
  return typeof value === 'string' ? value : undefined;
}

function declaredLength(headers: readonly string[]): number | undefined {
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at]?.toLowerCase() !== 'content-length') continue;
    const length = Number(headers[at + 1]);
    return Number.isInteger(length) && length >= 0 ? length : undefined;
  }
  return undefined;
}
