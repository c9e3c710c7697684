// SPDX-License-Identifier: Apache-2.0
import type { IIIClient } from 'iii-sdk';
import type { TableEntry } from './router/route-table.ts';

/**
 * How long after a reconnect a route may wait for its binding, ms: the engine repeats those it still
 * has at once, and after a restart of its own those of workers that come back a moment later.
 */
const REPLAY_GRACE_MS = 5_000;

/** What of a route table this needs. */
interface Routes {
  triggerIds(): Iterable<string>;
  remove(triggerId: string): TableEntry | undefined;
}

/**
 * Forgets routes whose binding was removed while the connection was lost: nobody tells of a removal
 * that happened meanwhile, and the engine repeats only what is still there.
 */
export class StaleRoutes {
  readonly #routes: Routes;
  readonly #onRemoved: (route: TableEntry) => void;
  readonly #graceMs: number;
  readonly #unconfirmed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    routes: Routes,
    onRemoved: (route: TableEntry) => void,
    graceMs: number = REPLAY_GRACE_MS,
  ) {
    this.#routes = routes;
    this.#onRemoved = onRemoved;
    this.#graceMs = graceMs;
  }

  /** Follows the connection. */
  onState(state: ReturnType<IIIClient['getConnectionState']>): void {
    clearTimeout(this.#timer);
    if (state === 'connected') {
      this.#timer = setTimeout(() => this.#sweep(), this.#graceMs);
      this.#timer.unref();
    } else {
      for (const id of this.#routes.triggerIds()) this.#unconfirmed.add(id);
    }
  }

  /** The engine has named a binding. */
  confirm(triggerId: string): void {
    this.#unconfirmed.delete(triggerId);
  }

  /** May be called twice. */
  close(): void {
    clearTimeout(this.#timer);
  }

  #sweep(): void {
    for (const id of this.#unconfirmed) {
      const route = this.#routes.remove(id);
      if (route) this.#onRemoved(route);
    }
    this.#unconfirmed.clear();
  }
}
