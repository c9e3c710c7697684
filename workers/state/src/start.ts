// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { followConfiguration, type RunningWorker, type WorkerContext } from '@iii-dev/worker-kit';
import { createLmdbStateStore } from './adapters/lmdb.ts';
import { createMemoryStateStore } from './adapters/memory.ts';
import { type StateConfig, stateConfig } from './config.ts';
import { CONFIG_FORMAT } from './config-format.ts';
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
  const followed = followConfiguration(context, {
    id: 'iii-state',
    name: 'State',
    description: 'Distributed key-value state management with reactive change triggers.',
    format: CONFIG_FORMAT,
    schema: stateConfig,
    initialValue: seedOf(config),
    apply(stored) {
      state.apply(stored);
      if (
        stored.given.adapter !== undefined &&
        !isDeepStrictEqual(stored.storage, config.storage)
      ) {
        log.warn('the stored adapter differs from the one in use; it applies at the next start');
      }
    },
  });
  return {
    close() {
      followed.close();
      return state.close();
    },
  };
}

/** What was given, without gaps, and the switch people look for spelled out. */
function seedOf({ given }: StateConfig): Record<string, unknown> {
  const present = Object.entries(given).filter(
    ([, value]) => value !== undefined && value !== null,
  );
  return { triggers_enabled: true, ...Object.fromEntries(present) };
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
