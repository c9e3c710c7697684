// SPDX-License-Identifier: Elastic-2.0
import { DEFAULT_NAMESPACE, MAX_LABEL_CODEPOINTS } from '@iii-dev/protocol';
import type { Connection } from '../hub/connection.ts';
import type { Hub } from '../hub/hub.ts';
import { LIVENESS_PROBE_MS } from '../hub/registrar.ts';
import { EngineFunctionError } from '../hub/route-call.ts';
import type { Input } from './input.ts';
import { describe } from './schema.ts';

const REGISTER = 'engine::workers::register';

/** `engine::workers::register`: a worker says who it is, which also fixes its namespace. */
export function installWorkerRegistration(hub: Hub): void {
  hub.addEngineFunction(
    REGISTER,
    describe(
      'Announces a worker: name, runtime, namespace.',
      {
        runtime: 'string',
        version: 'string',
        name: 'string',
        description: 'string',
        os: 'string',
        telemetry: 'object',
        pid: 'integer',
        isolation: 'string',
        namespace: 'string',
        capabilities: 'strings',
      },
      { 'success!': 'boolean' },
    ),
    (input, caller) => (caller ? announce(hub, caller, input) : { success: true }),
  );
}

function announce(hub: Hub, connection: Connection, input: Input): unknown {
  const declared = optionalString(input.namespace);
  const name = sanitizeLabel(input.name);
  if (declared !== null && declared.trim() === '') {
    throw new EngineFunctionError(
      'INVALID_NAMESPACE',
      `namespace is empty: worker '${name ?? connection.id}' declared ${JSON.stringify(declared)}. Leave it out to use "default".`,
    );
  }
  const namespace =
    connection.lifecycle.kind === 'placed'
      ? connection.lifecycle.namespace
      : (declared ?? DEFAULT_NAMESPACE);
  const owner = name === null ? undefined : hub.registrar.nameOwner(namespace, name);
  if (name === null || !owner || owner === connection || isShared(name)) {
    return admit(hub, connection, input, namespace, name, !isShared(name ?? ''));
  }
  return settleNameConflict(hub, connection, owner, input, namespace, name);
}

/** Commands come and go under one name; two at a time are no conflict. */
function isShared(name: string): boolean {
  return name.startsWith('iii-cli:');
}

/**
 * A holder that does not answer a probe is gone and is taken over. Against a live one, a client
 * that knows the rejection gets it; older ones would reconnect for ever, so both may stay.
 */
async function settleNameConflict(
  hub: Hub,
  connection: Connection,
  owner: Connection,
  input: Input,
  namespace: string,
  name: string,
): Promise<unknown> {
  const isAlive = !owner.isClosed && (await owner.link.probe(LIVENESS_PROBE_MS));
  if (connection.isClosed) return { success: false };
  const holder = hub.registrar.nameOwner(namespace, name);
  if (!isAlive && holder === owner) owner.link.terminate();
  if (!isAlive || !holder) return admit(hub, connection, input, namespace, name, true);
  if (isLegacy(input)) return admit(hub, connection, input, namespace, name, false);
  hub.log.warn('Worker refused: its name is taken', { name, namespace, worker_id: connection.id });
  connection.send({
    type: 'registrationrejected',
    code: 'WORKER_NAMESPACE_CONFLICT',
    namespace,
    worker_name: name,
    owner_worker_id: holder.id,
  });
  connection.link.close();
  return { success: false };
}

function isLegacy(input: Input): boolean {
  const version = optionalString(input.version);
  const match = /^(\d+)\.(\d+)/.exec(version ?? '');
  return match !== null && Number(match[1]) === 0 && Number(match[2]) < 23;
}

function admit(
  hub: Hub,
  connection: Connection,
  input: Input,
  namespace: string,
  name: string | null,
  leases: boolean,
): { success: true } {
  const { info } = connection;
  info.runtime = optionalString(input.runtime) ?? 'unknown';
  info.version = optionalString(input.version);
  info.telemetry = input.telemetry ?? null;
  info.name = name ?? info.name;
  info.description = sanitizeLabel(input.description) ?? info.description;
  info.os = optionalString(input.os) ?? info.os;
  info.pid = typeof input.pid === 'number' ? input.pid : info.pid;
  info.isolation = optionalString(input.isolation) ?? info.isolation;
  const capabilities = input.capabilities;
  if (Array.isArray(capabilities)) connection.capabilities = new Set(capabilities.map(String));
  connection.hasAnnounced = true;
  if (name !== null && leases) hub.registrar.leaseName(connection, namespace, name);
  hub.registrar.place(connection, namespace);
  hub.log.info('Worker registered', { worker_id: connection.id, name: info.name, namespace });
  hub.events.workerChanged('worker_metadata_updated', connection.id);
  return { success: true };
}

function optionalString(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Control characters, bidirectional overrides and line separators, which would forge listings. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be removed
const FORBIDDEN_IN_LABELS = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]/g;

/** A name or description fit for listings; null when nothing is left. */
export function sanitizeLabel(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const clean = [...value.replace(FORBIDDEN_IN_LABELS, '')]
    .slice(0, MAX_LABEL_CODEPOINTS)
    .join('')
    .trim();
  return clean === '' ? null : clean;
}
