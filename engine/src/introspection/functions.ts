// SPDX-License-Identifier: Elastic-2.0
import { DEFAULT_NAMESPACE } from '@iii-dev/protocol';
import { type FunctionEntry, shownProvider } from '../hub/function-registry.ts';
import type { Hub } from '../hub/hub.ts';
import {
  type Input,
  includesInternal,
  invalidArguments,
  notFound,
  requiredString,
  stringOf,
  stringsOf,
} from './input.ts';
import { byText, functionRow, isInternalFunction, nameOf, rankOf } from './rows.ts';
import { describe } from './schema.ts';

const LIST = 'engine::functions::list';
const INFO = 'engine::functions::info';
const MAX_BATCH = 32;

/** `engine::functions::*`: what can be called. */
export function installFunctionListings(hub: Hub): void {
  hub.events.listFunctions = () =>
    [...hub.functions.all()].sort((a, b) => byText(a.id, b.id)).map(functionRow);
  hub.addEngineFunction(
    LIST,
    describe(
      'Lists functions of all namespaces.',
      {
        search: 'string',
        prefix: 'string',
        worker: 'string',
        workers: 'strings',
        include_internal: 'boolean',
      },
      { 'functions!': 'objects' },
    ),
    (input) => ({ functions: listFunctions(hub, input) }),
  );
  hub.addEngineFunction(
    INFO,
    describe(
      'Describes one function, or up to 32, with schemas and bound triggers.',
      { function_id: 'string', function_ids: 'strings', namespace: 'string' },
      {
        function_id: 'string',
        functions: 'objects',
        request_schema: 'any',
        response_schema: 'any',
      },
    ),
    (input) => functionsInfo(hub, input),
  );
}

function listFunctions(hub: Hub, input: Input): unknown[] {
  const search = stringOf(input, 'search', LIST);
  const prefix = stringOf(input, 'prefix', LIST);
  const worker = stringOf(input, 'worker', LIST);
  const workers = new Set([
    ...(stringsOf(input, 'workers', LIST) ?? []),
    ...(worker ? [worker] : []),
  ]);
  const hits: { entry: FunctionEntry; row: Record<string, unknown>; rank: number }[] = [];
  for (const entry of hub.functions.all()) {
    if (!includesInternal(input) && isInternalFunction(entry)) continue;
    if (prefix !== undefined && !entry.id.startsWith(prefix)) continue;
    const row = functionRow(entry);
    if (workers.size > 0 && !isServedBy(entry, row, workers)) continue;
    const rank = search
      ? rankOf(search, entry.id, shownProvider(entry)?.description.description)
      : 0;
    if (rank !== undefined) hits.push({ entry, row, rank });
  }
  hits.sort(
    (a, b) =>
      a.rank - b.rank ||
      byText(a.entry.id, b.entry.id) ||
      byText(a.entry.namespace, b.entry.namespace),
  );
  return hits.map((hit) => hit.row);
}

function isServedBy(
  entry: FunctionEntry,
  row: Record<string, unknown>,
  workers: ReadonlySet<string>,
): boolean {
  if (workers.has(row.worker_name as string)) return true;
  return entry.users.some((provider) => workers.has(nameOf(provider.connection) ?? ''));
}

function functionsInfo(hub: Hub, input: Input): unknown {
  const single = stringOf(input, 'function_id', INFO);
  const batch = stringsOf(input, 'function_ids', INFO);
  const namespace = stringOf(input, 'namespace', INFO);
  if (single !== undefined && batch !== undefined) {
    throw invalidArguments('pass either `function_id` or `function_ids`, not both');
  }
  if (single !== undefined) return detailOf(hub, findFunction(hub, single, namespace));
  if (batch === undefined) {
    throw invalidArguments('missing field `function_id` (or `function_ids` for a batch)');
  }
  const ids = [...new Set(batch)];
  if (ids.length === 0) {
    throw invalidArguments('`function_ids` must be a non-empty array of function ids');
  }
  if (ids.length > MAX_BATCH) throw invalidArguments(`too many function_ids (max ${MAX_BATCH})`);
  return {
    functions: ids.map((id) => {
      const entry = lookUp(hub, id, namespace);
      return entry.kind === 'found'
        ? detailOf(hub, entry.entry)
        : { function_id: id, error: 'not_found' };
    }),
  };
}

type LookUp =
  | { readonly kind: 'found'; readonly entry: FunctionEntry }
  | { readonly kind: 'missing' }
  | { readonly kind: 'ambiguous'; readonly namespaces: readonly string[] };

/** With a namespace: that one only. Without: `default`, else the only one that has the id. */
function lookUp(hub: Hub, id: string, namespace: string | undefined): LookUp {
  const direct = hub.functions.find(namespace ?? DEFAULT_NAMESPACE, id);
  if (direct) return { kind: 'found', entry: direct };
  const namespaces = namespace === undefined ? hub.functions.namespacesOf(id) : [];
  if (namespaces.length > 1) return { kind: 'ambiguous', namespaces };
  const only = namespaces[0] === undefined ? undefined : hub.functions.find(namespaces[0], id);
  return only ? { kind: 'found', entry: only } : { kind: 'missing' };
}

function findFunction(hub: Hub, id: string, namespace: string | undefined): FunctionEntry {
  const found = lookUp(hub, id, namespace);
  switch (found.kind) {
    case 'found':
      return found.entry;
    case 'missing':
      throw notFound(
        namespace === undefined
          ? `Function '${id}' is not registered.`
          : `Function '${id}' is not registered in namespace '${namespace}'.`,
      );
    case 'ambiguous':
      throw notFound(
        `Function '${id}' is registered in several namespaces (${found.namespaces.join(', ')}); pass \`namespace\`.`,
      );
    default:
      return found satisfies never;
  }
}

/** A function with its schemas and the bindings that fire it. */
export function detailOf(hub: Hub, entry: FunctionEntry): Record<string, unknown> {
  const { request_format, response_format, ...row } = functionRow(entry);
  const bound = [...hub.triggers.all()].filter(
    (t) =>
      t.functionId === entry.id && t.namespace === entry.namespace && t.state.kind === 'active',
  );
  return {
    ...row,
    ...(request_format !== undefined && { request_schema: request_format }),
    ...(response_format !== undefined && { response_schema: response_format }),
    registered_triggers: bound.map((t) => ({
      id: t.id,
      trigger_type: t.typeId,
      config: t.config.value,
    })),
  };
}

/** Reads the id an info function is asked for. */
export function idOf(input: Input, functionId: string): string {
  return requiredString(input, 'id', functionId);
}
