// SPDX-License-Identifier: Elastic-2.0
import {
  DEFAULT_NAMESPACE,
  type ErrorBody,
  type RegisterFunctionFrame,
  type RegisterTriggerFrame,
  type RegisterTriggerTypeFrame,
  type TriggerRegistrationResultFrame,
} from '@iii-dev/protocol';
import type { Connection, HeldCall, RegistrationFrame } from './connection.ts';
import type { EngineEvents } from './engine-events.ts';
import type { FunctionRegistry } from './function-registry.ts';
import type { EngineLog } from './log.ts';
import type { Trigger, TriggerProvider, TriggerRegistry } from './trigger-registry.ts';

/**
 * Applies what workers register.
 *
 * A connection is unplaced until its namespace is known: by its announcement or by the end of the
 * grace. Until then its registrations are parked, in order; calls to a parked function wait.
 *
 * I1  Registrations of a connection take effect in the order they arrived.
 * I2  A namespace is fixed once and for all.
 * I3  A name belongs to one live connection of a namespace.
 */
export class Registrar {
  readonly #hub: RegistrarHub;
  readonly #releaseHeld: (held: HeldCall) => void;
  /** Functions in parked frames, to the connections that will serve them. */
  readonly #parkedIds = new Map<string, Set<Connection>>();
  readonly #names = new Map<string, Connection>();

  constructor(hub: RegistrarHub, releaseHeld: (held: HeldCall) => void) {
    this.#hub = hub;
    this.#releaseHeld = releaseHeld;
  }

  // ---- placing a connection in a namespace -----------------------------------------------------

  onRegistration(connection: Connection, frame: RegistrationFrame): void {
    if (connection.lifecycle.kind !== 'unplaced') return this.#apply(connection, frame);
    connection.lifecycle.parked.push(frame);
    if (frame.type === 'registerfunction') addTo(this.#parkedIds, frame.id, connection);
    if (frame.type === 'unregisterfunction') removeFrom(this.#parkedIds, frame.id, connection);
  }

  parkedProvider(functionId: string): Connection | undefined {
    return this.#parkedIds.get(functionId)?.values().next().value;
  }

  graceOver(connection: Connection): void {
    if (connection.lifecycle.kind !== 'unplaced') return;
    if (connection.lifecycle.parked.length > 0) {
      this.#hub.log.warn(
        'Worker did not announce itself in time; its registrations go to namespace "default" (III_NAMESPACE_GRACE_MS, registration_namespace_grace_ms)',
        { worker_id: connection.id },
      );
    }
    this.place(connection, DEFAULT_NAMESPACE);
  }

  /** Fixes the namespace and applies what was parked; without effect when it is fixed already. */
  place(connection: Connection, namespace: string): void {
    if (connection.lifecycle.kind !== 'unplaced') return;
    const { parked, held, grace } = connection.lifecycle;
    clearTimeout(grace);
    connection.lifecycle = { kind: 'placed', namespace };
    for (const frame of parked) {
      if (frame.type === 'registerfunction') removeFrom(this.#parkedIds, frame.id, connection);
      this.#apply(connection, frame);
    }
    for (const call of held) this.#releaseHeld(call);
  }

  /** Drops what a leaving connection had parked; the calls that waited for it are returned. */
  discardParked(connection: Connection): HeldCall[] {
    if (connection.lifecycle.kind !== 'unplaced') return [];
    clearTimeout(connection.lifecycle.grace);
    for (const frame of connection.lifecycle.parked) {
      if (frame.type === 'registerfunction') removeFrom(this.#parkedIds, frame.id, connection);
    }
    return connection.lifecycle.held;
  }

  // ---- names -----------------------------------------------------------------------------------

  nameOwner(namespace: string, name: string): Connection | undefined {
    return this.#names.get(`${namespace}\0${name}`);
  }

  leaseName(connection: Connection, namespace: string, name: string): void {
    this.releaseName(connection);
    this.#names.set(`${namespace}\0${name}`, connection);
    connection.leasedName = `${namespace}\0${name}`;
  }

  releaseName(connection: Connection): void {
    const key = connection.leasedName;
    if (key !== null && this.#names.get(key) === connection) this.#names.delete(key);
    connection.leasedName = null;
  }

  // ---- applying one registration ---------------------------------------------------------------

  #apply(connection: Connection, frame: RegistrationFrame): void {
    switch (frame.type) {
      case 'registerfunction':
        return this.#registerFunction(connection, frame);
      case 'unregisterfunction': {
        const entry = this.#hub.functions.find(connection.namespace, frame.id);
        if (entry) this.#hub.functions.release(connection, entry);
        return;
      }
      case 'registertrigger':
        return this.#registerTrigger(connection, frame);
      case 'unregistertrigger': {
        const trigger = this.#hub.triggers.find(frame.id);
        if (trigger?.owner === connection) this.#hub.triggers.remove(trigger);
        return;
      }
      case 'registertriggertype':
        return this.#registerTriggerType(connection, frame);
      case 'unregistertriggertype': {
        const namespace = frame.namespace ?? connection.namespace;
        for (const type of connection.triggerTypes) {
          if (type.id === frame.id && type.namespace === namespace)
            this.#hub.triggers.removeType(type);
        }
        return;
      }
      case 'registerservice':
        // Services only ever grouped listings of old clients; accepted, without effect.
        return;
      default:
        frame satisfies never;
    }
  }

  #registerFunction(connection: Connection, frame: RegisterFunctionFrame): void {
    const { type: _, id, ...description } = frame;
    const outcome = this.#hub.functions.claim(connection, id, description);
    switch (outcome.kind) {
      case 'claimed':
        this.#hub.log.debug(`[REGISTERED] Function ${id} in namespace ${connection.namespace}`);
        return this.#report(connection, 'function', id, 'accepted');
      case 'reserved':
        return this.#refuseFunction(connection, id, '', 'the id belongs to the engine');
      case 'held':
        return this.#settleConflict(connection, frame, outcome.owner);
      default:
        outcome satisfies never;
    }
  }

  /** An owner that does not answer a probe is gone, whatever its socket says. */
  #settleConflict(connection: Connection, frame: RegisterFunctionFrame, owner: Connection): void {
    void owner.link.probe(LIVENESS_PROBE_MS).then((isAlive) => {
      if (connection.isClosed) return;
      if (!isAlive) {
        owner.link.terminate();
        // The end of the link cleans up before this runs again.
        setImmediate(() => {
          if (!connection.isClosed) this.#apply(connection, frame);
        });
        return;
      }
      const current = this.#hub.functions.find(connection.namespace, frame.id);
      if (!current || current.users.length === 0) return this.#apply(connection, frame);
      this.#refuseFunction(connection, frame.id, owner.id, 'another live worker holds the id');
    });
  }

  #refuseFunction(connection: Connection, id: string, ownerId: string, reason: string): void {
    this.#hub.log.warn('Function refused', { function_id: id, worker_id: connection.id, reason });
    connection.send({
      type: 'registrationrejected',
      code: 'FUNCTION_NAMESPACE_CONFLICT',
      namespace: connection.namespace,
      function_id: id,
      owner_worker_id: ownerId,
    });
    this.#report(connection, 'function', id, 'refused', reason);
  }

  #registerTrigger(connection: Connection, frame: RegisterTriggerFrame): void {
    const blank = blankField(frame, ['namespace', 'trigger_namespace']);
    if (blank) {
      return this.#refuseTrigger(connection, frame, {
        code: 'INVALID_NAMESPACE',
        message: `\`${blank}\` is empty: leave it out, or name a namespace.`,
      });
    }
    const outcome = this.#hub.triggers.add({
      id: frame.id,
      typeId: frame.trigger_type,
      functionId: frame.function_id,
      config: frame.config,
      metadata: frame.metadata,
      owner: connection,
      namespace: frame.namespace ?? DEFAULT_NAMESPACE,
      providerNamespace: frame.trigger_namespace,
      homeNamespace: connection.namespace,
    });
    if (outcome.kind === 'owned_by_another') {
      return this.#refuseTrigger(connection, frame, {
        code: 'trigger_registration_failed',
        message: `Trigger id ${frame.id} belongs to another worker.`,
      });
    }
    const { state } = outcome.trigger;
    if (state.kind === 'pending') {
      const reason = `no provider of trigger type "${frame.trigger_type}" is connected`;
      this.#report(connection, 'trigger', frame.id, 'pending', reason);
    } else if (state.kind === 'active' && state.type.connection === null) {
      this.#report(connection, 'trigger', frame.id, 'accepted');
    }
  }

  #refuseTrigger(connection: Connection, frame: RegisterTriggerFrame, error: ErrorBody): void {
    const { id, trigger_type, function_id } = frame;
    connection.send({ type: 'triggerregistrationresult', id, trigger_type, function_id, error });
    this.#report(connection, 'trigger', id, 'refused', `${error.code}: ${error.message}`);
  }

  #registerTriggerType(connection: Connection, frame: RegisterTriggerTypeFrame): void {
    const namespace = frame.namespace ?? connection.namespace;
    const isBlank = blankField(frame, ['namespace']) !== undefined;
    const existing = this.#hub.triggers.findType(namespace, frame.id);
    if (isBlank || (existing && existing.connection === null)) {
      const reason = isBlank
        ? '`namespace` is empty: leave it out, or name a namespace.'
        : `trigger type "${frame.id}" belongs to the engine`;
      this.#hub.log.warn('Trigger type refused', { id: frame.id, reason });
      return this.#report(connection, 'trigger_type', frame.id, 'refused', reason);
    }
    this.#hub.triggers.addType({
      namespace,
      id: frame.id,
      description: frame.description,
      triggerRequestFormat: frame.trigger_request_format,
      callRequestFormat: frame.call_request_format,
      connection,
      provider: createWorkerProvider(connection, frame.id, namespace),
    });
    this.#hub.log.debug(`[REGISTERED] Trigger Type ${frame.id} in ${namespace}`);
    this.#report(connection, 'trigger_type', frame.id, 'accepted');
  }

  // ---- providers -------------------------------------------------------------------------------

  /** A provider's word on a binding; a refusal is passed on to the worker that made it. */
  onProviderAnswer(connection: Connection, frame: TriggerRegistrationResultFrame): void {
    const trigger = this.#hub.triggers.find(frame.id);
    if (!trigger || !this.#hub.triggers.answer(trigger, connection, frame.error)) return;
    const { owner } = trigger;
    if (!owner || owner.isClosed) return;
    if (!frame.error) return this.#report(owner, 'trigger', trigger.id, 'accepted');
    owner.send({
      type: 'triggerregistrationresult',
      id: trigger.id,
      trigger_type: trigger.typeId,
      function_id: trigger.functionId,
      error: frame.error,
    });
    const reason = `${frame.error.code}: ${frame.error.message}`;
    this.#report(owner, 'trigger', trigger.id, 'refused', reason);
  }

  reportParked(trigger: Trigger, wasActive: boolean): void {
    // A built-in may offer to cooperate with another that the config leaves out: nothing is amiss.
    if (trigger.owner?.builtIn && !wasActive) return;
    const label = wasActive ? '[DISABLED]' : '[PENDING]';
    this.#hub.log.warn(
      `${label} Trigger ${trigger.id} waits for its provider. ${hintFor(trigger.typeId)}`,
      {
        trigger_type: trigger.typeId,
        function_id: trigger.functionId,
      },
    );
    if (wasActive && trigger.owner && !trigger.owner.isClosed) {
      this.#report(trigger.owner, 'trigger', trigger.id, 'pending', 'its provider has left');
    }
  }

  #report(
    connection: Connection,
    kind: 'function' | 'trigger' | 'trigger_type',
    id: string,
    outcome: 'accepted' | 'pending' | 'refused',
    reason?: string,
  ): void {
    if (!connection.can('registration_outcome')) return;
    connection.send({
      type: 'registrationoutcome',
      kind,
      id,
      outcome,
      ...(reason !== undefined && { reason }),
    });
  }
}

/** What applying registrations needs of the hub. */
export interface RegistrarHub {
  readonly functions: FunctionRegistry;
  readonly triggers: TriggerRegistry;
  readonly events: EngineEvents;
  readonly log: EngineLog;
}

/** How long a holder of a contested id or name has to answer a ping, ms. */
export const LIVENESS_PROBE_MS = 2_000;

function createWorkerProvider(
  connection: Connection,
  typeId: string,
  namespace: string,
): TriggerProvider {
  return {
    kind: 'worker',
    register: (trigger) => {
      connection.send({
        type: 'registertrigger',
        id: trigger.id,
        // The provider's own name for the type: the binding may use another generation's.
        trigger_type: typeId,
        function_id: trigger.functionId,
        config: trigger.config,
        ...(trigger.metadata && { metadata: trigger.metadata }),
        ...(trigger.namespace !== DEFAULT_NAMESPACE && { namespace: trigger.namespace }),
        ...(namespace !== DEFAULT_NAMESPACE && { trigger_namespace: namespace }),
      });
    },
    unregister: (trigger) => {
      connection.send({ type: 'unregistertrigger', id: trigger.id, trigger_type: typeId });
    },
  };
}

function blankField<F extends object>(frame: F, fields: readonly (keyof F)[]): string | undefined {
  return fields.find((field) => {
    const value = frame[field];
    return typeof value === 'string' && value.trim() === '';
  }) as string | undefined;
}

/** Which worker of ours provides a type, for the hint in the log. */
const PROVIDERS: Readonly<Record<string, string>> = {
  http: 'http',
  api: 'http',
  cron: 'cron',
  state: 'state',
  subscribe: 'pubsub',
  queue: 'queue',
  'durable:subscriber': 'queue',
  stream: 'stream',
  'stream:join': 'stream',
  'stream:leave': 'stream',
  configuration: 'configuration',
  log: 'observability',
  trace: 'observability',
};

function hintFor(typeId: string): string {
  const worker = PROVIDERS[typeId];
  return worker
    ? `Add it with \`iii worker add ${worker}\`.`
    : `No connected worker provides trigger type "${typeId}".`;
}

function addTo(map: Map<string, Set<Connection>>, id: string, connection: Connection): void {
  const set = map.get(id);
  if (set) set.add(connection);
  else map.set(id, new Set([connection]));
}

function removeFrom(map: Map<string, Set<Connection>>, id: string, connection: Connection): void {
  const set = map.get(id);
  set?.delete(connection);
  if (set?.size === 0) map.delete(id);
}
