// SPDX-License-Identifier: Apache-2.0
import {
  endOfPrefix,
  joinKey,
  keyPart,
  type LmdbStore,
  type StoreChange,
} from '@iii-dev/worker-kit';
import { type Job, readJob, writeJob } from '../job.ts';
import { type LaneIdentity, type LaneRow, laneId, newLane } from '../lane.ts';
import type { Addition, QueueStore, ReadyPlace } from '../store.ts';
import {
  debounceKey,
  groupKey,
  jobKey,
  jobOf,
  laneChange,
  laneKey,
  numberText,
  receiptKey,
  usedKeyKey,
} from './row-keys.ts';

/** An ordered map of texts; the kit's store is one. */
export type Texts = Pick<LmdbStore, 'get' | 'latest' | 'range' | 'write' | 'close'>;

const HIGHEST_PRIORITY = 255;

/** Jobs as rows of an ordered map; `row-keys.ts` says which rows there are. */
export class RowQueueStore implements QueueStore {
  readonly isDurable: boolean;
  readonly #texts: Texts;
  readonly #lanes = new Map<string, LaneRow>();
  readonly #made = new Map<string, unknown>();

  constructor(texts: Texts, isDurable: boolean) {
    this.#texts = texts;
    this.isDurable = isDurable;
    for (const { value } of this.#table('l')) {
      const row = JSON.parse(value) as LaneRow;
      this.#lanes.set(row.id, row);
    }
    for (const { value } of this.#table('q')) {
      const [name, settings] = JSON.parse(value) as [string, unknown];
      this.#made.set(name, settings);
    }
  }

  lanes(): Iterable<LaneRow> {
    return this.#lanes.values();
  }

  lane(id: string): LaneRow | undefined {
    return this.#lanes.get(id);
  }

  openLane(identity: LaneIdentity, nowMs: number): LaneRow {
    const id = laneId(identity);
    let row = this.#lanes.get(id);
    if (row === undefined) {
      row = newLane(identity, nowMs);
      this.#lanes.set(id, row);
    }
    return row;
  }

  saveLane(row: LaneRow): Promise<void> {
    this.#lanes.set(row.id, row);
    return this.#texts.write([laneChange(row)]);
  }

  dropLane(id: string): Promise<void> {
    this.#lanes.delete(id);
    return this.#texts.write([{ key: laneKey(id), value: undefined }]);
  }

  add({ jobs, usedKey, replaced = [] }: Addition): {
    readonly jobs: readonly Job[];
    readonly stored: Promise<void>;
  } {
    const changes: StoreChange[] = [];
    for (const job of replaced) this.#remove(job, changes);
    const placed = jobs.map((job) => this.#place(job));
    for (const job of placed) this.#put(job, changes);
    if (usedKey !== undefined) {
      const { lane, key, receipt, untilMs } = usedKey;
      const at = usedKeyKey(lane, key);
      changes.push({ key: at, value: `${untilMs} ${receipt}` });
      changes.push({
        key: joinKey('e', numberText(untilMs), keyPart(lane), keyPart(key)),
        value: at,
      });
    }
    for (const id of new Set(placed.map((job) => job.lane))) {
      changes.push(laneChange(this.#row(id)));
    }
    return { jobs: placed, stored: this.#texts.write(changes) };
  }

  async move(from: Job, to: Job | undefined): Promise<boolean> {
    if (this.#texts.latest(jobKey(from)) === undefined) return false;
    const changes: StoreChange[] = [];
    this.#remove(from, changes);
    if (to !== undefined) this.#put(to.lane === from.lane ? to : this.#place(to), changes);
    changes.push(laneChange(this.#row(from.lane)));
    if (to !== undefined && to.lane !== from.lane) changes.push(laneChange(this.#row(to.lane)));
    await this.#texts.write(changes);
    return true;
  }

  read(lane: string, order: string): Job | undefined {
    return jobOf(this.#texts.latest(joinKey('r', keyPart(lane), order)));
  }

  find(id: string): Job | undefined {
    const key = this.#texts.latest(receiptKey(id));
    return key === undefined ? undefined : jobOf(this.#texts.latest(key));
  }

  ready(lane: string, after: string, limit: number, group?: string): readonly ReadyPlace[] {
    const prefix =
      group === undefined
        ? joinKey('r', keyPart(lane), '')
        : joinKey('g', keyPart(lane), keyPart(group), '');
    const places: ReadyPlace[] = [];
    // No order has this character, so the place itself is left out.
    const start = after === '' ? prefix : `${prefix}${after}!`;
    for (const { key, value } of this.#texts.range({ start, end: endOfPrefix(prefix), limit })) {
      const order = key.slice(prefix.length);
      places.push({ order, group: group ?? readJob(value).group });
    }
    return places;
  }

  due(nowMs: number, limit: number): readonly Job[] {
    const end = joinKey('d', numberText(nowMs + 1));
    return [...this.#texts.range({ start: joinKey('d', ''), end, limit })].map(({ value }) =>
      readJob(value),
    );
  }

  nextDueMs(): number | undefined {
    for (const { value } of this.#table('d', 1)) return readJob(value).notBeforeMs;
    return undefined;
  }

  dead(lane: string, limit: number, oldestFirst = false): readonly Job[] {
    const start = joinKey('x', keyPart(lane), '');
    const range = { start, end: endOfPrefix(start), limit, reverse: !oldestFirst };
    return [...this.#texts.range(range)].map(({ value }) => readJob(value));
  }

  delayed(lane: string, limit: number): readonly Job[] {
    const found: Job[] = [];
    for (const { value } of this.#table('d')) {
      if (found.length === limit) break;
      const job = readJob(value);
      if (job.lane === lane) found.push(job);
    }
    return found;
  }

  usedKey(lane: string, key: string, nowMs: number): string | undefined {
    const stored = this.#texts.latest(usedKeyKey(lane, key));
    if (stored === undefined) return undefined;
    const space = stored.indexOf(' ');
    return Number(stored.slice(0, space)) > nowMs ? stored.slice(space + 1) : undefined;
  }

  debounced(lane: string, key: string): Job | undefined {
    const receipt = this.#texts.latest(debounceKey(lane, key));
    const job = receipt === undefined ? undefined : this.find(receipt);
    return job?.state === 'delayed' ? job : undefined;
  }

  async sweep(nowMs: number, limit: number): Promise<number> {
    const changes: StoreChange[] = [];
    const end = joinKey('e', numberText(nowMs));
    let swept = 0;
    for (const { key, value } of this.#texts.range({ start: joinKey('e', ''), end, limit })) {
      swept += 1;
      changes.push({ key, value: undefined });
      const used = this.#texts.latest(value);
      if (used !== undefined && Number(used.slice(0, used.indexOf(' '))) <= nowMs) {
        changes.push({ key: value, value: undefined });
      }
    }
    if (swept > 0) await this.#texts.write(changes);
    return swept;
  }

  madeQueues(): ReadonlyMap<string, unknown> {
    return this.#made;
  }

  saveMadeQueue(name: string, settings: unknown): Promise<void> {
    this.#made.set(name, settings);
    const value = JSON.stringify([name, settings]);
    return this.#texts.write([{ key: joinKey('q', keyPart(name)), value }]);
  }

  settled(): Promise<void> {
    return this.#texts.write([]);
  }

  close(): Promise<void> {
    return this.#texts.close();
  }

  #table(name: string, limit?: number) {
    const start = joinKey(name, '');
    return this.#texts.range({ start, end: endOfPrefix(start), limit });
  }

  #row(id: string): LaneRow {
    const row = this.#lanes.get(id);
    if (row === undefined) throw new Error(`the queue "${id}" was not opened`);
    return row;
  }

  #place(job: Omit<Job, 'order'>): Job {
    const row = this.#row(job.lane);
    const rank = HIGHEST_PRIORITY - (job.priority ?? 0);
    const order = `${rank.toString(16).padStart(2, '0')}${numberText(row.next)}`;
    row.next += 1;
    return { ...job, order };
  }

  #put(job: Job, changes: StoreChange[]): void {
    const key = jobKey(job);
    changes.push({ key, value: writeJob(job) }, { key: receiptKey(job.id), value: key });
    if (job.state === 'ready' && job.group !== undefined) {
      changes.push({ key: groupKey(job, job.group), value: '' });
    }
    if (job.debounceKey !== undefined && job.state === 'delayed') {
      changes.push({ key: debounceKey(job.lane, job.debounceKey), value: job.id });
    }
    this.#row(job.lane)[job.state] += 1;
  }

  #remove(job: Job, changes: StoreChange[]): void {
    changes.push({ key: jobKey(job), value: undefined });
    changes.push({ key: receiptKey(job.id), value: undefined });
    if (job.state === 'ready' && job.group !== undefined) {
      changes.push({ key: groupKey(job, job.group), value: undefined });
    }
    if (job.debounceKey !== undefined && job.state === 'delayed') {
      changes.push({ key: debounceKey(job.lane, job.debounceKey), value: undefined });
    }
    this.#row(job.lane)[job.state] -= 1;
  }
}
