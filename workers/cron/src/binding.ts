// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { Payload } from 'iii-sdk/internal';
import type { TriggerConfig } from 'iii-sdk/trigger';
import * as v from 'valibot';
import type { ScheduleReader } from './expression/schedule.ts';
import type { Binding } from './schedule/job.ts';

/** Longest time a timer takes, ms. */
const TIMER_LIMIT_MS = 2 ** 31 - 1;

const duration = (least: number) =>
  v.pipe(
    v.number('a number of milliseconds'),
    v.integer('a whole number of milliseconds'),
    v.minValue(least, `at least ${least}`),
    v.maxValue(TIMER_LIMIT_MS, `at most ${TIMER_LIMIT_MS}`),
  );
const optionalText = v.nullish(v.string('a text'));

const triggerConfig = v.looseObject({
  timezone: optionalText,
  condition_function_id: optionalText,
  key: optionalText,
  overlap: v.nullish(v.picklist(['skip', 'queue', 'allow'], '"skip", "queue" or "allow"')),
  missed: v.nullish(v.picklist(['skip', 'run_once'], '"skip" or "run_once"')),
  jitter_ms: v.nullish(duration(0)),
  timeout_ms: v.nullish(duration(1)),
});

/** A trigger's config → a binding. @throws Error saying what is wrong */
export function readBinding(trigger: TriggerConfig, schedules: ScheduleReader): Binding {
  const raw = typeof trigger.config === 'object' && trigger.config !== null ? trigger.config : {};
  const { expression } = raw as { expression?: unknown };
  if (typeof expression !== 'string' || expression === '') {
    throw new Error('Cron expression is required');
  }
  const parsed = v.safeParse(triggerConfig, raw);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const name = String(issue.path?.[0]?.key ?? 'config');
    throw new Error(
      `\`${name}\` of a cron trigger must be ${issue.message}, got ${JSON.stringify(issue.input)}`,
    );
  }
  const config = parsed.output;
  const timezone = config.timezone || undefined;
  const conditionId = config.condition_function_id || undefined;
  const schedule = schedules.read(expression, timezone);
  const identity = [trigger.namespace ?? null, trigger.function_id, expression, timezone ?? null];
  const telling = config.key ?? [conditionId ?? null, trigger.metadata ?? null];
  return {
    triggerId: trigger.id,
    // Ids of triggers are random and new in every process; what the trigger says is not.
    jobKey: createHash('sha256')
      .update(JSON.stringify([...identity, telling]))
      .digest('hex'),
    functionId: trigger.function_id,
    conditionId,
    metadata: trigger.metadata === undefined ? undefined : Payload.ofValue(trigger.metadata),
    namespace: trigger.namespace,
    expression,
    timezone,
    schedule,
    overlap: config.overlap ?? 'skip',
    missed: config.missed ?? 'skip',
    jitterMs: config.jitter_ms ?? 0,
    timeoutMs: config.timeout_ms ?? undefined,
  };
}
