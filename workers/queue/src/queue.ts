// SPDX-License-Identifier: Apache-2.0
import { memberTexts } from '@iii-dev/worker-kit';
import { deliver, type Subscription } from './deliver.ts';
import type { Job } from './job.ts';
import type { LaneRow } from './lane.ts';
import { type QueueParts, targetOf } from './queue-parts.ts';
import { RateGate } from './rate.ts';
import { judgeFailure } from './retry.ts';
import type { QueueSettings } from './settings.ts';
import type { ReadyPlace } from './store.ts';
import { Timers } from './timers.ts';
import { GroupWindow, PlainWindow, type Window } from './window.ts';

/**
 * Runs the jobs of one queue.
 *
 * I1  A job runs only when it is stored, and leaves the store only when its call succeeded.
 * I2  No more than `concurrency` run at a time; in a FIFO queue one of each group, in order, and a
 *     failed one holds its group until it succeeds or is dead.
 * I3  While a job runs it stays ready in the store, so that a crash gives it back.
 */
export class Queue {
  readonly row: LaneRow;
  readonly #parts: QueueParts;
  readonly #running = new Map<string, { readonly job: Job; readonly ended: Promise<void> }>();
  readonly #timers = new Timers();
  #settings: QueueSettings;
  #window: Window;
  #gate: RateGate | undefined;
  #subscription: Subscription | undefined;
  #isOpen: boolean;
  #isClosed = false;
  #scan: NodeJS.Immediate | undefined;

  /** A subscriber's queue stands still until it has a subscription. */
  constructor(row: LaneRow, settings: QueueSettings, parts: QueueParts) {
    this.row = row;
    this.#parts = parts;
    this.#settings = settings;
    this.#isOpen = row.identity.kind === 'named';
    this.#window = this.#newWindow();
    this.#gate = settings.rateLimit && new RateGate(settings.rateLimit);
  }

  get settings(): QueueSettings {
    return this.#settings;
  }

  get active(): number {
    return this.#running.size;
  }

  isRunning(id: string): boolean {
    return this.#running.has(id);
  }

  /** Later calls follow the new settings; jobs that run are left alone. */
  configure(settings: QueueSettings): void {
    const isOrderNew = settings.isFifo !== this.#settings.isFifo;
    if (JSON.stringify(settings.rateLimit) !== JSON.stringify(this.#settings.rateLimit)) {
      this.#gate = settings.rateLimit && new RateGate(settings.rateLimit);
    }
    this.#settings = settings;
    if (isOrderNew) this.#window = this.#newWindow();
    this.pump();
  }

  /** Starts to deliver to a subscriber, or stops when there is none. */
  subscribe(subscription: Subscription | undefined): void {
    this.#subscription = subscription;
    this.#isOpen = subscription !== undefined;
    this.pump();
  }

  /** Stops or starts a named queue that was taken out of or put into the config. */
  open(isOpen: boolean): void {
    this.#isOpen = isOpen;
    this.pump();
  }

  insert(place: ReadyPlace): void {
    this.#window.insert(place);
    this.pump();
  }

  /** Starts what may start. */
  pump(): void {
    while (this.#mayStart()) {
      const place = this.#window.take();
      if (place === undefined) return this.#scanOn();
      const job = this.#parts.store.read(this.row.id, place.order);
      if (job === undefined || this.#running.has(job.id)) this.#window.done(place);
      else if (!this.#putOff(place, job)) this.#start(place, job);
    }
  }

  /** Starts no more jobs; resolves when those that run have ended or the deadline is over. */
  async close(deadline: Promise<void>): Promise<void> {
    this.#isClosed = true;
    this.#timers.close();
    clearImmediate(this.#scan);
    const ended = Promise.all([...this.#running.values()].map((run) => run.ended));
    await Promise.race([ended, deadline]);
  }

  #newWindow(): Window {
    const { store } = this.#parts;
    return this.#settings.isFifo
      ? new GroupWindow(store, this.row.id)
      : new PlainWindow(store, this.row.id);
  }

  #mayStart(): boolean {
    return (
      this.#isOpen &&
      !this.#isClosed &&
      !this.row.isPaused &&
      this.#running.size < this.#settings.concurrency
    );
  }

  #scanOn(): void {
    if (!this.#window.isScanning || this.#scan !== undefined) return;
    this.#scan = setImmediate(() => {
      this.#scan = undefined;
      this.pump();
    });
  }

  /** Whether the job may not start yet; it then comes back by itself. */
  #putOff(place: ReadyPlace, job: Job): boolean {
    const now = this.#parts.now();
    const untilMs = Math.max(
      job.notBeforeMs ?? 0,
      this.#parts.absent.untilMs(targetOf(job), now) ?? 0,
    );
    if (untilMs > now) return this.#wait(place, job, untilMs);
    if (this.#gate === undefined || job.hasSlot) return false;
    const { keyField } = this.#gate.limit;
    const key = keyField === undefined ? '' : (memberTexts(job.data)?.get(keyField) ?? '');
    const turnMs = this.#gate.reserve(key, now);
    return turnMs > now && this.#wait(place, { ...job, hasSlot: true }, turnMs);
  }

  /** In a FIFO queue the job blocks its group in place; elsewhere others go first. */
  #wait(place: ReadyPlace, job: Job, untilMs: number): true {
    const { store, now } = this.#parts;
    if (this.#settings.isFifo) {
      if (job.hasSlot) this.#keep(store.move(job, job));
      this.#timers.at(untilMs, now(), () => {
        this.#window.again(place);
        this.pump();
      });
    } else {
      this.#window.done(place);
      const delayed: Job = { ...job, state: 'delayed', notBeforeMs: untilMs };
      this.#keep(store.move(job, delayed).then(() => this.#parts.delayed(untilMs)));
    }
    return true;
  }

  #start(place: ReadyPlace, job: Job): void {
    const ended = this.#run(place, job).finally(() => {
      this.#running.delete(job.id);
      this.pump();
    });
    this.#running.set(job.id, { job, ended });
  }

  /** Never rejects. */
  async #run(place: ReadyPlace, job: Job): Promise<void> {
    const { absent, finished, raw, store } = this.#parts;
    const outcome = await deliver(raw, job, this.row, this.#subscription, this.#settings);
    if (outcome.kind === 'done') {
      absent.found(targetOf(job));
      finished.add({ ...job, attempts: job.attempts + 1 });
      this.#window.done(place);
      this.#keep(store.move(job, undefined));
      return;
    }
    if (this.#isClosed) return;
    this.#fail(place, job, outcome.code, outcome.message);
  }

  #fail(place: ReadyPlace, job: Job, code: string, message: string): void {
    const { absent, log, now, random, store } = this.#parts;
    const verdict = judgeFailure(code, job, this.#settings, random());
    const error = JSON.stringify({ code, message });
    switch (verdict.kind) {
      case 'absent':
        this.#wait(place, job, absent.miss(targetOf(job), now()));
        return;
      case 'stopped':
        return this.#retry(place, job, { ...job, stops: job.stops + 1, error }, 0);
      case 'retry':
        return this.#retry(
          place,
          job,
          { ...job, attempts: verdict.attempts, error },
          verdict.delayMs,
        );
      case 'dead': {
        const { attempts } = verdict;
        const maxAttempts = this.#settings.shownMaxAttempts;
        const dead: Job = {
          ...job,
          state: 'dead',
          attempts,
          maxAttempts,
          error,
          failedAtMs: now(),
        };
        this.#window.done(place);
        this.#keep(store.move(job, dead));
        log.warn('Job exhausted, moved to DLQ', { queue: this.row.id, job_id: job.id, attempts });
        return;
      }
      default:
        return verdict satisfies never;
    }
  }

  /** A FIFO job keeps its place and with it its group (I2); the new count is stored at once. */
  #retry(place: ReadyPlace, from: Job, to: Job, delayMs: number): void {
    const untilMs = this.#parts.now() + delayMs;
    const next: Job = { ...to, notBeforeMs: untilMs, hasSlot: undefined };
    if (!this.#settings.isFifo) {
      this.#window.done(place);
      const stored = this.#parts.store.move(from, { ...next, state: 'delayed' });
      this.#keep(stored.then(() => this.#parts.delayed(untilMs)));
      return;
    }
    this.#keep(
      this.#parts.store.move(from, next).then(() => {
        if (this.#isClosed) return;
        this.#timers.at(untilMs, this.#parts.now(), () => {
          this.#window.again(place);
          this.pump();
        });
      }),
    );
  }

  /** The store itself reports that it failed; what was on its way comes back at the next start. */
  #keep(stored: Promise<unknown>): void {
    stored.catch(() => undefined);
  }
}
