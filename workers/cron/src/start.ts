// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { followConfiguration, type RunningWorker, type WorkerContext } from '@iii-dev/worker-kit';
import type { TriggerConfig } from 'iii-sdk/trigger';
import { createLmdbCronStore } from './adapters/lmdb.ts';
import { createMemoryCronStore } from './adapters/memory.ts';
import { readBinding } from './binding.ts';
import { type CronConfig, cronConfig } from './config.ts';
import { CONFIG_FORMAT } from './config-format.ts';
import { ScheduleReader } from './expression/schedule.ts';
import { registerFunctions } from './functions.ts';
import { callBinding, runPayload } from './run.ts';
import { type Clock, systemClock } from './schedule/clock.ts';
import { Scheduler } from './schedule/scheduler.ts';
import type { CronStore } from './store.ts';
import { CALL_FORMAT, TRIGGER_FORMAT } from './trigger-formats.ts';

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
  const settings = { runTimeoutMs: config.runTimeoutMs };
  const scheduler = new Scheduler({
    clock,
    store,
    log,
    start(binding, scheduledMs) {
      const payload = runPayload(binding.triggerId, scheduledMs, clock.now());
      return callBinding(raw, log, binding, payload, settings.runTimeoutMs);
    },
  });
  const triggers = { context, schedules, scheduler, warned: new Set<string>() };
  iii.registerTriggerType(
    {
      id: 'cron',
      description: 'Fires at the times of a cron expression.',
      trigger_request_format: TRIGGER_FORMAT,
      call_request_format: CALL_FORMAT,
    },
    {
      registerTrigger: (trigger) => bind(triggers, trigger),
      unregisterTrigger: ({ id }) => unbind(triggers, id),
    },
  );
  registerFunctions({ raw, scheduler, schedules, clock, settings });
  const followed = follow(context, settings);
  return {
    async close() {
      followed.close();
      await scheduler.close(CLOSE_WAIT_MS);
      await store.close();
    },
  };
}

/** Takes up edits; what the store and the expressions read depends on waits for the next start. */
function follow(
  context: WorkerContext<CronConfig>,
  settings: { runTimeoutMs: number },
): { close(): void } {
  const { config, log } = context;
  return followConfiguration(context, {
    id: 'iii-cron',
    name: 'Cron',
    description: 'Scheduled triggers: functions called at the times of a cron expression.',
    format: CONFIG_FORMAT,
    schema: cronConfig,
    initialValue: seedOf(config),
    apply(stored) {
      settings.runTimeoutMs = stored.runTimeoutMs;
      const isSame =
        stored.weekdays === config.weekdays && isDeepStrictEqual(stored.storage, config.storage);
      if (!isSame) log.warn('adapter and weekdays of the settings apply at the next start');
    },
  });
}

/** What was given, without gaps; the adapter by the name it is looked for. */
function seedOf({ given }: CronConfig): Record<string, unknown> {
  const present = Object.entries(given).filter(([, value]) => value != null);
  const adapter = given.adapter == null ? {} : { adapter: { ...given.adapter, name: 'kv' } };
  return { ...Object.fromEntries(present), ...adapter };
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
  const binding = readBinding(trigger, schedules);
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
