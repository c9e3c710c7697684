// SPDX-License-Identifier: Apache-2.0
import { defineWorker, type WorkerDefinition } from '@iii-dev/worker-kit';
import { queueConfig } from './config.ts';
import { startQueue } from './start.ts';

/** Durable topics and named queues with retries and dead letters. */
export const queueWorker: WorkerDefinition<typeof queueConfig> = defineWorker({
  name: 'iii-queue',
  aliases: ['queue', 'modules::queue::QueueModule', 'workers::queue::QueueModule'],
  description: 'Durable topics and queues with retries, FIFO groups and dead letters.',
  config: queueConfig,
  start: startQueue,
});
