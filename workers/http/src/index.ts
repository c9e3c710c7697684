// SPDX-License-Identifier: Apache-2.0
import { defineWorker, type WorkerDefinition } from '@iii-dev/worker-kit';
import { httpConfig } from './config.ts';
import { engineOf } from './engine.ts';
import { HttpWorker } from './http-worker.ts';

/** The HTTP worker: binds functions to paths of an HTTP server. */
export const httpWorker: WorkerDefinition<typeof httpConfig> = defineWorker({
  name: 'iii-http',
  aliases: ['http', 'modules::api::RestApiModule'],
  description: 'HTTP triggers',
  config: httpConfig,
  start: ({ iii, raw, config, log }) =>
    HttpWorker.start({ iii, engine: engineOf(iii, raw), config, log }),
});
