// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import WebSocket from 'ws';

interface Pending {
  resolve(text: string): void;
  reject(error: Error): void;
}

/**
 * A worker that reads and writes frame texts itself, for what a JSON parser would hide: the exact
 * spelling of a payload. Its functions get the `data` text and return the `result` text.
 */
export class RawWorker {
  readonly #socket: WebSocket;
  readonly #pending = new Map<string, Pending>();
  readonly #functions = new Map<string, (data: string) => string>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#receive(data.toString()));
    socket.on('error', () => {}); // 'close' follows and fails what is pending.
    socket.on('close', () => {
      for (const call of this.#pending.values()) call.reject(new Error('connection lost'));
      this.#pending.clear();
    });
  }

  /** Connects and announces itself under a name of its own, so that its namespace is settled. */
  static async connect(url: string): Promise<RawWorker> {
    const socket = new WebSocket(url, { maxPayload: 64 * 1024 * 1024 });
    await once(socket, 'open');
    const worker = new RawWorker(socket);
    await worker.call(
      'engine::workers::register',
      JSON.stringify({ runtime: 'node', name: `raw-${randomUUID()}` }),
    );
    return worker;
  }

  register(id: string, handler: (data: string) => string): void {
    this.#functions.set(id, handler);
    this.#socket.send(`{"type":"registerfunction","id":${JSON.stringify(id)}}`);
  }

  /** The text of `result`, or of the whole frame when it has none; an error rejects with its text. */
  call(functionId: string, data: string): Promise<string> {
    const id = randomUUID();
    const answer = new Promise<string>((resolve, reject) =>
      this.#pending.set(id, { resolve, reject }),
    );
    this.#socket.send(
      `{"type":"invokefunction","invocation_id":"${id}","function_id":${JSON.stringify(functionId)},"data":${data}}`,
    );
    return answer;
  }

  close(): void {
    this.#socket.terminate();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #receive(text: string): void {
    const frame = JSON.parse(text) as {
      type: string;
      invocation_id?: string;
      function_id?: string;
      error?: unknown;
    };
    if (frame.type === 'invocationresult')
      this.#settle(frame.invocation_id ?? '', text, frame.error);
    if (frame.type === 'invokefunction') this.#serve(frame.invocation_id, frame.function_id!, text);
  }

  #settle(id: string, text: string, error: unknown): void {
    const call = this.#pending.get(id);
    this.#pending.delete(id);
    if (error) call?.reject(new Error(JSON.stringify(error)));
    else call?.resolve(sliceOf(text, 'result') ?? text);
  }

  #serve(id: string | undefined, functionId: string, text: string): void {
    const handler = this.#functions.get(functionId);
    if (!handler) return;
    const result = handler(sliceOf(text, 'data') ?? 'null');
    this.#socket.send(
      `{"type":"invocationresult","invocation_id":"${id}","function_id":"${functionId}","result":${result}}`,
    );
  }
}

/** The text of a field of a frame, found by scanning; nothing in it is interpreted. */
export function sliceOf(frame: string, field: string): string | undefined {
  let depth = 0;
  let key: string | undefined;
  let start = -1;
  for (let at = 0; at < frame.length; at += 1) {
    const char = frame[at];
    if (char === '"') {
      const end = endOfString(frame, at);
      // At depth 1 a string followed by ':' is a key; payloads of the tests have no such string.
      if (depth === 1 && start < 0 && frame[end + 1] === ':') {
        key = frame.slice(at + 1, end);
        if (key === field) start = end + 2;
      }
      at = end;
    } else if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') {
      depth -= 1;
      if (depth === 0 && start >= 0) return frame.slice(start, at);
    } else if (char === ',' && depth === 1 && start >= 0) return frame.slice(start, at);
  }
  return undefined;
}

/** Index of the closing quote of the string that opens at `at`. */
function endOfString(text: string, at: number): number {
  let end = at;
  let escaped: boolean;
  do {
    end = text.indexOf('"', end + 1);
    let slashes = 0;
    while (text[end - 1 - slashes] === '\\') slashes += 1;
    escaped = slashes % 2 === 1;
  } while (escaped);
  return end;
}
