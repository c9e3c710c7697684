// SPDX-License-Identifier: Apache-2.0
import { InvocationError } from 'iii-sdk';
import { Payload, type RawCalls } from 'iii-sdk/internal';
import * as v from 'valibot';
import type { ScheduleReader } from './expression/schedule.ts';
import { runPayload, timeText } from './run.ts';
import type { Clock } from './schedule/clock.ts';
import { type Job, leadOf } from './schedule/job.ts';
import type { Scheduler } from './schedule/scheduler.ts';

/** What the functions work on. */
export interface CronParts {
  readonly raw: RawCalls;
  readonly scheduler: Scheduler;
  readonly schedules: ScheduleReader;
  readonly clock: Clock;
  readonly settings: { readonly runTimeoutMs: number };
}

const MAX_RUNS = 1000;

const nextRunsInput = v.object({
  job_id: v.nullish(v.string()),
  expression: v.nullish(v.string()),
  timezone: v.nullish(v.string()),
  from: v.nullish(v.pipe(v.string(), v.isoTimestamp())),
  count: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_RUNS))),
});
const runInput = v.object({ job_id: v.string() });

/** Registers `cron::list`, `cron::next_runs` and `cron::run`. */
export function registerFunctions(parts: CronParts): void {
  const { raw, scheduler } = parts;
  raw.registerFunction(
    'cron::list',
    () => Payload.ofValue({ jobs: [...scheduler.jobs].map(describeJob) }),
    { description: 'List the scheduled jobs with their last and next run' },
  );
  raw.registerFunction('cron::next_runs', (data) => nextRuns(parts, data), {
    description: 'List the next times of a job or an expression',
  });
  raw.registerFunction('cron::run', (data) => runNow(parts, data), {
    description: 'Call the function of a job at once, outside of its schedule',
  });
}

function describeJob(job: Job): unknown {
  const lead = leadOf(job);
  return {
    job_id: lead?.triggerId,
    trigger_ids: [...job.bindings.keys()],
    function_id: lead?.functionId,
    namespace: lead?.namespace,
    expression: lead?.expression,
    timezone: lead?.timezone ?? 'UTC',
    overlap: lead?.overlap,
    missed: lead?.missed,
    next_run: job.dueMs === undefined ? null : timeText(job.dueMs),
    last_run: job.lastRunMs === undefined ? null : timeText(job.lastRunMs),
    running: job.running,
    counts: job.counts,
  };
}

function nextRuns({ scheduler, schedules, clock }: CronParts, data: Payload): Payload {
  const input = readInput('cron::next_runs', nextRunsInput, data);
  const binding = input.job_id == null ? undefined : scheduler.find(input.job_id);
  if (input.job_id != null && binding === undefined) throw notFound(input.job_id);
  if (binding === undefined && input.expression == null) {
    throw refuse('cron::next_runs', 'either `job_id` or `expression` is needed');
  }
  let schedule = binding?.schedule;
  try {
    schedule ??= schedules.read(input.expression ?? '', input.timezone || undefined);
  } catch (error) {
    throw refuse('cron::next_runs', (error as Error).message);
  }
  const runs: string[] = [];
  let at: number | undefined = input.from == null ? clock.now() : Date.parse(input.from);
  while (at !== undefined && runs.length < (input.count ?? 5)) {
    at = schedule.next(at);
    if (at !== undefined) runs.push(timeText(at));
  }
  return Payload.ofValue({ runs });
}

async function runNow(parts: CronParts, data: Payload): Promise<Payload> {
  const { raw, scheduler, clock, settings } = parts;
  const { job_id } = readInput('cron::run', runInput, data);
  const binding = scheduler.find(job_id);
  if (binding === undefined) throw notFound(job_id);
  const { functionId, metadata, namespace } = binding;
  const now = clock.now();
  const payload = runPayload(job_id, Math.floor(now / 1000) * 1000, now, { manual: true });
  const result = await raw.trigger({
    function_id: functionId,
    payload,
    metadata,
    namespace,
    timeoutMs: binding.timeoutMs ?? settings.runTimeoutMs,
  });
  const { text } = Payload.ofValue({ trigger_id: job_id, function_id: functionId });
  return Payload.ofText(`${text.slice(0, -1)},"result":${result?.text ?? 'null'}}`);
}

function readInput<Schema extends v.GenericSchema>(
  functionId: string,
  schema: Schema,
  data: Payload,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, data.value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const name = issue.path?.map(({ key }) => String(key)).join('.');
  throw refuse(functionId, name === undefined ? issue.message : `\`${name}\`: ${issue.message}`);
}

function refuse(functionId: string, cause: string): InvocationError {
  return new InvocationError({
    code: 'deserialization_error',
    message: `Failed to deserialize input for ${functionId}: ${cause}`,
  });
}

function notFound(id: string): InvocationError {
  return new InvocationError({
    code: 'cron_job_not_found',
    message: `Cron job '${id}' not found`,
  });
}
