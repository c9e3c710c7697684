// SPDX-License-Identifier: Apache-2.0
import { defineWorker, type WorkerDefinition } from '@iii-dev/worker-kit';
import { stateConfig } from './config.ts';
import { startState } from './start.ts';

/** Durable key-value state with triggers on every change. */
export const stateWorker: WorkerDefinition<typeof stateConfig> = defineWorker({
  name: 'iii-state',
  aliases: ['state', 'modules::state::StateModule'],
  description: 'Distributed key-value state management with reactive change triggers.',
  config: stateConfig,
  start: startState,
});
