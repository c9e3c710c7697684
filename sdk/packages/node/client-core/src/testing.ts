// SPDX-License-Identifier: Apache-2.0
// An engine for the tests of workers and clients: real sockets, the true protocol, and no more
// behaviour than a test gives it.
import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  decodeWorkerFrame,
  type EngineFrame,
  encodeFrame,
  type InvokeFunctionFrame,
  Payload,
  type RegisterTriggerFrame,
  type TriggerRegistrationResultFrame,
  type WorkerFrame,
} from '@iii-dev/protocol';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { errorFromWire, errorToWire } from './errors.ts';

/** A frame of one kind. */
export type FrameOf<T extends WorkerFrame['type']> = Extract<WorkerFrame, { type: T }>;

/** Answers a worker's call of a function the fake engine serves. */
export type FakeFunction = (
  data: unknown,
  metadata: unknown,
  frame: InvokeFunctionFrame,
) => unknown;

/** How a fake engine behaves. */
export interface FakeEngineOptions {
  /** Sees every frame first; `true` means that the engine does nothing further about it. */
  onFrame?: (frame: WorkerFrame, connection: FakeConnection) => boolean | undefined;
  /** Named in `workerregistered`; `null` leaves the field out, as older engines do. @default both */
  capabilities?: readonly string[] | null;
  /** Whether `workerregistered` is sent on connect. @default true */
  welcomes?: boolean;
  /** @default a free one */
  port?: number;
}

/** Deadline of every wait, ms: far above what a loaded machine needs. */
const WAIT_MS = 10_000;

/** One worker's connection. */
export class FakeConnection {
  readonly workerId: string = randomUUID();
  readonly reattachToken: string = randomUUID();
  /** Everything the worker sent, in order. */
  readonly frames: WorkerFrame[] = [];
  /** The same as it stood on the wire. */
  readonly texts: string[] = [];
  /** Binary telemetry frames. */
  readonly binaries: Uint8Array[] = [];
  readonly headers: IncomingMessage['headers'];
  readonly #socket: WebSocket;
  #isClosed = false;

  constructor(socket: WebSocket, request: IncomingMessage) {
    this.#socket = socket;
    this.headers = request.headers;
    socket.on('close', () => {
      this.#isClosed = true;
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(frame: EngineFrame): void {
    this.sendText(encodeFrame(frame));
  }

  /** Sends text that need not be of the protocol. */
  sendText(text: string): void {
    this.#socket.send(text);
  }

  /** Stops reading, so that the worker sees neither answers nor pongs. */
  pause(): void {
    this.#socket.pause();
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }

  /** Cuts the connection without a Close frame. */
  terminate(): void {
    this.#socket.terminate();
  }
}

/** A running fake engine. */
export class FakeEngine {
  /** Every worker connection there was, oldest first. */
  readonly connections: FakeConnection[] = [];
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #options: FakeEngineOptions;
  readonly #functions = new Map<string, FakeFunction>();
  readonly #channels = new Map<string, FakeChannel>();
  readonly #grants = new Map<string, FakeGrant>();
  readonly #calls = new Map<string, (frame: FrameOf<'invocationresult'>) => void>();
  readonly #watchers = new Set<() => void>();

  constructor(server: Server, options: FakeEngineOptions) {
    this.#server = server;
    this.#options = options;
    this.#sockets = new WebSocketServer({ server });
    this.#sockets.on('connection', (socket, request) => this.#accept(socket, request));
    this.serve('engine::channels::create', () => this.#createChannel());
    this.serve('engine::channels::grant', (data) => this.#grantChannels(data));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** Everything workers sent, connection by connection. */
  get frames(): WorkerFrame[] {
    return this.connections.flatMap((connection) => connection.frames);
  }

  /** The newest connection. @throws Error when there is none */
  get connection(): FakeConnection {
    const connection = this.connections.at(-1);
    if (!connection) throw new Error('no worker is connected');
    return connection;
  }

  /** Frames of one kind, of every connection. */
  framesOf<T extends WorkerFrame['type']>(type: T): FrameOf<T>[] {
    return this.frames.filter((frame): frame is FrameOf<T> => frame.type === type);
  }

  /** Ids of the functions the newest connection offers. */
  get functionIds(): string[] {
    const ids = new Set<string>();
    for (const frame of this.connections.at(-1)?.frames ?? []) {
      if (frame.type === 'registerfunction') ids.add(frame.id);
      if (frame.type === 'unregisterfunction') ids.delete(frame.id);
    }
    return [...ids];
  }

  /** Serves a function to workers; a throw becomes an error as an engine would send it. */
  serve(functionId: string, serve: FakeFunction): void {
    this.#functions.set(functionId, serve);
  }

  /** Resolves with the first frame of a kind that fits, sent already or still to come. */
  waitForFrame<T extends WorkerFrame['type']>(
    type: T,
    fits: (frame: FrameOf<T>) => boolean = () => true,
  ): Promise<FrameOf<T>> {
    return this.waitFor(() => this.framesOf(type).find(fits), `a fitting ${type} frame`);
  }

  /** Resolves with the n-th connection, counted from 1, once it has announced itself. */
  waitForConnection(count = 1): Promise<FakeConnection> {
    return this.waitFor(() => {
      const connection = this.connections[count - 1];
      const isAnnounced = connection?.frames.some(
        (frame) =>
          frame.type === 'invokefunction' && frame.function_id === 'engine::workers::register',
      );
      return isAnnounced ? connection : undefined;
    }, `connection ${count}`);
  }

  /** Resolves with what `look` finds once it finds something; looks again whenever a frame comes. */
  waitFor<T>(look: () => T | undefined | false, what = 'a condition'): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.#watchers.delete(check);
        clearInterval(poll);
        clearTimeout(deadline);
      };
      const check = () => {
        const found = look();
        if (found === undefined || found === false) return;
        stop();
        resolve(found);
      };
      const poll = setInterval(check, 10);
      const deadline = setTimeout(() => {
        stop();
        const seen = this.frames.map((frame) => frame.type).join(', ');
        reject(new Error(`${what} did not come; frames so far: ${seen || 'none'}`));
      }, WAIT_MS);
      this.#watchers.add(check);
      check();
    });
  }

  /** Calls a function of a worker once it is registered; rejects with its error. */
  async call(functionId: string, data?: unknown, metadata?: unknown): Promise<unknown> {
    const connection = await this.waitFor(
      () => this.#findProvider(functionId),
      `a worker with the function ${functionId}`,
    );
    const frame = await this.callOn(connection, functionId, data, metadata);
    if (frame.error) throw errorFromWire(frame.error, functionId);
    return frame.result?.value;
  }

  /** Sends a call down one connection; resolves with the answer as it is. */
  callOn(
    connection: FakeConnection,
    functionId: string,
    data?: unknown,
    metadata?: unknown,
    extra: Partial<InvokeFunctionFrame> = {},
  ): Promise<FrameOf<'invocationresult'>> {
    const invocationId = randomUUID();
    return new Promise((resolve) => {
      this.#calls.set(invocationId, resolve);
      connection.send({
        type: 'invokefunction',
        invocation_id: invocationId,
        function_id: functionId,
        data: Payload.ofValue(data),
        ...(metadata === undefined ? {} : { metadata: Payload.ofValue(metadata) }),
        ...extra,
      });
    });
  }

  /** Gives a binding to the worker that provides its type; resolves with its acknowledgement. */
  async bind(
    binding: Partial<Omit<RegisterTriggerFrame, 'config' | 'metadata'>> & {
      trigger_type: string;
      function_id: string;
      config?: unknown;
      metadata?: unknown;
    },
  ): Promise<TriggerRegistrationResultFrame> {
    const { trigger_type } = binding;
    const connection = await this.waitFor(
      () =>
        this.connections.find(
          (candidate) =>
            !candidate.isClosed &&
            candidate.frames.some(
              (frame) => frame.type === 'registertriggertype' && frame.id === trigger_type,
            ),
        ),
      `a worker with the trigger type ${trigger_type}`,
    );
    const { config, metadata, id = randomUUID(), ...rest } = binding;
    const before = connection.frames.length;
    connection.send({
      ...rest,
      type: 'registertrigger',
      id,
      config: Payload.ofValue(config),
      ...(metadata === undefined ? {} : { metadata: Payload.ofValue(metadata) }),
    });
    return this.waitFor(
      () =>
        connection.frames
          .slice(before)
          .find(
            (frame): frame is TriggerRegistrationResultFrame =>
              frame.type === 'triggerregistrationresult' && frame.id === id,
          ),
      `the acknowledgement of trigger ${id}`,
    );
  }

  /** Cuts all connections and stops listening. May be called twice. */
  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    if (!this.#server.listening) return;
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #findProvider(functionId: string): FakeConnection | undefined {
    return this.connections.findLast(
      (connection) =>
        !connection.isClosed &&
        connection.frames.some(
          (frame) => frame.type === 'registerfunction' && frame.id === functionId,
        ),
    );
  }

  #accept(socket: WebSocket, request: IncomingMessage): void {
    const url = new URL(request.url ?? '/', 'ws://fake');
    const channelId = /\/ws\/channels\/([^/]+)$/.exec(url.pathname)?.[1];
    if (channelId !== undefined) {
      this.#attachChannel(channelId, url.searchParams, socket);
      return;
    }
    const connection = new FakeConnection(socket, request);
    this.connections.push(connection);
    socket.on('message', (data, isBinary) => this.#receive(connection, data, isBinary));
    if (this.#options.welcomes !== false) this.welcome(connection);
  }

  /** Sends `workerregistered`. */
  welcome(connection: FakeConnection): void {
    const { capabilities = ['registration_outcome', 'cancel'] } = this.#options;
    connection.send({
      type: 'workerregistered',
      worker_id: connection.workerId,
      reattach_token: connection.reattachToken,
      ...(capabilities === null ? {} : { capabilities }),
    });
  }

  #receive(connection: FakeConnection, data: RawData, isBinary: boolean): void {
    if (isBinary) {
      connection.binaries.push(data as Buffer);
      return;
    }
    const text = data.toString();
    const decoded = decodeWorkerFrame(text);
    connection.texts.push(text);
    if (decoded.kind === 'frame') {
      connection.frames.push(decoded.frame);
      if (this.#options.onFrame?.(decoded.frame, connection) !== true) {
        this.#react(decoded.frame, connection);
      }
    }
    for (const check of this.#watchers) check();
  }

  #react(frame: WorkerFrame, connection: FakeConnection): void {
    switch (frame.type) {
      case 'invocationresult':
        this.#calls.get(frame.invocation_id)?.(frame);
        this.#calls.delete(frame.invocation_id);
        return;
      case 'invokefunction':
        void this.#answer(frame, connection);
        return;
      case 'registerfunction':
        return this.#accepted('function', frame.id, connection);
      case 'registertrigger':
        return this.#accepted('trigger', frame.id, connection);
      case 'registertriggertype':
        return this.#accepted('trigger_type', frame.id, connection);
      case 'ping':
        return connection.send({ type: 'pong' });
      default:
        return;
    }
  }

  #accepted(kind: 'function' | 'trigger' | 'trigger_type', id: string, to: FakeConnection): void {
    const { capabilities = ['registration_outcome'] } = this.#options;
    if (!capabilities?.includes('registration_outcome')) return;
    to.send({ type: 'registrationoutcome', kind, id, outcome: 'accepted' });
  }

  async #answer(frame: InvokeFunctionFrame, connection: FakeConnection): Promise<void> {
    const { invocation_id, function_id } = frame;
    const result = await this.#run(frame);
    if (invocation_id === undefined || connection.isClosed) return;
    connection.send({ type: 'invocationresult', invocation_id, function_id, ...result });
  }

  async #run(frame: InvokeFunctionFrame) {
    const { function_id, data, metadata } = frame;
    const serve = this.#functions.get(function_id);
    if (!serve) {
      return {
        error: { code: 'function_not_found', message: `Function ${function_id} not found` },
      };
    }
    try {
      const value = await serve(data.value, metadata?.value, frame);
      return value === undefined ? {} : { result: Payload.ofValue(value) };
    } catch (error) {
      return { error: errorToWire(error, function_id) };
    }
  }

  #createChannel() {
    const channel_id = randomUUID();
    const access_key = randomUUID();
    this.#channels.set(channel_id, new FakeChannel(access_key));
    return {
      writer: { channel_id, access_key, direction: 'write' },
      reader: { channel_id, access_key, direction: 'read' },
    };
  }

  #grantChannels(data: unknown) {
    const { on_attach_function_id: functionId } = data as { on_attach_function_id?: string };
    const issuer = randomUUID();
    const secret = randomUUID();
    this.#grants.set(issuer, { secret, functionId });
    return { issuer, secret };
  }

  #makeGranted(id: string, query: URLSearchParams): FakeChannel | undefined {
    const signed = id.slice(0, id.lastIndexOf('.'));
    const grant = this.#grants.get(signed.slice(0, signed.lastIndexOf('.')));
    if (!grant) return undefined;
    const channel = new FakeChannel(
      createHmac('sha256', grant.secret).update(signed).digest('base64url'),
    );
    this.#channels.set(id, channel);
    const { functionId } = grant;
    const holder = functionId === undefined ? undefined : this.#findProvider(functionId);
    if (holder && functionId !== undefined) {
      const direction = query.get('dir');
      void this.callOn(holder, functionId, { channel_id: id, direction });
    }
    return channel;
  }

  #attachChannel(id: string, query: URLSearchParams, socket: WebSocket): void {
    const channel = this.#channels.get(id) ?? this.#makeGranted(id, query);
    if (!channel || channel.accessKey !== query.get('key')) return socket.close(1008, 'no channel');
    if (query.get('dir') === 'read') channel.attachReader(socket);
    else channel.attachWriter(socket);
  }
}

/** What a worker derives channels from, and its function that hears of their first end. */
interface FakeGrant {
  readonly secret: string;
  readonly functionId: string | undefined;
}

/** Pipes a writer's messages to a reader and keeps what comes before it. */
class FakeChannel {
  readonly accessKey: string;
  #reader: WebSocket | undefined;
  #waiting: { readonly data: RawData; readonly isBinary: boolean }[] = [];
  #isEnded = false;

  constructor(accessKey: string) {
    this.accessKey = accessKey;
  }

  attachWriter(socket: WebSocket): void {
    socket.on('message', (data, isBinary) => {
      if (this.#reader) this.#reader.send(data as Buffer, { binary: isBinary });
      else this.#waiting.push({ data, isBinary });
    });
    socket.on('close', () => {
      this.#isEnded = true;
      this.#reader?.close(1000);
    });
  }

  attachReader(socket: WebSocket): void {
    this.#reader = socket;
    for (const { data, isBinary } of this.#waiting) {
      socket.send(data as Buffer, { binary: isBinary });
    }
    this.#waiting = [];
    if (this.#isEnded) socket.close(1000);
  }
}

/**
 * Starts a fake engine on a free port.
 * @example
 * await using engine = await startFakeEngine();
 * engine.serve('math::double', (data) => 2 * (data as number));
 * const iii = registerWorker(engine.address);
 * expect(await engine.call('my::function', { a: 1 })).toEqual({ b: 2 });
 */
export async function startFakeEngine(options: FakeEngineOptions = {}): Promise<FakeEngine> {
  const server = createServer((_request, response) => {
    response.statusCode = 404;
    response.end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  return new FakeEngine(server, options);
}
