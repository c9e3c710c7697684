// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import type { RunningWorker, WorkerContext, WorkerLog } from '@iii-dev/worker-kit';
import { Payload } from 'iii-sdk/internal';
import { createLmdbKvStore } from './adapters/lmdb.ts';
import { createMemoryKvStore } from './adapters/memory.ts';
import type { KvConfig } from './config.ts';
import { KV_FUNCTIONS, type KvFunction } from './functions.ts';
import { Input } from './input.ts';
import type { KvStore } from './store.ts';
import { Sweeper } from './sweeper.ts';

/** Opens the store, then offers the functions. */
export async function startKv(
  context: WorkerContext<KvConfig>,
  now: () => number = Date.now,
): Promise<RunningWorker> {
  const { config, log, raw } = context;
  const store = await openKvStore(context, now);
  const kv = { store, config, now };
  for (const definition of KV_FUNCTIONS) {
    const { id, description } = definition;
    raw.registerFunction(
      id,
      async (data) => {
        const text = await definition.run(kv, new Input(id, data));
        return text === undefined ? undefined : Payload.ofText(text);
      },
      { description, request_format: formatOf(definition) },
    );
  }
  const sweeper = new Sweeper(store, log);
  return {
    async close() {
      await sweeper.close();
      await store.close();
    },
  };
}

async function openKvStore(
  { config: { storage }, dataDir, log }: WorkerContext<KvConfig>,
  now: () => number,
): Promise<KvStore> {
  if (storage.kind === 'memory') {
    warnOfMemory(log, storage.isAsked);
    return createMemoryKvStore(now);
  }
  const folder = storage.folder === undefined ? dataDir : resolve(storage.folder);
  return createLmdbKvStore({
    folder,
    now,
    onFailure: (error) => log.error('values are no longer stored', { error: error.message }),
    onImported: (indexes) =>
      log.info('took over the files of an earlier engine', { folder, indexes }),
  });
}

function warnOfMemory(log: WorkerLog, isAsked: boolean): void {
  if (!isAsked) log.warn('Unknown store_method, defaulting to in_memory');
  log.warn('DO NOT USE IN_MEMORY STORE_METHOD IN PRODUCTION - DATA WILL BE LOST ON SHUTDOWN');
}

function formatOf({ required, optional = [] }: KvFunction): unknown {
  const properties = Object.fromEntries(
    [...required, ...optional].map((name) => [name, FIELDS[name] ?? {}]),
  );
  return { type: 'object', properties, required };
}

const FIELDS: Readonly<Record<string, unknown>> = {
  index: { type: 'string' },
  key: { type: 'string' },
  prefix: { type: 'string' },
  ops: { type: 'array', items: { type: 'object' } },
  ttl_ms: { type: 'integer', minimum: 1, description: 'The value is gone after this long.' },
};
