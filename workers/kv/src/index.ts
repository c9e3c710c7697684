// SPDX-License-Identifier: Apache-2.0
import { defineWorker, type WorkerDefinition } from '@iii-dev/worker-kit';
import { kvConfig } from './config.ts';
import { startKv } from './start.ts';

/** The `kv_server::*` functions of early engines, kept on disk. */
export const kvWorker: WorkerDefinition<typeof kvConfig> = defineWorker({
  name: 'kv',
  aliases: ['iii-kv', 'kv_server', 'modules::kv_server::KvServer'],
  description: 'Key-value store with indexes, for clients of kv_server.',
  config: kvConfig,
  start: startKv,
});
