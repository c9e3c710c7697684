// SPDX-License-Identifier: Apache-2.0

/** Where a job stands in the store; a running job stays `ready` there, so that a crash frees it. */
export type StoredState = 'ready' | 'delayed' | 'dead';

/** A message with what is to be done about it. */
export interface Job {
  /** The receipt. */
  readonly id: string;
  /** The queue it is in, by its internal id. */
  readonly lane: string;
  /** Its place among the jobs of its queue; texts in order. */
  readonly order: string;
  readonly state: StoredState;
  readonly functionId: string;
  readonly namespace: string;
  /** JSON text, byte for byte as it came. */
  readonly data: string;
  readonly createdAtMs: number;
  readonly attempts: number;
  /** Calls that ended with their worker and were not counted as attempts. */
  readonly stops: number;
  readonly maxAttempts?: number | undefined;
  readonly priority?: number | undefined;
  /** Jobs of one group run one after another. */
  readonly group?: string | undefined;
  /** When a delayed job is due, or a ready one may be tried again; ms since 1970. */
  readonly notBeforeMs?: number | undefined;
  readonly failedAtMs?: number | undefined;
  /** Why the last attempt failed: `{"code","message"}` as text. */
  readonly error?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly baggage?: string | undefined;
  /** JSON text. */
  readonly metadata?: string | undefined;
  /** A later job of this key replaces it while it waits. */
  readonly debounceKey?: string | undefined;
  /** Its turn under the rate limit of its key has been settled. */
  readonly hasSlot?: boolean | undefined;
}

/** A job as text: what describes it in one line, then the data as it came. */
export function writeJob({ data, ...head }: Job): string {
  return `${JSON.stringify(head)}\n${data}`;
}

/** Reads what {@link writeJob} wrote. */
export function readJob(text: string): Job {
  const end = text.indexOf('\n');
  return { ...(JSON.parse(text.slice(0, end)) as Omit<Job, 'data'>), data: text.slice(end + 1) };
}
