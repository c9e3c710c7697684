// SPDX-License-Identifier: Apache-2.0
import { Payload, type RawCalls } from 'iii-sdk/internal';
import type { Job } from './job.ts';
import type { LaneRow } from './lane.ts';
import type { QueueSettings } from './settings.ts';

/** What a live subscription says about the delivery. */
export interface Subscription {
  readonly conditionId: string | undefined;
  readonly metadata: Payload | undefined;
}

/** What came of a delivery. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** Calls the function of a job, after its condition. Never rejects. */
export async function deliver(
  raw: RawCalls,
  job: Job,
  row: LaneRow,
  subscription: Subscription | undefined,
  settings: QueueSettings,
): Promise<Outcome> {
  const call = {
    payload: Payload.ofText(job.data),
    namespace: job.namespace,
    timeoutMs: settings.handlerTimeoutMs,
    traceparent: job.traceparent,
    baggage: job.baggage,
  };
  const conditionId = subscription?.conditionId;
  if (conditionId !== undefined) {
    try {
      const verdict = await raw.trigger({ ...call, function_id: conditionId });
      if (verdict?.text.trim() === 'false') return { kind: 'done' };
    } catch (error) {
      const { code, message } = describe(error);
      return { kind: 'failed', code, message: `Condition function error: ${message}` };
    }
  }
  try {
    await raw.trigger({
      ...call,
      function_id: job.functionId,
      metadata: metadataOf(job, row, subscription),
    });
    return { kind: 'done' };
  } catch (error) {
    return { kind: 'failed', ...describe(error) };
  }
}

/** The caller's or the subscription's metadata as it is; without any, the facts about the job. */
function metadataOf(job: Job, row: LaneRow, subscription: Subscription | undefined): Payload {
  if (job.metadata !== undefined) return Payload.ofText(job.metadata);
  if (subscription?.metadata !== undefined) return subscription.metadata;
  return Payload.ofValue({
    iii_queue: { receipt: job.id, attempt: job.attempts + 1, queue: row.identity.name },
  });
}

function describe(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error)) return { code: 'invocation_failed', message: String(error) };
  const code = String((error as { code?: unknown }).code ?? 'invocation_failed');
  const prefix = `${code}: `;
  const { message } = error;
  return { code, message: message.startsWith(prefix) ? message.slice(prefix.length) : message };
}
