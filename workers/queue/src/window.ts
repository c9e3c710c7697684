// SPDX-License-Identifier: Apache-2.0
import type { QueueStore, ReadyPlace } from './store.ts';

/** Ready jobs of one queue held in memory, as places only; the rest stays in the store. */
const WINDOW_PLACES = 1000;
/** Places of one group: enough to go on with while the next are looked up. */
const GROUP_PLACES = 4;
/** Places read before others get a turn; a backlog of one blocked group may be long. */
const SCAN_PLACES = 4000;

/** The next jobs of a queue, in the order they are to run. */
export interface Window {
  /** A job that was stored, or is ready again. */
  insert(place: ReadyPlace): void;
  /** The next place that may run, which is then busy; nothing when there is none in reach. */
  take(): ReadyPlace | undefined;
  /** A taken job is gone from its place. */
  done(place: ReadyPlace): void;
  /** A taken job stays where it is and may be taken again. */
  again(place: ReadyPlace): void;
  /** Whether a call of `take` in a later turn may find more. */
  readonly isScanning: boolean;
}

/** Jobs one by one in order of their places. */
export class PlainWindow implements Window {
  readonly #store: QueueStore;
  readonly #lane: string;
  readonly #busy = new Set<string>();
  #orders: string[] = [];
  #head = 0;
  /** Up to here every ready job is held or busy. */
  #tail = '';
  #hasMore: boolean;

  constructor(store: QueueStore, lane: string) {
    this.#store = store;
    this.#lane = lane;
    this.#hasMore = (store.lane(lane)?.ready ?? 0) > 0;
  }

  get isScanning(): boolean {
    return false;
  }

  insert({ order }: ReadyPlace): void {
    if (this.#busy.has(order)) return;
    if (this.#hasMore && order > this.#tail) return;
    const at = placeOf(this.#orders, order, this.#head);
    if (this.#orders[at] === order) return;
    if (at === this.#orders.length) this.#orders.push(order);
    else this.#orders.splice(at, 0, order);
    if (order > this.#tail) this.#tail = order;
    if (this.#orders.length - this.#head > 2 * WINDOW_PLACES) {
      this.#orders = this.#orders.slice(this.#head, this.#head + WINDOW_PLACES);
      this.#head = 0;
      this.#tail = this.#orders.at(-1) as string;
      this.#hasMore = true;
    }
  }

  take(): ReadyPlace | undefined {
    while (this.#head === this.#orders.length && this.#hasMore) this.#refill();
    const order = this.#orders[this.#head];
    if (order === undefined) return undefined;
    this.#head += 1;
    if (this.#head > WINDOW_PLACES) {
      this.#orders = this.#orders.slice(this.#head);
      this.#head = 0;
    }
    this.#busy.add(order);
    return { order, group: undefined };
  }

  done({ order }: ReadyPlace): void {
    this.#busy.delete(order);
  }

  again(place: ReadyPlace): void {
    this.#busy.delete(place.order);
    this.insert(place);
  }

  #refill(): void {
    const places = this.#store.ready(this.#lane, this.#tail, WINDOW_PLACES);
    this.#hasMore = places.length === WINDOW_PLACES;
    this.#orders = places.map(({ order }) => order).filter((order) => !this.#busy.has(order));
    this.#head = 0;
    this.#tail = places.at(-1)?.order ?? this.#tail;
  }
}

/** What is known of a group that has ready jobs. */
interface Group {
  orders: string[];
  /** The last place that was ever held. */
  last: string;
  hasMore: boolean;
  isBusy: boolean;
}

/**
 * Jobs by group: one of each at a time, the groups in turn.
 *
 * I1  A job is taken only when no earlier one of its group is left.
 * I2  A group that waits holds a few places, so that it does not keep others out of the window.
 */
export class GroupWindow implements Window {
  readonly #store: QueueStore;
  readonly #lane: string;
  readonly #groups = new Map<string, Group>();
  /** Groups that may run, in turn. */
  readonly #turns = new Set<string>();
  #held = 0;
  #tail = '';
  #hasMore: boolean;

  constructor(store: QueueStore, lane: string) {
    this.#store = store;
    this.#lane = lane;
    this.#hasMore = (store.lane(lane)?.ready ?? 0) > 0;
  }

  get isScanning(): boolean {
    return this.#hasMore && this.#held < WINDOW_PLACES;
  }

  insert({ order, group = '' }: ReadyPlace): void {
    if (this.#hasMore && order > this.#tail) return;
    this.#hold(order, group);
  }

  take(): ReadyPlace | undefined {
    if (this.#turns.size === 0) this.#scan();
    for (const name of this.#turns) {
      this.#turns.delete(name);
      const group = this.#groups.get(name) as Group;
      group.isBusy = true;
      return { order: group.orders[0] as string, group: name };
    }
    return undefined;
  }

  done({ order, group: name = '' }: ReadyPlace): void {
    const group = this.#groups.get(name);
    if (group === undefined) return;
    group.isBusy = false;
    // I1: it ran because it was the first.
    if (group.orders[0] === order) {
      group.orders.shift();
      this.#held -= 1;
    }
    if (group.orders.length === 0 && group.hasMore) this.#refill(name, group);
    if (group.orders.length > 0) this.#turns.add(name);
    else this.#groups.delete(name);
  }

  again({ group: name = '' }: ReadyPlace): void {
    const group = this.#groups.get(name);
    if (group === undefined) return;
    group.isBusy = false;
    this.#turns.add(name);
  }

  #hold(order: string, name: string): void {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = { orders: [], last: '', hasMore: false, isBusy: false };
      this.#groups.set(name, group);
    }
    if (group.hasMore && order > group.last) return;
    const at = placeOf(group.orders, order, 0);
    if (group.orders[at] === order) return;
    if (group.orders.length >= GROUP_PLACES && order > group.last) {
      group.hasMore = true;
      return;
    }
    // The first one runs; whatever comes before it in order has to wait for it all the same.
    group.orders.splice(group.isBusy ? Math.max(at, 1) : at, 0, order);
    if (order > group.last) group.last = order;
    this.#held += 1;
    if (!group.isBusy) this.#turns.add(name);
  }

  #refill(name: string, group: Group): void {
    const places = this.#store.ready(this.#lane, group.last, GROUP_PLACES, name);
    group.hasMore = places.length === GROUP_PLACES;
    group.orders = places.map(({ order }) => order);
    group.last = group.orders.at(-1) ?? group.last;
    this.#held += group.orders.length;
  }

  #scan(): void {
    for (let read = 0; read < SCAN_PLACES && this.isScanning; read += WINDOW_PLACES) {
      const places = this.#store.ready(this.#lane, this.#tail, WINDOW_PLACES);
      this.#hasMore = places.length === WINDOW_PLACES;
      this.#tail = places.at(-1)?.order ?? this.#tail;
      for (const { order, group = '' } of places) this.#hold(order, group);
      if (this.#turns.size > 0) return;
    }
  }
}

/** Where an order stands or belongs. */
function placeOf(orders: readonly string[], order: string, from: number): number {
  let low = from;
  let high = orders.length;
  if (high > from && (orders[high - 1] as string) < order) return high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((orders[middle] as string) < order) low = middle + 1;
    else high = middle;
  }
  return low;
}
