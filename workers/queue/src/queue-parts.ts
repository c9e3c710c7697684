// SPDX-License-Identifier: Apache-2.0
import type { WorkerLog } from '@iii-dev/worker-kit';
import type { RawCalls } from 'iii-sdk/internal';
import type { Finished } from './finished.ts';
import type { Job } from './job.ts';
import type { AbsentFunctions } from './retry.ts';
import type { QueueStore } from './store.ts';

/** What all queues share. */
export interface QueueParts {
  readonly store: QueueStore;
  readonly raw: RawCalls;
  readonly log: WorkerLog;
  readonly now: () => number;
  readonly random: () => number;
  readonly absent: AbsentFunctions;
  readonly finished: Finished;
  /** Told when a job was put off, so that its time is not missed. */
  readonly delayed: (dueMs: number) => void;
}

/** What tells the function of a job from others. */
export function targetOf({ functionId, namespace }: Job): string {
  return `${namespace}\n${functionId}`;
}
