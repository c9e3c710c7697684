// SPDX-License-Identifier: Elastic-2.0
import { DEFAULT_NAMESPACE, type HttpInvocation, type Payload } from '@iii-dev/protocol';
import type { Connection } from './connection.ts';

/** What is said of a function, as it was registered. */
export interface FunctionDescription {
  readonly description?: string;
  readonly request_format?: Payload;
  readonly response_format?: Payload;
  readonly metadata?: Payload;
  readonly invocation?: HttpInvocation;
}

/** A function the engine carries out itself; it needs the registry. */
export type BuiltinHandler = (
  input: Record<string, unknown>,
  caller: Connection | null,
) => unknown | Promise<unknown>;

/** One of possibly several that serve a function. */
export type Provider =
  | {
      readonly kind: 'worker';
      readonly connection: Connection;
      description: FunctionDescription;
      /** Calls it has in hand for this function. */
      inFlight: number;
    }
  | {
      readonly kind: 'engine';
      readonly handler: BuiltinHandler;
      readonly description: FunctionDescription;
    };

/** A provider that is a worker. */
export type WorkerProvider = Extract<Provider, { kind: 'worker' }>;

/** How several live workers may hold one function id. */
export type ProviderPolicy = 'balance' | 'reject' | 'replace';

/**
 * A function id in a namespace with those who serve it. A user's workers stand before the
 * engine's own; when the last of them leaves, the built-in serves again.
 */
export interface FunctionEntry {
  readonly namespace: string;
  readonly id: string;
  readonly users: WorkerProvider[];
  readonly builtIns: Provider[];
  /** Where the search for the least busy provider starts, so that ties go round. */
  turn: number;
}

/** What became of a claim on a function id. */
export type ClaimOutcome =
  | { readonly kind: 'claimed' }
  | { readonly kind: 'held'; readonly owner: Connection }
  | { readonly kind: 'reserved' };

/** Every function of every namespace, and who serves it. */
export class FunctionRegistry {
  readonly #entries = new Map<string, FunctionEntry>();
  /** Ids to the namespaces that have them, for a helpful `function_not_found`. */
  readonly #namespacesById = new Map<string, Set<string>>();
  readonly #policy: ProviderPolicy;
  readonly #onChange: () => void;

  constructor(policy: ProviderPolicy, onChange: () => void) {
    this.#policy = policy;
    this.#onChange = onChange;
  }

  find(namespace: string, id: string): FunctionEntry | undefined {
    return this.#entries.get(keyOf(namespace, id));
  }

  namespacesOf(id: string): string[] {
    return [...(this.#namespacesById.get(id) ?? [])].sort();
  }

  all(): IterableIterator<FunctionEntry> {
    return this.#entries.values();
  }

  /** Adds a function of the engine's own. */
  addEngineFunction(id: string, description: FunctionDescription, handler: BuiltinHandler): void {
    this.#entry(DEFAULT_NAMESPACE, id).builtIns.push({ kind: 'engine', handler, description });
    this.#onChange();
  }

  /**
   * Registers a worker as provider; a second registration by the same connection replaces its
   * description. Under `reject` a live owner keeps the id: the caller may probe it and try again.
   */
  claim(connection: Connection, id: string, description: FunctionDescription): ClaimOutcome {
    const namespace = connection.namespace;
    if (id.startsWith('engine::') && namespace !== DEFAULT_NAMESPACE) return { kind: 'reserved' };
    const existing = this.find(namespace, id);
    if (existing?.builtIns.some((provider) => provider.kind === 'engine')) {
      return { kind: 'reserved' };
    }
    const own = existing && providerOf(existing, connection);
    if (own) {
      own.description = description;
      this.#onChange();
      return { kind: 'claimed' };
    }
    const owner = existing?.users[0]?.connection;
    if (owner && this.#policy === 'reject' && !connection.builtIn) return { kind: 'held', owner };
    const entry = existing ?? this.#entry(namespace, id);
    const provider: WorkerProvider = { kind: 'worker', connection, description, inFlight: 0 };
    if (connection.builtIn) entry.builtIns.unshift(provider);
    else if (this.#policy === 'replace') entry.users.unshift(provider);
    else entry.users.push(provider);
    connection.functions.add(entry);
    this.#onChange();
    return { kind: 'claimed' };
  }

  /** Removes a connection's claim; nothing happens where it has none. */
  release(connection: Connection, entry: FunctionEntry): void {
    const list: Provider[] = connection.builtIn ? entry.builtIns : entry.users;
    const index = list.findIndex((p) => p.kind === 'worker' && p.connection === connection);
    if (index < 0) return;
    list.splice(index, 1);
    connection.functions.delete(entry);
    if (entry.users.length === 0 && entry.builtIns.length === 0) this.#drop(entry);
    this.#onChange();
  }

  /** Who gets the next call: a user's worker before a built-in, the least busy first. */
  choose(entry: FunctionEntry): Provider | undefined {
    if (this.#policy === 'balance' && entry.users.length > 1) return leastBusy(entry);
    for (const provider of entry.users) if (provider.connection.takesCalls) return provider;
    for (const provider of entry.builtIns) {
      if (provider.kind === 'engine' || provider.connection.takesCalls) return provider;
    }
    return undefined;
  }

  #entry(namespace: string, id: string): FunctionEntry {
    const key = keyOf(namespace, id);
    const existing = this.#entries.get(key);
    if (existing) return existing;
    const entry: FunctionEntry = { namespace, id, users: [], builtIns: [], turn: 0 };
    this.#entries.set(key, entry);
    const namespaces = this.#namespacesById.get(id);
    if (namespaces) namespaces.add(namespace);
    else this.#namespacesById.set(id, new Set([namespace]));
    return entry;
  }

  #drop(entry: FunctionEntry): void {
    this.#entries.delete(keyOf(entry.namespace, entry.id));
    const namespaces = this.#namespacesById.get(entry.id);
    namespaces?.delete(entry.namespace);
    if (namespaces?.size === 0) this.#namespacesById.delete(entry.id);
  }
}

/** The provider whose description listings show. */
export function shownProvider(entry: FunctionEntry): Provider | undefined {
  return entry.users[0] ?? entry.builtIns[0];
}

/** Whether the engine or one of its built-in workers serves this. */
export function isBuiltIn(entry: FunctionEntry): boolean {
  return entry.users.length === 0 && entry.builtIns.length > 0;
}

function providerOf(entry: FunctionEntry, connection: Connection): WorkerProvider | undefined {
  const list: readonly Provider[] = connection.builtIn ? entry.builtIns : entry.users;
  const found = list.find((p) => p.kind === 'worker' && p.connection === connection);
  return found as WorkerProvider | undefined;
}

function leastBusy(entry: FunctionEntry): Provider | undefined {
  const count = entry.users.length;
  let best: WorkerProvider | undefined;
  for (let offset = 0; offset < count; offset++) {
    const provider = entry.users[(entry.turn + offset) % count] as WorkerProvider;
    if (!provider.connection.takesCalls) continue;
    if (!best || provider.inFlight < best.inFlight) best = provider;
  }
  entry.turn = (entry.turn + 1) % count;
  if (best) return best;
  return entry.builtIns.find((p) => p.kind === 'engine' || p.connection.takesCalls);
}

/** A NUL cannot stand in a namespace that came through a config or a shell, so keys cannot clash. */
function keyOf(namespace: string, id: string): string {
  return namespace === DEFAULT_NAMESPACE ? id : `${namespace}\0${id}`;
}
