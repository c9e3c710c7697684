// SPDX-License-Identifier: Apache-2.0
import type { WorkerLog } from '@iii-dev/worker-kit';
import type { CronStore } from '../store.ts';
import type { Clock } from './clock.ts';
import { DueHeap } from './due-heap.ts';
import { type Binding, type Job, leadOf, makeJob } from './job.ts';

/**
 * Starts the runs of all jobs at their times.
 *
 * I1  One timer for all jobs. It wakes at the latest after a slice, so that a clock that was set or
 *     a machine that slept is noticed.
 * I2  A run is claimed in the store before it starts; one time of a job runs once, whoever shares
 *     the store, whatever the clock does.
 * I3  A trigger that is registered again changes nothing; one that is replaced leaves no second run.
 * I4  After `close` or once a job's last trigger is gone, no run of it starts.
 * I5  What waits or runs at once is bounded per job.
 */
export class Scheduler {
  readonly #clock: Clock;
  readonly #store: CronStore;
  readonly #log: WorkerLog;
  readonly #start: (binding: Binding, scheduledMs: number) => Promise<void>;
  readonly #jobs = new Map<string, Job>();
  readonly #jobOfTrigger = new Map<string, Job>();
  readonly #due = new DueHeap<Job>();
  readonly #runs = new Set<Promise<void>>();
  #stopTimer: (() => void) | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #isClosed = false;
  #hasStoreFailed = false;

  constructor(parts: {
    clock: Clock;
    store: CronStore;
    log: WorkerLog;
    /** Calls a binding's function; rejects when that fails. */
    start: (binding: Binding, scheduledMs: number) => Promise<void>;
  }) {
    this.#clock = parts.clock;
    this.#store = parts.store;
    this.#log = parts.log;
    this.#start = parts.start;
  }

  get jobs(): Iterable<Job> {
    return this.#jobs.values();
  }

  find(triggerId: string): Binding | undefined {
    return this.#jobOfTrigger.get(triggerId)?.bindings.get(triggerId);
  }

  /** Adds a trigger, or replaces the one of its id. */
  add(binding: Binding): void {
    if (this.#isClosed) {
      throw new Error(
        `cron scheduler is shutting down; cannot register job '${binding.triggerId}'`,
      );
    }
    const known = this.#jobOfTrigger.get(binding.triggerId);
    if (known !== undefined && known.key !== binding.jobKey) this.remove(binding.triggerId);
    let job = this.#jobs.get(binding.jobKey);
    const isNew = job === undefined;
    if (job === undefined) {
      job = makeJob(binding.jobKey);
      this.#jobs.set(job.key, job);
    }
    // I3: a binding that is there keeps its place, and its job the time it is due.
    job.bindings.set(binding.triggerId, binding);
    this.#jobOfTrigger.set(binding.triggerId, job);
    if (!isNew) return;
    this.#schedule(job, this.#clock.now());
    void this.#catchUp(job, binding);
  }

  remove(triggerId: string): void {
    const job = this.#jobOfTrigger.get(triggerId);
    if (job === undefined) return;
    this.#jobOfTrigger.delete(triggerId);
    job.bindings.delete(triggerId);
    if (job.bindings.size > 0) return;
    this.#jobs.delete(job.key);
    this.#due.remove(job);
    job.queue.length = 0;
  }

  /** Starts nothing further and waits for runs, but not for ever. May be called twice. */
  async close(waitMs: number): Promise<void> {
    this.#isClosed = true;
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    for (const id of [...this.#jobOfTrigger.keys()]) this.remove(id);
    if (this.#runs.size === 0) return;
    let stop = (): void => {};
    const deadline = new Promise<void>((resolve) => {
      stop = this.#clock.startTimer(waitMs, resolve);
    });
    await Promise.race([Promise.all(this.#runs), deadline]);
    stop();
  }

  #schedule(job: Job, afterMs: number): void {
    const lead = leadOf(job);
    const dueMs = lead?.schedule.next(afterMs);
    job.dueMs = dueMs;
    if (lead === undefined || dueMs === undefined) {
      this.#due.remove(job);
      this.#log.warn('No upcoming schedule found for cron job', {
        job_id: lead?.triggerId,
        expression: lead?.expression,
      });
      return;
    }
    const jitter = lead.jitterMs === 0 ? 0 : Math.floor(this.#clock.random() * (lead.jitterMs + 1));
    job.wakeMs = dueMs + jitter;
    this.#due.put(job);
    this.#arm();
  }

  /** I1 */
  #arm(): void {
    const next = this.#due.peek();
    if (this.#isClosed || next === undefined || next.wakeMs >= this.#timerAtMs) return;
    this.#stopTimer?.();
    const now = this.#clock.now();
    const delay = Math.min(Math.max(next.wakeMs - now, 0), SLICE_MS);
    this.#timerAtMs = now + delay;
    this.#stopTimer = this.#clock.startTimer(delay, () => this.#wake());
  }

  #wake(): void {
    const now = this.#clock.now();
    this.#stopTimer = undefined;
    // While jobs are put back one by one, none of them needs a timer of its own.
    this.#timerAtMs = Number.NEGATIVE_INFINITY;
    for (let job = this.#due.peek(); job !== undefined && job.wakeMs <= now; ) {
      this.#fire(job, now);
      job = this.#due.peek();
    }
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    this.#arm();
  }

  #fire(job: Job, now: number): void {
    const lead = leadOf(job);
    let dueMs = job.dueMs;
    const isMissed = now - job.wakeMs > MISSED_AFTER_MS;
    this.#schedule(job, Math.max(now, dueMs ?? now));
    if (lead === undefined || dueMs === undefined) return;
    if (isMissed) {
      job.counts.missed += 1;
      this.#log.warn('cron runs were missed', { job_id: lead.triggerId, late_ms: now - dueMs });
      if (lead.missed === 'skip') return;
      dueMs = lead.schedule.latest(dueMs, now) ?? dueMs;
    }
    void this.#claim(job, dueMs);
  }

  /** Runs once what was due since the last run that is stored. */
  async #catchUp(job: Job, { missed, schedule, triggerId }: Binding): Promise<void> {
    if (missed === 'skip') return;
    const now = this.#clock.now();
    const wholeNow = Math.floor(now / 1000) * 1000;
    try {
      const last = await this.#store.lastRun(job.key);
      // The first time, there is nothing to miss; but from here on there is.
      if (last === undefined) return void (await this.#store.claim(job.key, wholeNow, now));
      job.lastRunMs ??= last;
      const dueMs = schedule.latest(last, now);
      if (dueMs === undefined) return;
      job.counts.missed += 1;
      this.#log.info('a missed cron run is made up for', { job_id: triggerId });
      await this.#claim(job, dueMs);
    } catch (error) {
      this.#noteStoreFailure(error);
    }
  }

  /** I2 */
  async #claim(job: Job, dueMs: number): Promise<void> {
    try {
      if (!(await this.#store.claim(job.key, dueMs, this.#clock.now()))) return;
    } catch (error) {
      this.#noteStoreFailure(error);
      return;
    }
    const lead = leadOf(job);
    // I4
    if (lead === undefined || this.#isClosed) return;
    job.lastRunMs = dueMs;
    const isFree = job.running === 0 || (lead.overlap === 'allow' && job.running < WAITING_LIMIT);
    if (isFree) this.#run(job, dueMs);
    else if (lead.overlap === 'queue' && job.queue.length < WAITING_LIMIT) job.queue.push(dueMs);
    else job.counts.skipped += 1;
  }

  #run(job: Job, dueMs: number): void {
    const lead = leadOf(job);
    if (lead === undefined) return;
    job.running += 1;
    job.counts.runs += 1;
    const run = this.#start(lead, dueMs)
      .catch(() => {
        // Whoever made the call has put it in the log.
        job.counts.failures += 1;
      })
      .then(() => {
        job.running -= 1;
        this.#runs.delete(run);
        const next = job.queue.shift();
        if (next !== undefined && !this.#isClosed) this.#run(job, next);
      });
    this.#runs.add(run);
  }

  #noteStoreFailure(error: unknown): void {
    // A store that has failed stays so, and would fill the log with every tick of every job.
    if (this.#hasStoreFailed) return;
    this.#hasStoreFailed = true;
    this.#log.error('cron runs cannot be claimed and do not start', {
      error: error instanceof Error ? error.message : String(error),
    });
  }
}

/** Longest sleep, ms: how late a clock that was set forward is noticed. */
const SLICE_MS = 30_000;
/** A run this late was missed, ms: more than a busy process is late, less than a sleeping one. */
const MISSED_AFTER_MS = 60_000;
/** Runs of one job that wait, or that `allow` lets go on at once. */
const WAITING_LIMIT = 100;
