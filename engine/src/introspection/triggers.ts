// SPDX-License-Identifier: Elastic-2.0
import { randomUUID } from 'node:crypto';
import {
  DEFAULT_NAMESPACE,
  type ErrorBody,
  Payload,
  TRIGGER_ACK_TIMEOUT_MS,
} from '@iii-dev/protocol';
import type { Connection } from '../hub/connection.ts';
import type { Hub } from '../hub/hub.ts';
import { EngineFunctionError } from '../hub/route-call.ts';
import type { Trigger, TriggerType } from '../hub/trigger-registry.ts';
import { detailOf, idOf } from './functions.ts';
import { type Input, includesInternal, notFound, requiredString, stringOf } from './input.ts';
import { byText, rankOf, triggerRow, triggerTypeRow } from './rows.ts';
import { describe } from './schema.ts';

const LIST_TYPES = 'engine::triggers::list';
const INFO_TYPE = 'engine::triggers::info';
const LIST = 'engine::registered-triggers::list';
const INFO = 'engine::registered-triggers::info';
const REGISTER = 'engine::register_trigger';
const UNREGISTER = 'engine::unregister_trigger';

/** Trigger types, bindings, and bindings made by function call. */
export function installTriggerListings(hub: Hub): void {
  hub.addEngineFunction(
    LIST_TYPES,
    describe(
      'Lists trigger types.',
      { search: 'string', prefix: 'string', worker: 'string', include_internal: 'boolean' },
      { 'triggers!': 'objects' },
    ),
    // Up to 0.10 this id meant the bindings, and a helper of those clients depends on it.
    (input, caller) => ({
      triggers: isBefore(caller, 0, 11) ? listTriggers(hub, input) : listTypes(hub, input),
    }),
  );
  hub.addEngineFunction(
    INFO_TYPE,
    describe(
      'Describes a trigger type with its schemas.',
      { 'id!': 'string', namespace: 'string' },
      { 'id!': 'string', instance_count: 'integer', configuration_schema: 'any' },
    ),
    (input) => typeInfo(hub, input),
  );
  hub.addEngineFunction(
    'engine::trigger-types::list',
    describe('Lists trigger types with their schemas.', {}, { 'trigger_types!': 'objects' }),
    () => ({
      trigger_types: sortedTypes(hub).map((type) => ({
        id: type.id,
        description: type.description,
        ...(type.triggerRequestFormat && {
          trigger_request_format: type.triggerRequestFormat.value,
        }),
        ...(type.callRequestFormat && { call_request_format: type.callRequestFormat.value }),
      })),
    }),
  );
  hub.addEngineFunction(
    LIST,
    describe(
      'Lists bindings of triggers to functions, with their state.',
      {
        search: 'string',
        trigger_type: 'string',
        function_id: 'string',
        worker: 'string',
        include_internal: 'boolean',
        include_pending: 'boolean',
      },
      { 'registered_triggers!': 'objects' },
    ),
    (input) => ({ registered_triggers: listTriggers(hub, input) }),
  );
  hub.addEngineFunction(
    INFO,
    describe(
      'Describes one binding, its type and its function.',
      { 'id!': 'string' },
      { 'id!': 'string', trigger: 'any', function: 'any' },
    ),
    (input) => triggerInfo(hub, input),
  );
  hub.addEngineFunction(
    REGISTER,
    describe(
      'Binds a trigger to a function; the binding outlives its maker.',
      {
        'trigger_type!': 'string',
        'function_id!': 'string',
        config: 'any',
        metadata: 'any',
        trigger_namespace: 'string',
      },
      { 'id!': 'string' },
    ),
    (input) => registerTrigger(hub, input),
  );
  hub.addEngineFunction(
    UNREGISTER,
    describe(
      'Removes a binding made by engine::register_trigger.',
      { 'id!': 'string', trigger_type: 'string' },
      { 'removed!': 'boolean' },
    ),
    (input) => {
      const trigger = hub.triggers.find(idOf(input, UNREGISTER));
      if (!trigger || trigger.owner !== null) return { removed: false };
      hub.triggers.remove(trigger);
      return { removed: true };
    },
  );
}

function sortedTypes(hub: Hub): TriggerType[] {
  return [...hub.triggers.allTypes()].sort(
    (a, b) => byText(a.id, b.id) || byText(a.namespace, b.namespace),
  );
}

function listTypes(hub: Hub, input: Input): unknown[] {
  const search = stringOf(input, 'search', LIST_TYPES);
  const prefix = stringOf(input, 'prefix', LIST_TYPES);
  const worker = stringOf(input, 'worker', LIST_TYPES);
  return sortedTypes(hub)
    .filter((type) => includesInternal(input) || !type.id.startsWith('engine::'))
    .filter((type) => prefix === undefined || type.id.startsWith(prefix))
    .filter((type) => !search || rankOf(search, type.id, type.description) !== undefined)
    .map(triggerTypeRow)
    .filter((row) => worker === undefined || row.worker_name === worker);
}

/** A trigger type with its schemas and how many bindings it has. */
function typeDetail(hub: Hub, type: TriggerType): Record<string, unknown> {
  return {
    ...triggerTypeRow(type),
    ...(type.triggerRequestFormat && { configuration_schema: type.triggerRequestFormat.value }),
    ...(type.callRequestFormat && { request_schema: type.callRequestFormat.value }),
    instance_count: hub.triggers.countOfType(type.id),
  };
}

function typeInfo(hub: Hub, input: Input): unknown {
  const id = idOf(input, INFO_TYPE);
  const namespace = stringOf(input, 'namespace', INFO_TYPE) ?? DEFAULT_NAMESPACE;
  const type = hub.triggers.findType(namespace, id);
  if (!type) throw notFound(`Trigger type '${id}' is not registered in namespace '${namespace}'.`);
  return typeDetail(hub, type);
}

function listTriggers(hub: Hub, input: Input): unknown[] {
  const search = stringOf(input, 'search', LIST);
  const typeId = stringOf(input, 'trigger_type', LIST);
  const functionId = stringOf(input, 'function_id', LIST);
  const worker = stringOf(input, 'worker', LIST);
  return [...hub.triggers.all()]
    .filter((t) => t.state.kind === 'active' || input.include_pending === true)
    .filter((t) => includesInternal(input) || !t.functionId.startsWith('engine::'))
    .filter((t) => typeId === undefined || t.typeId === typeId)
    .filter((t) => functionId === undefined || t.functionId === functionId)
    .filter(
      (t) => !search || rankOf(search, `${t.id} ${t.typeId} ${t.functionId}`, '') !== undefined,
    )
    .sort((a, b) => byText(a.id, b.id))
    .map((t) => triggerRow(hub, t))
    .filter((row) => worker === undefined || row.worker_name === worker);
}

function triggerInfo(hub: Hub, input: Input): unknown {
  const id = idOf(input, INFO);
  const trigger = hub.triggers.find(id);
  if (!trigger) throw notFound(`Registered trigger '${id}' was not found.`);
  const target = hub.functions.find(trigger.namespace, trigger.functionId);
  const { config_summary: _, ...row } = triggerRow(hub, trigger);
  return {
    ...row,
    ...(trigger.metadata && { metadata: trigger.metadata.value }),
    trigger: trigger.state.kind === 'pending' ? null : typeDetail(hub, trigger.state.type),
    function: target ? detailOf(hub, target) : null,
  };
}

/** Binds without an owner; a provider's refusal is the caller's error, its silence is consent. */
async function registerTrigger(hub: Hub, input: Input): Promise<unknown> {
  const typeId = requiredString(input, 'trigger_type', REGISTER);
  const providerNamespace = stringOf(input, 'trigger_namespace', REGISTER);
  if (providerNamespace !== undefined && providerNamespace.trim() === '') {
    throw new EngineFunctionError(
      'INVALID_NAMESPACE',
      '`trigger_namespace` is empty: leave it out, or name a namespace.',
    );
  }
  const metadata = input.metadata;
  let resolveAnswer: (error: ErrorBody | undefined) => void = () => {};
  const answer = new Promise<ErrorBody | undefined>((resolve) => {
    resolveAnswer = resolve;
  });
  const outcome = hub.triggers.add({
    id: randomUUID(),
    typeId,
    functionId: requiredString(input, 'function_id', REGISTER),
    config: Payload.ofValue(input.config),
    metadata: metadata === undefined || metadata === null ? undefined : Payload.ofValue(metadata),
    owner: null,
    namespace: DEFAULT_NAMESPACE,
    providerNamespace,
    homeNamespace: DEFAULT_NAMESPACE,
    onAnswer: resolveAnswer,
  });
  if (outcome.kind !== 'added') throw new Error('a fresh trigger id was taken');
  const { trigger } = outcome;
  if (isAwaitingProvider(trigger)) {
    const timer = setTimeout(() => resolveAnswer(undefined), TRIGGER_ACK_TIMEOUT_MS);
    const error = await answer;
    clearTimeout(timer);
    if (error) {
      hub.triggers.remove(trigger);
      throw new EngineFunctionError(
        'trigger_registration_failed',
        `${error.code}: ${error.message}`,
      );
    }
  }
  return { id: trigger.id };
}

function isAwaitingProvider(trigger: Trigger): boolean {
  return trigger.state.kind === 'active' && trigger.state.type.connection !== null;
}

/** Whether a caller announced a version below `major.minor`. */
export function isBefore(caller: Connection | null, major: number, minor: number): boolean {
  const match = /^(\d+)\.(\d+)/.exec(caller?.info.version ?? '');
  if (!match) return false;
  const [, m, n] = match.map(Number) as [number, number, number];
  return m < major || (m === major && n < minor);
}
