// SPDX-License-Identifier: Apache-2.0
import { defineWorker, type WorkerDefinition } from '@iii-dev/worker-kit';
import { cronConfig } from './config.ts';
import { startCron } from './start.ts';

/** Calls functions on schedules. */
export const cronWorker: WorkerDefinition<typeof cronConfig> = defineWorker({
  name: 'iii-cron',
  aliases: ['cron', 'modules::cron::CronModule'],
  description: 'Scheduled triggers: functions called at the times of a cron expression.',
  config: cronConfig,
  start: startCron,
});
