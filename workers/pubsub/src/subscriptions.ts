// SPDX-License-Identifier: Apache-2.0
import type { Payload } from 'iii-sdk/internal';
import type { Delivery } from './delivery.ts';
import { PatternTree } from './pattern-tree.ts';

/** What a subscription listens to. */
export type Target =
  | { readonly kind: 'topic'; readonly topic: string }
  | { readonly kind: 'pattern'; readonly pattern: string };

interface Entry {
  readonly target: Target;
  readonly delivery: Delivery;
}

/** All subscriptions, each on its own: taking one away leaves every other as it is. */
export class Subscriptions {
  readonly #entries = new Map<string, Entry>();
  readonly #topics = new Map<string, Set<Delivery>>();
  readonly #patterns = new PatternTree<Delivery>();

  get count(): number {
    return this.#entries.size;
  }

  /** Adds a subscription, or replaces the one of this id. */
  add(id: string, target: Target, delivery: Delivery): void {
    this.remove(id);
    this.#entries.set(id, { target, delivery });
    if (target.kind === 'pattern') {
      this.#patterns.add(target.pattern, delivery);
      return;
    }
    const deliveries = this.#topics.get(target.topic);
    if (deliveries === undefined) this.#topics.set(target.topic, new Set([delivery]));
    else deliveries.add(delivery);
  }

  remove(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    const { target, delivery } = entry;
    this.#entries.delete(id);
    delivery.close();
    if (target.kind === 'pattern') {
      this.#patterns.remove(target.pattern, delivery);
      return;
    }
    const deliveries = this.#topics.get(target.topic);
    deliveries?.delete(delivery);
    if (deliveries?.size === 0) this.#topics.delete(target.topic);
  }

  /** Hands a message to every subscription of its topic, one copy each. */
  publish(topic: string, data: Payload): void {
    for (const delivery of this.#topics.get(topic) ?? []) delivery.push(data);
    for (const delivery of this.#patterns.find(topic)) delivery.push(data);
  }

  close(): void {
    for (const id of [...this.#entries.keys()]) this.remove(id);
  }
}
