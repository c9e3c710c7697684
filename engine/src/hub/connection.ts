// SPDX-License-Identifier: Elastic-2.0
import { randomUUID } from 'node:crypto';
import {
  DEFAULT_NAMESPACE,
  type EngineFrame,
  type InvokeFunctionFrame,
  type RegisterFunctionFrame,
  type RegisterServiceFrame,
  type RegisterTriggerFrame,
  type RegisterTriggerTypeFrame,
  type UnregisterFunctionFrame,
  type UnregisterTriggerFrame,
  type UnregisterTriggerTypeFrame,
} from '@iii-dev/protocol';
import type { FunctionEntry } from './function-registry.ts';
import type { Invocation } from './invocations.ts';
import { GONE, type Link, type SendOutcome } from './link.ts';
import type { Trigger, TriggerType } from './trigger-registry.ts';

/** Frames whose meaning depends on the namespace of their connection. */
export type RegistrationFrame =
  | RegisterFunctionFrame
  | UnregisterFunctionFrame
  | RegisterServiceFrame
  | RegisterTriggerFrame
  | UnregisterTriggerFrame
  | RegisterTriggerTypeFrame
  | UnregisterTriggerTypeFrame;

/** What a worker says of itself when it announces; every field as the listings show it. */
export interface WorkerInfo {
  name: string | null;
  description: string | null;
  runtime: string;
  version: string | null;
  os: string | null;
  pid: number | null;
  isolation: string | null;
  telemetry: unknown;
}

/** A call that waits for parked registrations of some connection to be applied. */
export interface HeldCall {
  readonly caller: Connection;
  readonly frame: InvokeFunctionFrame;
}

/** Who carries out a namespace decision that is under way. */
type Lifecycle =
  /** Registrations are parked until the namespace is known. */
  | {
      readonly kind: 'unplaced';
      readonly grace: NodeJS.Timeout;
      readonly parked: RegistrationFrame[];
      readonly held: HeldCall[];
    }
  | { readonly kind: 'placed'; readonly namespace: string }
  | { readonly kind: 'closed' };

/** Set for workers that belong to the engine: what they register gives way to a user's. */
export interface BuiltInIdentity {
  /** Name of the entry in the config, `iii-state`. */
  readonly entry: string;
}

/**
 * One worker connection: its identity, and everything the engine must undo when it ends. One
 * connection is one identity; cleanup goes by this object, never by a name.
 */
export class Connection {
  readonly id: string = randomUUID();
  readonly reattachToken: string = randomUUID();
  readonly connectedAtMs: number;
  readonly link: Link;
  readonly builtIn: BuiltInIdentity | null;
  readonly info: WorkerInfo = {
    name: null,
    description: null,
    runtime: 'unknown',
    version: null,
    os: null,
    pid: null,
    isolation: null,
    telemetry: null,
  };
  lifecycle: Lifecycle;
  /** Whether `engine::workers::register` has been applied. */
  hasAnnounced = false;
  /** The name this connection holds in its namespace, if any. */
  leasedName: string | null = null;
  /** A draining worker finishes what it has and gets nothing new. */
  isDraining = false;
  capabilities: ReadonlySet<string> = new Set();
  readonly functions: Set<FunctionEntry> = new Set();
  readonly triggers: Set<Trigger> = new Set();
  readonly triggerTypes: Set<TriggerType> = new Set();
  /** Calls this worker has in hand, by the id it was sent. Only these may it answer. */
  readonly executing: Map<string, Invocation> = new Map();
  /** Calls this worker waits for, by the id it gave. */
  readonly calling: Map<string, Invocation> = new Map();

  constructor(
    link: Link,
    options: {
      connectedAtMs: number;
      builtIn: BuiltInIdentity | null;
      graceMs: number;
      onGraceOver: (connection: Connection) => void;
    },
  ) {
    this.link = link;
    this.connectedAtMs = options.connectedAtMs;
    this.builtIn = options.builtIn;
    const grace = setTimeout(() => options.onGraceOver(this), options.graceMs);
    grace.unref();
    this.lifecycle = { kind: 'unplaced', grace, parked: [], held: [] };
  }

  get isClosed(): boolean {
    return this.lifecycle.kind === 'closed';
  }

  /** The namespace this connection registers in; `default` until it is known. */
  get namespace(): string {
    return this.lifecycle.kind === 'placed' ? this.lifecycle.namespace : DEFAULT_NAMESPACE;
  }

  /** Whether listings show it: it announced itself or serves something. Telemetry sockets do not. */
  get isListed(): boolean {
    return this.hasAnnounced || this.functions.size > 0 || this.triggerTypes.size > 0;
  }

  /** Whether it gets new calls. */
  get takesCalls(): boolean {
    return !this.isDraining && this.lifecycle.kind === 'placed';
  }

  /**
   * Sends a frame. Only a call may be turned away by a full link, for its caller can be told; a
   * peer that does not even take answers is given up, rather than left waiting for one.
   */
  send(frame: EngineFrame): SendOutcome {
    const outcome = this.link.send(frame);
    if (outcome.kind !== 'full' || frame.type === 'invokefunction') return outcome;
    this.link.terminate();
    return GONE;
  }

  can(capability: string): boolean {
    return this.capabilities.has(capability);
  }
}
