// SPDX-License-Identifier: Apache-2.0
import { defineWorker, type WorkerDefinition } from '@iii-dev/worker-kit';
import { pubsubConfig } from './config.ts';
import { startPubsub } from './start.ts';

/** Tells everybody who subscribed to a topic what is published to it. */
export const pubsubWorker: WorkerDefinition<typeof pubsubConfig> = defineWorker({
  name: 'iii-pubsub',
  aliases: ['pubsub', 'modules::pubsub::PubSubModule'],
  description: 'Fire-and-forget messages to every subscriber of a topic.',
  config: pubsubConfig,
  start: startPubsub,
});
