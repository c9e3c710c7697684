// SPDX-License-Identifier: Elastic-2.0
import { DEFAULT_NAMESPACE, type ErrorBody, type Payload } from '@iii-dev/protocol';
import type { Connection } from './connection.ts';

/**
 * Trigger types, their providers, and the bindings made to them.
 *
 * I1  A trigger has at most one provider at a time; it is told of the binding when it becomes the
 *     provider and of the removal when it stops being it, if it still lives.
 * I2  Whatever changes a provider ends in `reconcile`, which alone moves bindings.
 * I3  A trigger keeps its id, whoever provides it.
 */

/** Carries out bindings of one trigger type. */
export interface TriggerProvider {
  readonly kind: 'worker' | 'engine';
  register(trigger: Trigger): void;
  unregister(trigger: Trigger): void;
}

/** A kind of event, offered by one provider in one namespace. */
export interface TriggerType {
  readonly namespace: string;
  readonly id: string;
  readonly description: string;
  readonly triggerRequestFormat: Payload | undefined;
  readonly callRequestFormat: Payload | undefined;
  /** Null for a type of the engine's own. */
  readonly connection: Connection | null;
  readonly provider: TriggerProvider;
}

/** Where a binding stands. */
export type TriggerState =
  | { readonly kind: 'active'; readonly type: TriggerType }
  /** No provider; waits for one. */
  | { readonly kind: 'pending' }
  /** The provider refused it; tried again when the type is registered anew. */
  | { readonly kind: 'rejected'; readonly type: TriggerType; readonly error: ErrorBody };

/** A binding of an event to a function. */
export interface Trigger {
  readonly id: string;
  readonly typeId: string;
  readonly functionId: string;
  readonly config: Payload;
  readonly metadata: Payload | undefined;
  /** Null for a binding made by function; only a function call removes it. */
  readonly owner: Connection | null;
  /** Namespace of the target function. */
  readonly namespace: string;
  /** Namespace of the provider when the binding names one. */
  readonly providerNamespace: string | undefined;
  readonly homeNamespace: string;
  state: TriggerState;
  /** Whoever waits for the provider's word, once. */
  onAnswer: ((error: ErrorBody | undefined) => void) | undefined;
}

/** Names a type was known by in other generations; used where nobody provides the literal id. */
const TYPE_ALIASES: Readonly<Record<string, readonly string[]>> = {
  api: ['http'],
  http: ['api'],
  queue: ['durable:subscriber'],
  'durable:subscriber': ['queue'],
  'streams:join': ['stream:join'],
  'streams:leave': ['stream:leave'],
  'stream:join': ['streams:join'],
  'stream:leave': ['streams:leave'],
};

/** What became of adding a binding. */
export type AddOutcome =
  | { readonly kind: 'added'; readonly trigger: Trigger }
  | { readonly kind: 'owned_by_another' };

export class TriggerRegistry {
  /** Providers of a type, newest last; a user's stand after the engine's built-ins. */
  readonly #types = new Map<string, TriggerType[]>();
  readonly #triggers = new Map<string, Trigger>();
  readonly #byTypeId = new Map<string, Set<Trigger>>();
  readonly #onParked: (trigger: Trigger, wasActive: boolean) => void;

  constructor(onParked: (trigger: Trigger, wasActive: boolean) => void) {
    this.#onParked = onParked;
  }

  // ---- types -----------------------------------------------------------------------------------

  findType(namespace: string, id: string): TriggerType | undefined {
    return this.#types.get(keyOf(namespace, id))?.at(-1);
  }

  *allTypes(): IterableIterator<TriggerType> {
    for (const stack of this.#types.values()) {
      const top = stack.at(-1);
      if (top) yield top;
    }
  }

  /** Puts a provider in charge of a type; all bindings it now serves are delivered to it anew. */
  addType(type: TriggerType): void {
    const key = keyOf(type.namespace, type.id);
    const stack = this.#types.get(key) ?? [];
    const previous = stack.findIndex((t) => t.connection === type.connection);
    if (previous >= 0) this.#forgetType(stack.splice(previous, 1)[0] as TriggerType);
    if (type.connection?.builtIn) stack.unshift(type);
    else stack.push(type);
    this.#types.set(key, stack);
    type.connection?.triggerTypes.add(type);
    this.#reconcileType(type.id);
  }

  /** Takes a provider off a type; what it served goes to the next provider, or waits. */
  removeType(type: TriggerType): void {
    const key = keyOf(type.namespace, type.id);
    const stack = this.#types.get(key);
    const index = stack?.indexOf(type) ?? -1;
    if (!stack || index < 0) return;
    stack.splice(index, 1);
    if (stack.length === 0) this.#types.delete(key);
    this.#forgetType(type);
    this.#reconcileType(type.id);
  }

  /** Bindings of a type that left no longer point to it, so that reconciling delivers them again. */
  #forgetType(type: TriggerType): void {
    type.connection?.triggerTypes.delete(type);
    for (const trigger of this.#servedAs(type.id)) {
      if (trigger.state.kind !== 'pending' && trigger.state.type === type) {
        const wasActive = trigger.state.kind === 'active';
        trigger.state = { kind: 'pending' };
        if (!this.#resolve(trigger)) this.#onParked(trigger, wasActive);
      }
    }
  }

  // ---- bindings --------------------------------------------------------------------------------

  find(id: string): Trigger | undefined {
    return this.#triggers.get(id);
  }

  all(): IterableIterator<Trigger> {
    return this.#triggers.values();
  }

  /** Adds a binding, or replaces the owner's own of the same id. */
  add(spec: Omit<Trigger, 'state' | 'onAnswer'> & Partial<Pick<Trigger, 'onAnswer'>>): AddOutcome {
    const existing = this.#triggers.get(spec.id);
    if (existing) {
      const ownerIsAlive = existing.owner === null || !existing.owner.isClosed;
      if (existing.owner !== spec.owner && ownerIsAlive) return { kind: 'owned_by_another' };
      // The same provider only hears the new registration: it replaces by id.
      const keeps = this.#resolve({ ...spec, state: { kind: 'pending' }, onAnswer: undefined });
      const sameProvider = existing.state.kind !== 'pending' && existing.state.type === keeps;
      if (sameProvider) this.#drop(existing);
      else this.remove(existing);
    }
    const trigger: Trigger = {
      ...spec,
      onAnswer: spec.onAnswer,
      state: { kind: 'pending' },
    };
    this.#triggers.set(trigger.id, trigger);
    const siblings = this.#byTypeId.get(trigger.typeId);
    if (siblings) siblings.add(trigger);
    else this.#byTypeId.set(trigger.typeId, new Set([trigger]));
    trigger.owner?.triggers.add(trigger);
    this.#reconcile(trigger);
    if (trigger.state.kind === 'pending') this.#onParked(trigger, false);
    return { kind: 'added', trigger };
  }

  remove(trigger: Trigger): void {
    if (this.#triggers.get(trigger.id) !== trigger) return;
    this.#drop(trigger);
    if (trigger.state.kind === 'active') trigger.state.type.provider.unregister(trigger);
  }

  #drop(trigger: Trigger): void {
    this.#triggers.delete(trigger.id);
    const siblings = this.#byTypeId.get(trigger.typeId);
    siblings?.delete(trigger);
    if (siblings?.size === 0) this.#byTypeId.delete(trigger.typeId);
    trigger.owner?.triggers.delete(trigger);
  }

  /** The provider's word on a binding; only the connection that serves it is heard. */
  answer(trigger: Trigger, from: Connection, error: ErrorBody | undefined): boolean {
    if (trigger.state.kind !== 'active' || trigger.state.type.connection !== from) return false;
    if (error) trigger.state = { kind: 'rejected', type: trigger.state.type, error };
    const waiting = trigger.onAnswer;
    trigger.onAnswer = undefined;
    waiting?.(error);
    return true;
  }

  countOfType(typeId: string): number {
    let count = 0;
    for (const trigger of this.#servedAs(typeId)) if (trigger.state.kind === 'active') count++;
    return count;
  }

  // ---- who provides what -----------------------------------------------------------------------

  #reconcileType(typeId: string): void {
    for (const trigger of [...this.#servedAs(typeId)]) this.#reconcile(trigger);
  }

  #reconcile(trigger: Trigger): void {
    const target = this.#resolve(trigger);
    const current = trigger.state.kind === 'pending' ? undefined : trigger.state.type;
    if (target === current) return;
    if (trigger.state.kind === 'active') current?.provider.unregister(trigger);
    if (!target) {
      trigger.state = { kind: 'pending' };
      return;
    }
    trigger.state = { kind: 'active', type: target };
    target.provider.register(trigger);
  }

  #resolve(trigger: Trigger): TriggerType | undefined {
    const { typeId, providerNamespace, homeNamespace } = trigger;
    for (const id of [typeId, ...(TYPE_ALIASES[typeId] ?? [])]) {
      const found =
        providerNamespace !== undefined
          ? this.findType(providerNamespace, id)
          : (this.findType(homeNamespace, id) ?? this.findType(DEFAULT_NAMESPACE, id));
      if (found) return found;
    }
    return undefined;
  }

  /** Bindings that a type of this id may serve, under any of its names. */
  *#servedAs(typeId: string): IterableIterator<Trigger> {
    for (const id of [typeId, ...(TYPE_ALIASES[typeId] ?? [])]) {
      yield* this.#byTypeId.get(id) ?? [];
    }
  }
}

function keyOf(namespace: string, id: string): string {
  return namespace === DEFAULT_NAMESPACE ? id : `${namespace}\0${id}`;
}
