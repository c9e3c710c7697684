// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import type { RunningWorker, WorkerContext } from '@iii-dev/worker-kit';
import { createLmdbStateStore } from './adapters/lmdb.ts';
import { createMemoryStateStore } from './adapters/memory.ts';
import type { StateConfig } from './config.ts';
import { DOTTED_FUNCTIONS, STATE_FUNCTIONS } from './functions/index.ts';
import type { StateFunction } from './functions/state-function.ts';
import { Input } from './input.ts';
import { State } from './state.ts';
import type { StateStore } from './store.ts';
import { StateTriggers } from './triggers.ts';

/** Opens the store, then offers the trigger type and the functions. */
export async function startState(context: WorkerContext<StateConfig>): Promise<RunningWorker> {
  const { config, iii, log, raw } = context;
  const store = await openStateStore(context);
  const triggers = new StateTriggers(raw, log, config.areTriggersEnabled);
  const state = new State({ store, triggers, settings: config, log });
  triggers.provide(iii);
  for (const definition of STATE_FUNCTIONS) register(context, state, definition, definition.id);
  for (const definition of DOTTED_FUNCTIONS) {
    register(context, state, definition, definition.id.replace('::', '.'));
  }
  return { close: () => state.close() };
}

async function openStateStore(context: WorkerContext<StateConfig>): Promise<StateStore> {
  const { storage } = context.config;
  if (storage.kind === 'memory') {
    context.log.warn(
      'DO NOT USE IN_MEMORY STORE_METHOD IN PRODUCTION - DATA WILL BE LOST ON SHUTDOWN',
    );
    return createMemoryStateStore();
  }
  const folder = storage.folder === undefined ? context.dataDir : resolve(storage.folder);
  return createLmdbStateStore({
    folder,
    onFailure: (error) => context.log.error('state is no longer stored', { error: error.message }),
    onImported: (scopes) =>
      context.log.info('took over the files of an earlier engine', { folder, scopes }),
  });
}

function register(
  { raw }: WorkerContext<StateConfig>,
  state: State,
  definition: StateFunction,
  id: string,
): void {
  const takesAliases = id !== definition.id;
  raw.registerFunction(id, (data) => definition.run(state, new Input(id, data, takesAliases)), {
    description: definition.description,
    request_format: definition.requestFormat,
    ...(definition.responseFormat === undefined
      ? {}
      : { response_format: definition.responseFormat }),
  });
}
