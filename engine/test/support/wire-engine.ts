// SPDX-License-Identifier: Elastic-2.0
import WebSocket from 'ws';
import { Hub, type HubOptions } from '../../src/hub/hub.ts';
import type { EngineLog } from '../../src/hub/log.ts';
import { installEngineFunctions } from '../../src/introspection/install.ts';
import { startListener } from '../../src/listener/server.ts';

/** A log that keeps its lines, so that a test can ask what was said. */
export class LogLines implements EngineLog {
  readonly lines: string[] = [];
  debug(message: string): void {
    this.lines.push(message);
  }
  info(message: string): void {
    this.lines.push(message);
  }
  warn(message: string): void {
    this.lines.push(message);
  }
  error(message: string): void {
    this.lines.push(message);
  }
}

/** Hub and listener on a free port: the engine without its workers. */
export async function startWireEngine(options: Partial<HubOptions> = {}) {
  const log = new LogLines();
  const hub = new Hub({ log, engineVersion: '0.0.0-test', ...options });
  installEngineFunctions(hub);
  const listener = await startListener({
    host: '127.0.0.1',
    port: 0,
    handshakeTimeoutMs: 5_000,
    maxMessageBytes: 64 * 1024 * 1024,
    pingIntervalMs: 15_000,
    pingsMissed: 2,
    outboundPauseBytes: 8 * 1024 * 1024,
    outboundLimitBytes: 128 * 1024 * 1024,
    channels: hub.channels,
    log,
    accept: (link) => hub.accept(link),
    acceptTelemetry: (bytes) => hub.acceptTelemetry(bytes),
  });
  const url = `ws://127.0.0.1:${listener.address.port}`;
  return {
    hub,
    log,
    url,
    connect: (register?: Record<string, unknown>) => WireClient.open(url, register),
    [Symbol.asyncDispose]: async () => {
      await hub.close();
      await listener.close(1_000);
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: frames are looked at field by field
export type Json = any;

/** A hand-written client: frames in, frames out, nothing done for you. */
export class WireClient {
  readonly frames: Json[] = [];
  /** The texts of `frames`, byte for byte. */
  readonly texts: string[] = [];
  closed: { code: number } | undefined;
  readonly #socket: WebSocket;
  readonly #changes = new Set<() => void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => {
      this.texts.push(data.toString());
      this.frames.push(JSON.parse(data.toString()));
      for (const check of this.#changes) check();
    });
    socket.on('close', (code) => {
      this.closed = { code };
      for (const check of this.#changes) check();
    });
    socket.on('error', () => {});
  }

  /** Connects; with `register`, announces too and waits until that is done. */
  static async open(url: string, register?: Record<string, unknown>): Promise<WireClient> {
    const socket = new WebSocket(url, { maxPayload: 0 });
    const client = new WireClient(socket);
    await client.waitFor((frame) => frame.type === 'workerregistered');
    if (register) await client.call('engine::workers::register', register);
    return client;
  }

  get workerId(): string {
    return this.frames[0].worker_id;
  }

  get token(): string {
    return this.frames[0].reattach_token;
  }

  send(frame: Json | string): void {
    this.#socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** The first frame, from `after` on, that fits; waits until it comes. */
  async waitFor(fits: (frame: Json) => boolean, after = 0): Promise<Json> {
    await this.until(() => this.frames.slice(after).some(fits));
    return this.frames.slice(after).find(fits);
  }

  async until(condition: () => boolean): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`not seen; frames: ${this.texts.slice(-5).join('\n')}`)),
        8_000,
      );
      const check = () => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#changes.delete(check);
        resolve();
      };
      this.#changes.add(check);
    });
  }

  /** Calls a function; resolves with the whole result frame. */
  async call(functionId: string, data: Json, extra: Json = {}): Promise<Json> {
    const id = crypto.randomUUID();
    this.send({
      type: 'invokefunction',
      invocation_id: id,
      function_id: functionId,
      data,
      ...extra,
    });
    return this.waitFor((f) => f.type === 'invocationresult' && f.invocation_id === id);
  }

  /** Everything sent before this has been handled by the engine. */
  async settled(): Promise<void> {
    const seen = this.frames.length;
    this.send({ type: 'ping' });
    await this.waitFor((f) => f.type === 'pong', seen);
  }

  register(id: string, extra: Json = {}): void {
    this.send({ type: 'registerfunction', id, ...extra });
  }

  answer(frame: Json, result: Json): void {
    const { invocation_id, function_id } = frame;
    this.send({ type: 'invocationresult', invocation_id, function_id, result });
  }

  invoked(functionId: string, after = 0): Promise<Json> {
    return this.waitFor((f) => f.type === 'invokefunction' && f.function_id === functionId, after);
  }

  ping(): void {
    this.#socket.ping();
  }

  close(): void {
    this.#socket.close();
  }

  terminate(): void {
    this.#socket.terminate();
  }
}

/** Waits until a condition of the engine holds. */
export async function eventually(condition: () => boolean): Promise<void> {
  const until = Date.now() + 8_000;
  while (!condition()) {
    if (Date.now() > until) throw new Error('the condition never held');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
