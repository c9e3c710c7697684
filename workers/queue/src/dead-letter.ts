// SPDX-License-Identifier: Apache-2.0
import type { Broker } from './broker.ts';
import { type Job, writeJob } from './job.ts';
import { type LaneRow, laneId } from './lane.ts';
import type { Topics } from './topics.ts';

/** Which dead jobs are meant; without any member, all. */
export interface DeadFilter {
  readonly functionId?: string | undefined;
  readonly errorContains?: string | undefined;
  /** Seconds since 1970. */
  readonly failedBefore?: number | undefined;
  readonly failedAfter?: number | undefined;
}

/** A dead job as operators see it. */
export interface DeadMessage {
  readonly id: string;
  readonly payload: string;
  readonly error: string;
  readonly failed_at: number;
  readonly retries: number;
  readonly size_bytes: number;
}

/** Dead jobs handled in one go. */
const AT_ONCE = 500;

/** Jobs that used up their attempts: looked at, tried again, or thrown away. */
export class DeadLetters {
  readonly #broker: Broker;
  readonly #topics: Topics;

  constructor(broker: Broker, topics: Topics) {
    this.#broker = broker;
    this.#topics = topics;
  }

  /** A named queue of that name, or else the topic's queues. */
  rows(name: string): LaneRow[] {
    const named = this.#broker.store.lane(laneId({ kind: 'named', name }));
    const isConfigured = this.#broker.settingsOfNamed(name) !== undefined;
    if (named !== undefined && isConfigured) return [named];
    const ofTopic = this.#topics.rows(name);
    return ofTopic.length === 0 && named !== undefined ? [named] : ofTopic;
  }

  count(name: string): number {
    return this.rows(name).reduce((sum, row) => sum + row.dead, 0);
  }

  /** Newest failure first. */
  async browse(name: string, offset: number, limit: number): Promise<DeadMessage[]> {
    await this.#broker.store.settled();
    const reach = Math.min(offset + limit, Number.MAX_SAFE_INTEGER);
    return this.rows(name)
      .flatMap((row) => this.#broker.store.dead(row.id, reach))
      .sort((a, b) => (b.failedAtMs ?? 0) - (a.failedAtMs ?? 0))
      .slice(offset, reach)
      .map(describeDead);
  }

  /** Queues again, oldest failure first, with all attempts ahead; tells how many. */
  redrive(name: string, filter: DeadFilter): Promise<number> {
    return this.#forAll(name, filter, reviveJob);
  }

  /** Throws away; tells how many. */
  discard(name: string, filter: DeadFilter): Promise<number> {
    return this.#forAll(name, filter, () => undefined);
  }

  redriveOne(name: string, id: string): Promise<boolean> {
    return this.#forOne(name, id, reviveJob);
  }

  discardOne(name: string, id: string): Promise<boolean> {
    return this.#forOne(name, id, () => undefined);
  }

  async #forOne(name: string, id: string, change: (job: Job) => Job | undefined): Promise<boolean> {
    const job = this.#broker.store.find(id);
    const isHere = this.rows(name).some((row) => row.id === job?.lane);
    if (job?.state !== 'dead' || !isHere) return false;
    return this.#broker.move(job, change(job));
  }

  /** Those that die anew meanwhile are left for the next time. */
  async #forAll(
    name: string,
    filter: DeadFilter,
    change: (job: Job) => Job | undefined,
  ): Promise<number> {
    const startMs = this.#broker.now();
    let moved = 0;
    for (const row of this.rows(name)) {
      for (let isMore = true; isMore; ) {
        await this.#broker.store.settled();
        const reach = isUnfiltered(filter) ? AT_ONCE : Number.MAX_SAFE_INTEGER;
        const dead = this.#broker.store
          .dead(row.id, reach, true)
          .filter((job) => (job.failedAtMs ?? 0) <= startMs && fits(job, filter));
        const results = await Promise.all(dead.map((job) => this.#broker.move(job, change(job))));
        const count = results.filter(Boolean).length;
        moved += count;
        isMore = count > 0 && dead.length === reach;
      }
    }
    return moved;
  }
}

function isUnfiltered(filter: DeadFilter): boolean {
  return Object.values(filter).every((value) => value === undefined);
}

function fits({ functionId, error = '', failedAtMs = 0 }: Job, filter: DeadFilter): boolean {
  const { errorContains, failedBefore, failedAfter } = filter;
  if (filter.functionId !== undefined && filter.functionId !== functionId) return false;
  if (errorContains !== undefined && !error.includes(errorContains)) return false;
  if (failedBefore !== undefined && failedAtMs >= failedBefore * 1000) return false;
  return failedAfter === undefined || failedAtMs > failedAfter * 1000;
}

function reviveJob({ failedAtMs, notBeforeMs, maxAttempts, ...job }: Job): Job {
  return { ...job, state: 'ready', attempts: 0, stops: 0, hasSlot: undefined };
}

function describeDead(job: Job): DeadMessage {
  return {
    id: job.id,
    payload: job.data,
    error: job.error ?? '',
    failed_at: Math.floor((job.failedAtMs ?? 0) / 1000),
    retries: job.attempts,
    size_bytes: Buffer.byteLength(writeJob(job)),
  };
}
