// SPDX-License-Identifier: Elastic-2.0
import type { Connection } from '../hub/connection.ts';
import { type FunctionEntry, type Provider, shownProvider } from '../hub/function-registry.ts';
import type { Hub } from '../hub/hub.ts';
import type { Trigger, TriggerType } from '../hub/trigger-registry.ts';

/** The name under which the engine's own functions are listed. */
export const ENGINE_WORKER_NAME = 'iii-engine-functions';

/** Name of a connection as listings show it. */
export function nameOf(connection: Connection): string | null {
  return connection.builtIn?.entry ?? connection.info.name;
}

/** Who provides something, for its row: the worker's name, or what its id begins with. */
function providerName(provider: Provider | undefined, id: string): string {
  if (provider?.kind === 'engine') return ENGINE_WORKER_NAME;
  return (provider && nameOf(provider.connection)) || firstSegment(id);
}

export function functionRow(entry: FunctionEntry): Record<string, unknown> {
  const provider = shownProvider(entry);
  const { description, metadata, request_format, response_format } = provider?.description ?? {};
  return {
    function_id: entry.id,
    namespace: entry.namespace,
    worker_name: providerName(provider, entry.id),
    ...(description !== undefined && { description }),
    ...(metadata && { metadata: metadata.value }),
    // Clients up to 0.15 read the formats from the listing.
    ...(request_format && { request_format: request_format.value }),
    ...(response_format && { response_format: response_format.value }),
    replicas: Math.max(entry.users.length, entry.users.length === 0 ? entry.builtIns.length : 0),
  };
}

/** Ids the engine keeps to itself; queue functions are for operators, so they show. */
export function isInternalFunction(entry: FunctionEntry): boolean {
  if (entry.id.startsWith('engine::') && !entry.id.startsWith('engine::queue::')) return true;
  const metadata = shownProvider(entry)?.description.metadata?.value;
  return (
    typeof metadata === 'object' &&
    metadata !== null &&
    (metadata as { internal?: unknown }).internal === true
  );
}

export function triggerTypeRow(type: TriggerType): Record<string, unknown> {
  const owner = type.connection ? nameOf(type.connection) : ENGINE_WORKER_NAME;
  return {
    id: type.id,
    namespace: type.namespace,
    worker_name: owner || firstSegment(type.id),
    description: type.description,
  };
}

/** Characters of a binding's config shown in its row. */
const SUMMARY_LENGTH = 80;

export function triggerRow(hub: Hub, trigger: Trigger): Record<string, unknown> {
  const config = trigger.config.text;
  const characters = [...config.slice(0, SUMMARY_LENGTH * 2 + 2)];
  const target = hub.functions.find(trigger.namespace, trigger.functionId);
  return {
    id: trigger.id,
    trigger_type: trigger.typeId,
    function_id: trigger.functionId,
    namespace: trigger.namespace,
    worker_name:
      (trigger.owner && nameOf(trigger.owner)) ||
      providerName(target && shownProvider(target), trigger.functionId),
    config: trigger.config.value,
    config_summary:
      characters.length > SUMMARY_LENGTH
        ? `${characters.slice(0, SUMMARY_LENGTH).join('')}…`
        : config,
    state: trigger.state.kind,
    ...(trigger.state.kind === 'rejected' && { error: trigger.state.error }),
  };
}

export function firstSegment(id: string): string {
  return id.split('::', 1)[0] || id;
}

/** Case-insensitive rank of a hit: 0 a segment or the start, 1 inside the id, 2 elsewhere. */
export function rankOf(needle: string, id: string, other: string | undefined): number | undefined {
  const wanted = needle.toLowerCase();
  const lower = id.toLowerCase();
  if (lower.startsWith(wanted) || lower.split('::').includes(wanted)) return 0;
  if (lower.includes(wanted)) return 1;
  if (other?.toLowerCase().includes(wanted)) return 2;
  return undefined;
}

export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
