// SPDX-License-Identifier: Apache-2.0
import type { Job } from './job.ts';
import type { LaneIdentity, LaneRow } from './lane.ts';

/** A job without its place, which the store gives it. */
export type NewJob = Omit<Job, 'order'>;

/** Where a ready job stands. */
export interface ReadyPlace {
  readonly order: string;
  readonly group?: string | undefined;
}

/** A key that was used, and the receipt of what it was used for. */
export interface UsedKey {
  readonly lane: string;
  readonly key: string;
  readonly receipt: string;
  readonly untilMs: number;
}

/** What is stored in one go. */
export interface Addition {
  readonly jobs: readonly NewJob[];
  readonly usedKey?: UsedKey | undefined;
  /** Jobs that the new ones replace. */
  readonly replaced?: readonly Job[] | undefined;
}

/**
 * Where the queue worker keeps jobs. What an adapter promises:
 *
 * - A promise resolves once the change is stored to the adapter's standard; a rejection means that
 *   nothing was acknowledged, and the store takes no more.
 * - Changes of one call are stored all or none; calls are stored in their order.
 * - `add` places jobs behind all earlier ones of their queue and priority. A job that moves within
 *   its queue keeps its place, so that a retried job precedes what came after it.
 * - `read`, `find` and `usedKey` see changes that are on their way; `ready`, `due` and `dead` may lag
 *   behind, so what they name must be read again before it is used.
 * - `move` of a job that is no longer where it was does nothing and resolves with `false`.
 * - Counts in a `LaneRow` follow each change at once.
 */
export interface QueueStore {
  readonly isDurable: boolean;
  lanes(): Iterable<LaneRow>;
  lane(id: string): LaneRow | undefined;
  /** Makes the row of a queue; one that is there is returned as it is. */
  openLane(identity: LaneIdentity, nowMs: number): LaneRow;
  saveLane(row: LaneRow): Promise<void>;
  /** Forgets an empty queue. */
  dropLane(id: string): Promise<void>;
  add(addition: Addition): { readonly jobs: readonly Job[]; readonly stored: Promise<void> };
  /** Changes a job, or removes it when `to` is unset. A new lane gives it a new place there. */
  move(from: Job, to: Job | undefined): Promise<boolean>;
  read(lane: string, order: string): Job | undefined;
  find(id: string): Job | undefined;
  /** Ready jobs of a queue, or of one group in it, behind a place. */
  ready(lane: string, after: string, limit: number, group?: string): readonly ReadyPlace[];
  /** Delayed jobs whose time has come, earliest first. */
  due(nowMs: number, limit: number): readonly Job[];
  /** When the next delayed job is due. */
  nextDueMs(): number | undefined;
  /** Dead jobs, newest failure first, or oldest first. */
  dead(lane: string, limit: number, oldestFirst?: boolean): readonly Job[];
  /** Delayed jobs of one queue. */
  delayed(lane: string, limit: number): readonly Job[];
  usedKey(lane: string, key: string, nowMs: number): string | undefined;
  /** The job that waits under a debounce key. */
  debounced(lane: string, key: string): Job | undefined;
  /** Forgets keys whose window is over. */
  sweep(nowMs: number, limit: number): Promise<number>;
  /** Settings of queues that were made at run time, by name. */
  madeQueues(): ReadonlyMap<string, unknown>;
  saveMadeQueue(name: string, settings: unknown): Promise<void>;
  /** Resolves when everything so far is stored. */
  settled(): Promise<void>;
  close(): Promise<void>;
}
