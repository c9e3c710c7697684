// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const ENGINE = join(import.meta.dirname, '../../../../engine/bin/iii.js');
/** A cold start on a loaded machine of two cores takes a few seconds at worst. */
const READY_MS = 20_000;

/**
 * The built engine in a process and a folder of its own, as a user starts it. It keeps its ports
 * and its data over `kill` and `start`; disposing of it ends the process and removes the folder.
 */
export class EngineProcess {
  readonly port: number;
  readonly httpPort: number;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(folder: string, port: number, httpPort: number) {
    this.#folder = folder;
    this.port = port;
    this.httpPort = httpPort;
  }

  /** A running engine with HTTP and durable state. */
  static async start(): Promise<EngineProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'iii-engine-'));
    const engine = new EngineProcess(folder, await freePort(), await freePort());
    await engine.start();
    return engine;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  get httpUrl(): string {
    return `http://127.0.0.1:${this.httpPort}`;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the engine is not running');
    return pid;
  }

  /** Starts it again after a `kill`; resolves once both ports take connections. */
  async start(): Promise<void> {
    // Written at each start: the engine may take seeds out of its config file once they are stored.
    await writeFile(join(this.#folder, 'config.yaml'), this.#config());
    const child = spawn(process.execPath, [ENGINE, '--config', 'config.yaml'], {
      cwd: this.#folder,
      env: { ...process.env, III_NAMESPACE_GRACE_MS: '500' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString()).slice(-8_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    this.#child = child;
    const deadline = Date.now() + READY_MS;
    for (const port of [this.port, this.httpPort]) {
      while (!(await accepts(port))) {
        if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline)
          throw new Error(`the engine did not start on port ${port}:\n${this.#output}`);
        await delay(10);
      }
    }
  }

  /** Ends the process and waits until it is gone. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }

  #config(): string {
    return [
      'workers:',
      '  - name: iii-worker-manager',
      `    config: { host: 127.0.0.1, port: ${this.port} }`,
      '  - name: iii-http',
      `    config: { host: 127.0.0.1, port: ${this.httpPort} }`,
      '  - name: iii-state',
      '    config:',
      '      adapter: { name: kv, config: { store_method: file_based, file_path: ./data/state_store.db } }',
      '',
    ].join('\n');
  }
}

/** A port of 127.0.0.1 nobody uses at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
