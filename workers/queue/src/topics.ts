// SPDX-License-Identifier: Apache-2.0
import type { Broker } from './broker.ts';
import { type LaneRow, laneId } from './lane.ts';
import { type Message, makeJob } from './message.ts';
import type { Binding } from './triggers.ts';

/** Messages handed to the first subscriber in one go. */
const HANDED_AT_ONCE = 500;

/**
 * Topics and their subscribers.
 *
 * I1  Every `(function, namespace)` ever bound to a topic has a queue of its own and gets each
 *     message, also while it is away; one that stays away too long gets no more.
 * I2  What was published before there was any subscriber goes to the first one, ahead of the rest.
 */
export class Topics {
  readonly #broker: Broker;
  readonly #bindings = new Map<string, Binding>();
  /** Queues of subscribers, by topic. */
  readonly #lanes = new Map<string, Set<string>>();
  readonly #handingOver = new Map<string, Promise<void>>();

  constructor(broker: Broker) {
    this.#broker = broker;
    for (const { id, identity } of broker.store.lanes()) {
      if (identity.kind !== 'subscriber') continue;
      this.#know(identity.name, id);
      // Delivered to nobody yet, but counted, browsed and redriven.
      broker.openQueue(identity, broker.topicDefaults);
    }
  }

  /** Topics with a live subscription and how many triggers each has. */
  live(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { topic } of this.#bindings.values())
      counts.set(topic, (counts.get(topic) ?? 0) + 1);
    return counts;
  }

  /** Queues of a topic, that of messages nobody has read yet included. */
  rows(topic: string): LaneRow[] {
    const ids = [...(this.#lanes.get(topic) ?? []), laneId({ kind: 'topic', name: topic })];
    return ids.flatMap((id) => this.#broker.store.lane(id) ?? []);
  }

  names(): string[] {
    const names = new Set<string>(this.#lanes.keys());
    for (const { identity } of this.#broker.store.lanes()) {
      if (identity.kind === 'topic') names.add(identity.name);
    }
    return [...names];
  }

  /** Stores a copy for every subscriber; resolves when all are stored. */
  async publish(topic: string, message: Message): Promise<{ receipt: string }> {
    await this.#handingOver.get(topic);
    const { store, topicDefaults } = this.#broker;
    const nowMs = this.#broker.now();
    const rows = this.#receivers(topic, nowMs);
    const first = rows[0] ?? store.openLane({ kind: 'topic', name: topic }, nowMs);
    const jobs = (rows.length === 0 ? [first] : rows).map((row, index) => {
      const { identity } = row;
      const target =
        identity.kind === 'subscriber'
          ? { functionId: identity.functionId, namespace: identity.namespace }
          : { functionId: '', namespace: 'default' };
      const id = index === 0 ? message.id : this.#broker.newReceipt();
      const settings = this.#broker.queue(row.id)?.settings ?? topicDefaults;
      return makeJob({ ...message, id }, row, target, settings, nowMs);
    });
    const keyLane = laneId({ kind: 'topic', name: topic });
    return this.#broker.take({ jobs }, keyLane, message.idempotencyKey, topicDefaults);
  }

  /** Adds a binding or replaces the one of this id; resolves when its queue is stored. */
  async bind(binding: Binding): Promise<void> {
    const before = this.#bindings.get(binding.id);
    const { topic, functionId, namespace } = binding;
    const identity = { kind: 'subscriber', name: topic, functionId, namespace } as const;
    const isFirst = this.#lanes.get(topic) === undefined;
    const queue = this.#broker.openQueue(identity, binding.settings);
    if (before !== undefined && laneOf(before) !== queue.row.id) this.unbind(binding.id);
    this.#bindings.set(binding.id, binding);
    this.#know(topic, queue.row.id);
    queue.row.lastSeenMs = this.#broker.now();
    if (isFirst) this.#handOver(topic, queue.row.id, identity);
    await this.#broker.store.saveLane(queue.row);
    await this.#handingOver.get(topic);
    if (this.#bindings.get(binding.id) !== binding) return;
    queue.configure(binding.settings);
    queue.subscribe(binding);
    this.#broker.log.info('[REGISTERED] subscriber', { topic, function_id: functionId });
  }

  /** Removes a binding; its messages stay and go on to collect (I1). */
  unbind(id: string): void {
    const binding = this.#bindings.get(id);
    if (binding === undefined) return;
    this.#bindings.delete(id);
    const lane = laneOf(binding);
    const others = [...this.#bindings.values()].filter((other) => laneOf(other) === lane);
    const queue = this.#broker.queue(lane);
    if (queue === undefined) return;
    queue.row.lastSeenMs = this.#broker.now();
    queue.subscribe(others.at(-1));
    this.#broker.store.saveLane(queue.row).catch(() => undefined);
  }

  /** Lets a topic forget a subscriber that is away and has nothing left; whether it did. */
  async forget(topic: string, functionId: string, namespace: string): Promise<boolean> {
    const id = laneId({ kind: 'subscriber', name: topic, functionId, namespace });
    const row = this.#broker.store.lane(id);
    const isLive = [...this.#bindings.values()].some((binding) => laneOf(binding) === id);
    if (row === undefined || isLive) return false;
    this.#lanes.get(topic)?.delete(id);
    if (this.#lanes.get(topic)?.size === 0) this.#lanes.delete(topic);
    row.lastSeenMs = 0;
    const isEmpty = row.ready + row.delayed + row.dead === 0;
    await (isEmpty ? this.#broker.store.dropLane(id) : this.#broker.store.saveLane(row));
    return true;
  }

  #receivers(topic: string, nowMs: number): LaneRow[] {
    const live = new Set([...this.#bindings.values()].map(laneOf));
    return [...(this.#lanes.get(topic) ?? [])].flatMap((id) => {
      const row = this.#broker.store.lane(id);
      if (row === undefined) return [];
      const isAwayTooLong = nowMs - row.lastSeenMs > this.#broker.offlineRetentionMs;
      return live.has(id) || !isAwayTooLong ? [row] : [];
    });
  }

  #know(topic: string, lane: string): void {
    const lanes = this.#lanes.get(topic) ?? new Set();
    lanes.add(lane);
    this.#lanes.set(topic, lanes);
  }

  /** I2: publishing waits meanwhile, so that what is newer comes after. */
  #handOver(
    topic: string,
    to: string,
    target: { readonly functionId: string; readonly namespace: string },
  ): void {
    const from = laneId({ kind: 'topic', name: topic });
    if (this.#broker.store.lane(from) === undefined) return;
    const { functionId, namespace } = target;
    const handing = this.#handAll(from, { lane: to, functionId, namespace }).finally(() =>
      this.#handingOver.delete(topic),
    );
    // Whoever waits for it is told; nobody need be.
    handing.catch(() => undefined);
    this.#handingOver.set(topic, handing);
  }

  async #handAll(
    from: string,
    changes: { readonly lane: string; readonly functionId: string; readonly namespace: string },
  ): Promise<void> {
    const { store } = this.#broker;
    for (;;) {
      await store.settled();
      const ready = store.ready(from, '', HANDED_AT_ONCE);
      const jobs = ready.flatMap(({ order }) => store.read(from, order) ?? []);
      if (jobs.length === 0) jobs.push(...store.delayed(from, HANDED_AT_ONCE));
      if (jobs.length === 0) return;
      await Promise.all(jobs.map((job) => this.#broker.move(job, { ...job, ...changes })));
    }
  }
}

function laneOf({ topic, functionId, namespace }: Binding): string {
  return laneId({ kind: 'subscriber', name: topic, functionId, namespace });
}
