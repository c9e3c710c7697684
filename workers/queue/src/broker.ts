// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import type { WorkerLog } from '@iii-dev/worker-kit';
import { memberTexts } from '@iii-dev/worker-kit';
import type { RawCalls } from 'iii-sdk/internal';
import type { QueueConfig } from './config.ts';
import { DueClock } from './due-clock.ts';
import { Finished } from './finished.ts';
import type { Job } from './job.ts';
import { type LaneIdentity, type LaneRow, laneId } from './lane.ts';
import { type Message, MessageRefused, makeJob } from './message.ts';
import { Queue } from './queue.ts';
import { type QueueEntry, settingsOf } from './queue-entry.ts';
import type { QueueParts } from './queue-parts.ts';
import { AbsentFunctions } from './retry.ts';
import { DEFAULT_SETTINGS, type QueueSettings } from './settings.ts';
import type { Addition, QueueStore } from './store.ts';

/** What a broker works with. */
export interface BrokerOptions {
  readonly store: QueueStore;
  readonly raw: RawCalls;
  readonly log: WorkerLog;
  readonly config: QueueConfig;
  readonly now?: () => number;
  readonly random?: () => number;
}

/** How long closing waits for calls that run, ms; well within an engine's own drain. */
const CLOSE_WAIT_MS = 3_000;

/** All queues of the worker: takes jobs in, brings delayed ones back, knows where each one is. */
export class Broker {
  readonly store: QueueStore;
  readonly log: WorkerLog;
  readonly now: () => number;
  readonly finished = new Finished();
  readonly #parts: QueueParts;
  readonly #queues = new Map<string, Queue>();
  readonly #named: Map<string, QueueSettings>;
  readonly #clock: DueClock;
  #closing: Promise<void> | undefined;
  readonly topicDefaults: QueueSettings;
  readonly offlineRetentionMs: number;

  constructor({ store, raw, log, config, now = Date.now, random = Math.random }: BrokerOptions) {
    this.store = store;
    this.log = log;
    this.now = now;
    this.topicDefaults = config.topicDefaults;
    this.offlineRetentionMs = config.offlineRetentionMs;
    const absent = new AbsentFunctions();
    this.#clock = new DueClock(store, now, (job) => this.move(job, { ...job, state: 'ready' }));
    this.#parts = {
      store,
      raw,
      log,
      now,
      random,
      absent,
      finished: this.finished,
      delayed: (dueMs) => this.#clock.watch(dueMs),
    };
    this.#named = new Map(config.queues);
    for (const [name, entry] of store.madeQueues()) {
      if (!this.#named.has(name)) this.#named.set(name, settingsOf(entry as QueueEntry));
    }
    for (const name of this.#named.keys()) this.#openNamed(name);
    this.#clock.start();
  }

  /** Names of the named queues. */
  get names(): readonly string[] {
    return [...this.#named.keys()];
  }

  settingsOfNamed(name: string): QueueSettings | undefined {
    return this.#named.get(name);
  }

  queue(lane: string): Queue | undefined {
    return this.#queues.get(lane);
  }

  /** The queue of a lane, made if need be. */
  openQueue(identity: LaneIdentity, settings: QueueSettings): Queue {
    const row = this.store.openLane(identity, this.now());
    let queue = this.#queues.get(row.id);
    if (queue === undefined) {
      queue = new Queue(row, settings, this.#parts);
      this.#queues.set(row.id, queue);
      queue.pump();
    }
    return queue;
  }

  /** Makes or changes one named queue for good; resolves when that is stored. */
  async ensure(name: string, entry: QueueEntry): Promise<boolean> {
    const settings = settingsOf(entry);
    const before = this.#named.get(name);
    if (JSON.stringify(before) === JSON.stringify(settings)) return false;
    await this.store.saveMadeQueue(name, entry);
    this.#named.set(name, settings);
    this.#openNamed(name);
    return true;
  }

  /** Makes or changes named queues; those that are left out take nothing more and stand still. */
  configure(queues: ReadonlyMap<string, QueueSettings>): void {
    for (const name of this.#named.keys()) {
      if (queues.has(name) || this.store.madeQueues().has(name)) continue;
      this.#named.delete(name);
      this.#queues.get(laneId({ kind: 'named', name }))?.open(false);
    }
    for (const [name, settings] of queues) {
      this.#named.set(name, settings);
      this.#openNamed(name);
    }
  }

  /** Puts a message into a named queue; the receipt of an earlier one when its key repeats. */
  async enqueue(
    name: string,
    target: { readonly functionId: string; readonly namespace: string },
    message: Message,
  ): Promise<{ readonly receipt: string; readonly isRepeated: boolean }> {
    // A queue may be named after its function without being configured.
    if (!this.#named.has(name) && name === target.functionId) {
      this.#named.set(name, DEFAULT_SETTINGS);
      // Stored before the job, as writes keep their order; without it nobody would run it after a restart.
      this.store.saveMadeQueue(name, {}).catch(() => undefined);
    }
    const settings = this.#named.get(name);
    if (settings === undefined) throw new MessageRefused(`Queue '${name}' not found`);
    const { row } = this.#openNamed(name);
    checkDepth(row, settings);
    const job = makeJob(message, row, target, settings, this.now());
    const key = message.idempotencyKey ?? keyInData(message.data, settings.idempotencyField);
    return this.take({ jobs: [job] }, row.id, key, settings);
  }

  /** Stores jobs unless their key was used; resolves when they are stored. */
  async take(
    addition: Addition,
    keyLane: string,
    key: string | undefined,
    { dedupWindowMs }: QueueSettings,
  ): Promise<{ readonly receipt: string; readonly isRepeated: boolean }> {
    const nowMs = this.now();
    const receipt = addition.jobs[0]?.id ?? '';
    if (key !== undefined) {
      const used = this.store.usedKey(keyLane, key, nowMs);
      if (used !== undefined) {
        // What it was used for may itself still be on its way to disk.
        await this.store.settled();
        return { receipt: used, isRepeated: true };
      }
    }
    const replaced = addition.jobs.flatMap((job) => {
      const before = job.debounceKey && this.store.debounced(job.lane, job.debounceKey);
      return before ? [before] : [];
    });
    const { jobs, stored } = this.store.add({
      ...addition,
      replaced,
      usedKey:
        key === undefined
          ? undefined
          : { lane: keyLane, key, receipt, untilMs: nowMs + dedupWindowMs },
    });
    await stored;
    for (const job of jobs) this.admit(job);
    return { receipt, isRepeated: false };
  }

  /** Takes note of a job that was stored. */
  admit(job: Job): void {
    if (job.state === 'delayed') this.#clock.watch(job.notBeforeMs ?? 0);
    else if (job.state === 'ready') this.#queues.get(job.lane)?.insert(job);
  }

  /** Moves a job and takes note of it. */
  async move(from: Job, to: Job | undefined): Promise<boolean> {
    const isMoved = await this.store.move(from, to);
    const moved = isMoved && to !== undefined ? this.store.find(to.id) : undefined;
    if (moved !== undefined) this.admit(moved);
    return isMoved;
  }

  /** Functions came or went. */
  functionsChanged(): void {
    this.#parts.absent.clear();
    for (const queue of this.#queues.values()) queue.pump();
  }

  newReceipt(): string {
    return randomUUID();
  }

  /** Starts nothing more, waits a while for what runs, and closes the store. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#clock.close();
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_WAIT_MS);
    });
    await Promise.all([...this.#queues.values()].map((queue) => queue.close(deadline)));
    clearTimeout(timer);
    await this.store.close();
  }

  #openNamed(name: string): Queue {
    const settings = this.#named.get(name) ?? DEFAULT_SETTINGS;
    const queue = this.openQueue({ kind: 'named', name }, settings);
    if (queue.settings !== settings) queue.configure(settings);
    queue.open(true);
    return queue;
  }
}

/** @throws MessageRefused */
export function checkDepth(row: LaneRow, { maxDepth }: QueueSettings): void {
  if (maxDepth === undefined || row.ready + row.delayed < maxDepth) return;
  throw new MessageRefused(`Queue '${row.identity.name}' is full: it holds ${maxDepth} messages`);
}

function keyInData(data: string, field: string | undefined): string | undefined {
  return field === undefined ? undefined : memberTexts(data)?.get(field);
}
