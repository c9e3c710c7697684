// SPDX-License-Identifier: Elastic-2.0
import { DEFAULT_NAMESPACE } from '@iii-dev/protocol';
import type { Connection } from '../hub/connection.ts';
import type { Hub } from '../hub/hub.ts';
import { type Input, notFound, requiredString, stringOf } from './input.ts';
import {
  byText,
  ENGINE_WORKER_NAME,
  functionRow,
  nameOf,
  triggerRow,
  triggerTypeRow,
} from './rows.ts';
import { describe } from './schema.ts';

const LIST = 'engine::workers::list';
const INFO = 'engine::workers::info';

/** `engine::workers::list` and `::info`: who is connected. */
export function installWorkerListings(hub: Hub): void {
  const startedAtMs = hub.now();
  hub.addEngineFunction(
    LIST,
    describe(
      'Lists connected workers.',
      { search: 'string', runtime: 'string', status: 'string', worker_id: 'string' },
      { 'workers!': 'objects' },
    ),
    (input) => ({ workers: listWorkers(hub, input, startedAtMs) }),
  );
  hub.addEngineFunction(
    INFO,
    describe(
      'Describes one worker with everything it serves.',
      { 'name!': 'string', namespace: 'string' },
      { 'worker!': 'object', 'functions!': 'objects', 'trigger_types!': 'objects' },
    ),
    (input) => workerInfo(hub, input),
  );
}

function listWorkers(hub: Hub, input: Input, startedAtMs: number): unknown[] {
  const search = stringOf(input, 'search', LIST)?.toLowerCase();
  const runtime = stringOf(input, 'runtime', LIST);
  const status = stringOf(input, 'status', LIST);
  const workerId = stringOf(input, 'worker_id', LIST);
  const rows = [engineRow(hub, startedAtMs)];
  for (const connection of hub.connections()) {
    if (connection.isListed) rows.push(workerRow(hub, connection));
  }
  return rows
    .filter(
      (row) =>
        !search ||
        String(row.name ?? '')
          .toLowerCase()
          .includes(search),
    )
    .filter((row) => runtime === undefined || row.runtime === runtime)
    .filter((row) => status === undefined || row.status === status)
    .filter((row) => workerId === undefined || row.id === workerId)
    .sort(
      (a, b) =>
        byText(String(a.name ?? a.id), String(b.name ?? b.id)) ||
        byText(String(a.id), String(b.id)),
    );
}

function engineRow(hub: Hub, startedAtMs: number): Record<string, unknown> {
  const functions = [...hub.functions.all()]
    .filter((entry) => entry.builtIns.some((provider) => provider.kind === 'engine'))
    .map((entry) => entry.id);
  return {
    name: ENGINE_WORKER_NAME,
    description: 'The functions of the engine itself.',
    version: hub.engineVersion,
    id: ENGINE_WORKER_NAME,
    namespace: DEFAULT_NAMESPACE,
    runtime: 'engine',
    os: null,
    status: 'available',
    function_count: functions.length,
    functions,
    connected_at_ms: startedAtMs,
    active_invocations: 0,
    isolation: 'in-process',
    ip_address: null,
    internal: true,
  };
}

function workerRow(hub: Hub, connection: Connection): Record<string, unknown> {
  const { info, builtIn } = connection;
  const functions = [...connection.functions].map((entry) => entry.id).sort();
  return {
    name: nameOf(connection),
    description: info.description,
    version: builtIn ? hub.engineVersion : info.version,
    id: builtIn?.entry ?? connection.id,
    namespace: connection.namespace,
    runtime: builtIn ? 'engine' : info.runtime,
    os: info.os,
    status: connection.isDraining ? 'draining' : builtIn ? 'available' : 'connected',
    function_count: functions.length,
    functions,
    connected_at_ms: connection.connectedAtMs,
    active_invocations: connection.executing.size,
    isolation: connection.link.kind === 'memory' ? 'in-process' : info.isolation,
    ip_address: connection.link.remoteAddress,
    internal: builtIn !== null,
  };
}

function workerInfo(hub: Hub, input: Input): unknown {
  const name = requiredString(input, 'name', INFO);
  const connection = findWorker(hub, name, stringOf(input, 'namespace', INFO));
  const provided = new Set(connection.triggerTypes);
  return {
    worker: { ...workerRow(hub, connection), pid: connection.info.pid },
    functions: [...connection.functions]
      .sort((a, b) => byText(a.id, b.id))
      .map((entry) => functionRow(entry)),
    trigger_types: [...provided].map(triggerTypeRow),
    registered_triggers: [...connection.triggers].map((trigger) => triggerRow(hub, trigger)),
  };
}

function findWorker(hub: Hub, name: string, namespace: string | undefined): Connection {
  const all = [...hub.connections()].filter(
    (c) => c.isListed && (nameOf(c) === name || c.id === name),
  );
  const found = all.filter((c) => namespace === undefined || c.namespace === namespace);
  const namespaces = [...new Set(all.map((c) => c.namespace))].sort().join(', ');
  if (found.length === 0) {
    throw notFound(
      all.length === 0
        ? `Worker '${name}' is not connected.`
        : `Worker '${name}' is not connected in namespace '${namespace}'; it is in: ${namespaces}.`,
    );
  }
  if (new Set(found.map((c) => c.namespace)).size > 1) {
    throw notFound(
      `Worker '${name}' is connected in several namespaces (${namespaces}); pass \`namespace\`.`,
    );
  }
  // Several connections of one name are replicas; the newest stands for them.
  return found.at(-1) as Connection;
}
