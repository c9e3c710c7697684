// SPDX-License-Identifier: Apache-2.0
import type { RunningWorker, WorkerLog } from '@iii-dev/worker-kit';
import type { IIIClient } from 'iii-sdk';
import { type AnswerContext, answerRequest } from './answer-request.ts';
import type { HttpConfig } from './config.ts';
import type { Engine } from './engine.ts';
import { LiveConfig } from './live-config.ts';
import { createManagement } from './management.ts';
import { RequestGate } from './request-gate.ts';
import type { Route } from './route.ts';
import { RouteTable } from './router/route-table.ts';
import { HttpServer } from './server.ts';
import { StaleRoutes } from './stale-routes.ts';
import { BINDING_SCHEMA, REQUEST_SCHEMA, RESPONSE_SCHEMA } from './trigger-schemas.ts';
import { createTriggerHandler } from './triggers.ts';

/** What the worker is made of. */
export interface HttpWorkerInit {
  readonly iii: IIIClient;
  readonly engine: Engine;
  readonly config: HttpConfig;
  readonly log: WorkerLog;
}

/**
 * Serves `http` triggers.
 *
 * I1: the server listens before the trigger type is announced, so a binding the engine reports as
 *     registered can be reached.
 * I2: settings change as a whole; the address changes only once the new one is taken.
 */
export class HttpWorker implements RunningWorker {
  readonly #log: WorkerLog;
  readonly #context: AnswerContext;
  readonly #gate: RequestGate;
  readonly #live: LiveConfig;
  readonly #unregister: () => void;
  #config: HttpConfig;
  #server: HttpServer;
  #isClosed = false;

  private constructor(init: HttpWorkerInit, server: HttpServer, parts: WorkerParts) {
    this.#log = init.log;
    this.#config = init.config;
    this.#server = server;
    this.#gate = parts.gate;
    this.#live = parts.live;
    this.#context = {
      engine: init.engine,
      routes: parts.routes,
      gate: parts.gate,
      log: init.log,
      config: () => this.#config,
      isClosing: () => false,
      management: createManagement(
        () => this.#config.healthPath,
        () => ({
          routes: parts.routes.size,
          in_flight: parts.gate.inside,
          waiting: parts.gate.waiting,
        }),
      ),
    };
    const stale = new StaleRoutes(parts.routes, ({ method, path }) =>
      init.log.info('endpoint removed', { method, path }),
    );
    const type = init.iii.registerTriggerType(
      {
        id: 'http',
        description: 'HTTP API trigger',
        trigger_request_format: BINDING_SCHEMA,
        call_request_format: REQUEST_SCHEMA,
        call_response_format: RESPONSE_SCHEMA,
      } as Parameters<IIIClient['registerTriggerType']>[0],
      createTriggerHandler(parts.routes, init.log, stale),
    );
    const unfollow = init.iii.onConnectionStateChange((state) => stale.onState(state));
    this.#unregister = () => {
      unfollow();
      stale.close();
      type.unregister();
    };
  }

  /** Takes the address, then offers the trigger type. @throws AddressInUseError */
  static async start(init: HttpWorkerInit): Promise<HttpWorker> {
    const { iii, log } = init;
    const live = new LiveConfig(iii, log);
    const stored = await live.load(init.config);
    let worker: HttpWorker | undefined;
    const { server, config } = await listenSomewhere(stored, init, (req, res, from) =>
      worker?.answer(req, res, from),
    );
    log.info('listening', { host: config.host, port: server.port });
    const parts: WorkerParts = {
      live,
      routes: new RouteTable(),
      gate: new RequestGate(config.concurrencyLimit, config.queueLimit),
    };
    worker = new HttpWorker({ ...init, config }, server, parts);
    live.follow((next) => (worker as HttpWorker).applyConfig(next));
    return worker;
  }

  get ports(): { readonly http: number } {
    return { http: this.#server.port };
  }

  /** Takes over new settings; a new address first, so that a bad one changes nothing. */
  async applyConfig(config: HttpConfig): Promise<void> {
    const isMoving = config.host !== this.#config.host || config.port !== this.#config.port;
    if (isMoving) {
      const next = await HttpServer.listen(config, this.answer);
      const previous = this.#server;
      this.#server = next;
      this.#log.info('listening', { host: config.host, port: next.port });
      // Requests in flight on the old address finish there; nobody needs to wait for them.
      void previous.close();
    }
    this.#config = config;
    this.#gate.setLimits(config.concurrencyLimit, config.queueLimit);
  }

  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#unregister();
      await this.#live.close();
    }
    await this.#server.close();
  }

  readonly answer: Parameters<typeof HttpServer.listen>[1] = (req, res, server) => {
    // answerRequest handles its own failures; nothing is left to await.
    void answerRequest({ ...this.#context, isClosing: () => server.isClosing }, req, res);
  };
}

/**
 * Listens on the stored address, or on the one of the config file when the stored one cannot be
 * taken; never on an open address in place of a loopback one.
 */
async function listenSomewhere(
  stored: HttpConfig,
  { config: seed, log }: HttpWorkerInit,
  answer: Parameters<typeof HttpServer.listen>[1],
): Promise<{ server: HttpServer; config: HttpConfig }> {
  try {
    return { server: await HttpServer.listen(stored, answer), config: stored };
  } catch (error) {
    const isSame = seed.host === stored.host && seed.port === stored.port;
    if (isSame || (isLoopback(stored.host) && !isLoopback(seed.host))) throw error;
    log.error('stored address cannot be taken, the one of the config file is used', {
      error: (error as Error).message,
    });
    const config = { ...stored, host: seed.host, port: seed.port };
    return { server: await HttpServer.listen(config, answer), config };
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

interface WorkerParts {
  readonly live: LiveConfig;
  readonly routes: RouteTable<Route>;
  readonly gate: RequestGate;
}
