// SPDX-License-Identifier: Apache-2.0
import type { Payload } from 'iii-sdk/internal';
import type { Schedule } from '../expression/schedule.ts';
import type { Due } from './due-heap.ts';

/** One trigger: when to call what, and how to go about it. */
export interface Binding {
  readonly triggerId: string;
  /** The same for every trigger that means the same job, in any process. */
  readonly jobKey: string;
  readonly functionId: string;
  readonly conditionId: string | undefined;
  readonly metadata: Payload | undefined;
  readonly namespace: string | undefined;
  readonly expression: string;
  readonly timezone: string | undefined;
  readonly schedule: Schedule;
  /** What becomes of a run that is due while the one before it goes on. */
  readonly overlap: 'skip' | 'queue' | 'allow';
  /** What becomes of runs that were due while nobody could run them. */
  readonly missed: 'skip' | 'run_once';
  /** Each run starts up to this much late. */
  readonly jitterMs: number;
  /** Unset is the worker's own limit. */
  readonly timeoutMs: number | undefined;
}

/** What happened to a job's runs since it was registered. */
export interface JobCounts {
  runs: number;
  failures: number;
  /** Left out since the run before went on. */
  skipped: number;
  /** Left out since nobody was there to run them. */
  missed: number;
}

/** A schedule and the triggers that share it; the first of them is the one that is called. */
export interface Job extends Due {
  readonly key: string;
  /** By trigger id, oldest first; never empty while the job is scheduled. */
  readonly bindings: Map<string, Binding>;
  /** The time the next run is for; unset when there is none. */
  dueMs: number | undefined;
  lastRunMs: number | undefined;
  running: number;
  /** Times that are claimed and wait for the run before them. */
  readonly queue: number[];
  readonly counts: JobCounts;
}

/** A job nothing is scheduled for yet. */
export function makeJob(key: string): Job {
  return {
    key,
    bindings: new Map(),
    place: -1,
    wakeMs: 0,
    dueMs: undefined,
    lastRunMs: undefined,
    running: 0,
    queue: [],
    counts: { runs: 0, failures: 0, skipped: 0, missed: 0 },
  };
}

/** The trigger that is called; nothing once all are gone. */
export function leadOf(job: Job): Binding | undefined {
  for (const binding of job.bindings.values()) return binding;
  return undefined;
}
