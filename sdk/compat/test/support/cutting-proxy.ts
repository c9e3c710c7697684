// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * Stands between a client and the engine and tears connections, as a network does: both sides are
 * reset in the middle of whatever they were doing.
 */
export class CuttingProxy {
  readonly #server: Server;
  readonly #pairs = new Set<[Socket, Socket]>();
  #nextLimitBytes = Number.POSITIVE_INFINITY;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(targetPort: number): Promise<CuttingProxy> {
    const server = createServer();
    const proxy = new CuttingProxy(server);
    server.on('connection', (client) => proxy.#join(client, connect(targetPort, '127.0.0.1')));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Tears every connection there is. Returns how many. */
  cut(): number {
    const count = this.#pairs.size;
    for (const pair of [...this.#pairs]) this.#tear(pair);
    return count;
  }

  /** The next connection is torn once it has carried this many bytes towards the engine. */
  cutNextAfter(bytes: number): void {
    this.#nextLimitBytes = bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket, engine: Socket): void {
    const pair: [Socket, Socket] = [client, engine];
    this.#pairs.add(pair);
    let left = this.#nextLimitBytes;
    this.#nextLimitBytes = Number.POSITIVE_INFINITY;
    client.on('data', (chunk) => {
      engine.write(chunk.subarray(0, Math.min(chunk.length, left)));
      left -= chunk.length;
      if (left <= 0) this.#tear(pair);
    });
    engine.on('data', (chunk) => client.write(chunk));
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', () => {}); // 'close' follows.
      socket.on('close', () => this.#tear(pair));
    }
  }

  #tear(pair: [Socket, Socket]): void {
    this.#pairs.delete(pair);
    for (const socket of pair) if (!socket.destroyed) socket.resetAndDestroy();
  }
}
