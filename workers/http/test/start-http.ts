// SPDX-License-Identifier: Apache-2.0
import { type FakeEngine, type FakeFunction, startFakeEngine } from '@iii-dev/client-core/testing';
import { runWorker, type StartedWorker } from '@iii-dev/worker-kit';
import { type RecordingLog, recordingLog } from '@iii-dev/worker-kit/testing';
import { ChannelReader, ChannelWriter, type StreamChannelRef } from 'iii-sdk/channel';
import { httpWorker } from '../src/index.ts';

/** What a test's handler is called with. */
export interface Request {
  query_params: Record<string, string | string[]>;
  path_params: Record<string, string>;
  headers: Record<string, string | string[]>;
  path: string;
  method: string;
  url: string;
  body: unknown;
  context?: unknown;
  trigger: unknown;
  request_body: StreamChannelRef;
  response: StreamChannelRef;
}

/** The HTTP worker on a fake engine, over real sockets. */
export class HttpFixture {
  readonly engine: FakeEngine;
  readonly worker: StartedWorker;
  readonly log: RecordingLog;

  constructor(engine: FakeEngine, worker: StartedWorker, log: RecordingLog) {
    this.engine = engine;
    this.worker = worker;
    this.log = log;
  }

  get port(): number {
    return this.worker.ports?.http as number;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(this.url(path), init);
  }

  /** Serves a function and binds it to `METHOD path`; resolves with the provider's answer. */
  async route(
    line: string,
    handler: (request: Request, metadata: unknown) => unknown,
    extra: {
      config?: Record<string, unknown>;
      namespace?: string;
      metadata?: unknown;
      id?: string;
    } = {},
  ) {
    const [method, path] = line.split(' ') as [string, string];
    const functionId = `test::${line}`;
    this.engine.serve(functionId, handler as FakeFunction);
    const { config, ...rest } = extra;
    return await this.engine.bind({
      trigger_type: 'http',
      function_id: functionId,
      config: { api_path: path, http_method: method, ...config },
      ...rest,
    });
  }

  /** Removes a binding; the next request through the same connection comes after it. */
  async unbind(id: string): Promise<void> {
    this.engine.connection.send({ type: 'unregistertrigger', id, trigger_type: 'http' });
    // Frames keep their order, so this acknowledgement says that the removal is done.
    await this.engine.bind({
      trigger_type: 'http',
      function_id: 'none',
      config: { api_path: 'barrier' },
    });
  }

  writer(request: Request): ChannelWriter {
    const writer = new ChannelWriter(this.engine.address, request.response);
    // Where the server takes no more, a handler that does not look may not end the test process.
    writer.stream.on('error', () => undefined);
    return writer;
  }

  readBody(request: Request): Promise<Buffer> {
    return new ChannelReader(this.engine.address, request.request_body).readAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker.close();
    await this.engine.close();
  }
}

/** Starts the worker on a free port. */
export async function startHttp(
  config: Record<string, unknown> = {},
  engineOptions: Parameters<typeof startFakeEngine>[0] = {},
): Promise<HttpFixture> {
  const engine = await startFakeEngine(engineOptions);
  const log = recordingLog();
  try {
    const worker = await runWorker(httpWorker, {
      connect: { url: engine.address },
      config: { port: 0, ...config },
      dataDir: '/nonexistent',
      log,
    });
    return new HttpFixture(engine, worker, log);
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** A promise and what settles it. */
export function createGate(): { readonly opened: Promise<void>; open(): void } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
