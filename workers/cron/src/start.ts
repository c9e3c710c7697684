// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import type { RunningWorker, WorkerContext } from '@iii-dev/worker-kit';
import type { TriggerConfig } from 'iii-sdk/trigger';
import { createLmdbCronStore } from './adapters/lmdb.ts';
import { createMemoryCronStore } from './adapters/memory.ts';
import { readBinding } from './binding.ts';
import type { CronConfig } from './config.ts';
import { ScheduleReader } from './expression/schedule.ts';
import { registerFunctions } from './functions.ts';
import { callBinding, runPayload } from './run.ts';
import { type Clock, systemClock } from './schedule/clock.ts';
import { Scheduler } from './schedule/scheduler.ts';
import type { CronStore } from './store.ts';

/** How long closing waits for runs, ms; well within an engine's own drain. */
const CLOSE_WAIT_MS = 3_000;

/** What a test holds in place of the machine's. */
export interface CronSurroundings {
  readonly clock?: Clock;
  /** Given away: the worker closes it. */
  readonly store?: CronStore;
}

/** Opens the store, then offers the trigger type and the functions. */
export async function startCron(
  context: WorkerContext<CronConfig>,
  surroundings: CronSurroundings = {},
): Promise<RunningWorker> {
  const { config, iii, log, raw } = context;
  const clock = surroundings.clock ?? systemClock;
  const store = surroundings.store ?? (await openCronStore(context, clock));
  const schedules = new ScheduleReader(config.weekdays);
  const scheduler = new Scheduler({
    clock,
    store,
    log,
    start: (binding, scheduledMs) =>
      callBinding(raw, log, binding, runPayload(binding.triggerId, scheduledMs, clock.now())),
  });
  const triggers = { context, schedules, scheduler, warned: new Set<string>() };
  iii.registerTriggerType(
    {
      id: 'cron',
      description: 'Fires at the times of a cron expression.',
      trigger_request_format: CONFIG_FORMAT,
      call_request_format: CALL_FORMAT,
    },
    {
      registerTrigger: (trigger) => bind(triggers, trigger),
      unregisterTrigger: ({ id }) => unbind(triggers, id),
    },
  );
  registerFunctions({ raw, scheduler, schedules, clock });
  return {
    async close() {
      await scheduler.close(CLOSE_WAIT_MS);
      await store.close();
    },
  };
}

async function openCronStore(
  { config, dataDir, log }: WorkerContext<CronConfig>,
  clock: Clock,
): Promise<CronStore> {
  if (config.hasChosenAdapter) {
    log.warn('KvCronAdapter uses process-local locks; cron jobs may run on every engine instance');
  }
  if (config.storage.kind === 'memory') return createMemoryCronStore();
  const { folder } = config.storage;
  return createLmdbCronStore({
    folder: folder === undefined ? dataDir : resolve(folder),
    nowMs: clock.now(),
    onFailure: (error) => log.error('cron runs are no longer stored', { error: error.message }),
  });
}

interface Triggers {
  readonly context: WorkerContext<CronConfig>;
  readonly schedules: ScheduleReader;
  readonly scheduler: Scheduler;
  /** Expressions whose weekdays the log has explained. */
  readonly warned: Set<string>;
}

/** Expressions remembered as explained. */
const WARNED_LIMIT = 1000;

function bind({ context, schedules, scheduler, warned }: Triggers, trigger: TriggerConfig): void {
  const { config, log } = context;
  const binding = readBinding(trigger, schedules, config.runTimeoutMs);
  const isKnown = scheduler.find(binding.triggerId)?.jobKey === binding.jobKey;
  scheduler.add(binding);
  if (isKnown) return;
  const { expression, schedule, functionId } = binding;
  log.info('cron job registered', {
    job_id: binding.triggerId,
    expression,
    function_id: functionId,
  });
  const isNews = schedule.expression.hasNumericWeekday && !warned.has(expression);
  if (!isNews || warned.size >= WARNED_LIMIT) return;
  warned.add(expression);
  const isQuartz = config.weekdays === 'quartz' && expression.trim().split(/\s+/).length > 5;
  log.warn('a cron expression numbers its weekdays; names cannot be mistaken', {
    expression,
    read_as: isQuartz ? '1 is Sunday, 7 is Saturday' : '0 or 7 is Sunday, 1 is Monday',
  });
}

function unbind({ context, scheduler }: Triggers, id: string): void {
  if (scheduler.find(id) === undefined) return;
  scheduler.remove(id);
  context.log.info('cron job unregistered', { job_id: id });
}

const text = (description: string) => ({ type: 'string', description });

const CONFIG_FORMAT = {
  type: 'object',
  required: ['expression'],
  properties: {
    expression: text('5, 6 (seconds first) or 7 (year last) fields, or @daily and the like.'),
    condition_function_id: text('Asked first, with the same payload; `false` skips the run.'),
    timezone: text('Zone of the expression, Europe/Berlin; UTC when left out.'),
    overlap: { enum: ['skip', 'queue', 'allow'], default: 'skip' },
    missed: { enum: ['skip', 'run_once'], default: 'skip' },
    jitter_ms: { type: 'integer', minimum: 0, description: 'Each run starts up to this late.' },
    timeout_ms: { type: 'integer', minimum: 1, description: 'When a run counts as ended.' },
    key: text('Tells jobs apart that are the same otherwise.'),
  },
};

const CALL_FORMAT = {
  type: 'object',
  required: ['trigger', 'job_id', 'scheduled_time', 'actual_time'],
  properties: {
    trigger: { const: 'cron' },
    job_id: { type: 'string' },
    scheduled_time: { type: 'string', format: 'date-time' },
    actual_time: { type: 'string', format: 'date-time' },
  },
};
