// SPDX-License-Identifier: Apache-2.0
import type { WorkerLog } from '@iii-dev/worker-kit';
import { Payload, type RawCalls } from 'iii-sdk/internal';
import type { Binding } from './schedule/job.ts';

/** What a handler is called with. */
export function runPayload(
  jobId: string,
  scheduledMs: number,
  actualMs: number,
  extra: Readonly<Record<string, unknown>> = {},
): Payload {
  return Payload.ofValue({
    trigger: 'cron',
    job_id: jobId,
    scheduled_time: timeText(scheduledMs),
    actual_time: timeText(actualMs),
    ...extra,
  });
}

/** RFC 3339 with an offset, and with a fraction only where there is one. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/(\.000)?Z$/, '+00:00');
}

/** Asks the condition, then calls the function. @throws what failed, after logging it */
export async function callBinding(
  raw: RawCalls,
  log: WorkerLog,
  binding: Binding,
  payload: Payload,
  runTimeoutMs: number,
): Promise<void> {
  const { triggerId, conditionId, functionId, metadata, namespace } = binding;
  const timeoutMs = binding.timeoutMs ?? runTimeoutMs;
  let called = conditionId ?? functionId;
  try {
    if (conditionId !== undefined) {
      const verdict = await raw.trigger({ function_id: called, payload, namespace, timeoutMs });
      if (verdict?.text.trim() === 'false') return;
    }
    called = functionId;
    await raw.trigger({ function_id: called, payload, metadata, namespace, timeoutMs });
  } catch (error) {
    const message =
      called === functionId ? 'Cron job execution failed' : 'the condition of a cron job failed';
    log.error(message, {
      job_id: triggerId,
      function_id: called,
      error: error instanceof Error ? error.message : String(error),
    });
    throw error;
  }
}
