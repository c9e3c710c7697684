// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { laneId } from '../../src/lane.ts';
import type { NewJob, QueueStore } from '../../src/store.ts';

const identity = { kind: 'named', name: 'q' } as const;
const lane = laneId(identity);

function job(id: string, more: Partial<NewJob> = {}): NewJob {
  return {
    id,
    lane,
    state: 'ready',
    functionId: 'f',
    namespace: 'default',
    data: `{"id":"${id}",\n"n":12345678901234567890}`,
    createdAtMs: 1,
    attempts: 0,
    stops: 0,
    ...more,
  };
}

/** Every promise of {@link QueueStore}, for one adapter. */
export function queueStoreSuite(
  name: string,
  make: () => Promise<{ store: QueueStore; dispose(): Promise<void> }>,
): void {
  async function open() {
    const { store, dispose } = await make();
    store.openLane(identity, 0);
    const add = async (...jobs: NewJob[]) => {
      const added = store.add({ jobs });
      await added.stored;
      return added.jobs;
    };
    const ids = () =>
      store.ready(lane, '', 100).map(({ order }) => store.read(lane, order)?.id ?? 'gone');
    const close = async () => {
      await store.close();
      await dispose();
    };
    return { store, add, ids, [Symbol.asyncDispose]: close };
  }

  describe(`the ${name} store`, () => {
    it('gives jobs back as they came, by priority and in order', async () => {
      await using opened = await open();
      const { store, add, ids } = opened;
      await add(job('a'), job('b'), job('c', { priority: 5 }));
      await add(job('d'));
      expect(ids()).toEqual(['c', 'a', 'b', 'd']);
      expect(store.find('a')?.data).toBe(job('a').data);
      expect(store.lane(lane)).toMatchObject({ ready: 4, delayed: 0, dead: 0 });
    });

    it('keeps the place of a job that was delayed, and hands out due ones by time', async () => {
      await using opened = await open();
      const { store, add, ids } = opened;
      const [a] = await add(job('a'), job('b'));
      const delayed = { ...a!, state: 'delayed', notBeforeMs: 50 } as const;
      expect(await store.move(a!, delayed)).toBe(true);
      await add(job('c', { state: 'delayed', notBeforeMs: 20 }));
      expect(store.nextDueMs()).toBe(20);
      expect(store.due(19, 10)).toEqual([]);
      expect(store.due(50, 10).map(({ id }) => id)).toEqual(['c', 'a']);
      expect(await store.move(delayed, { ...delayed, state: 'ready' })).toBe(true);
      expect(ids()).toEqual(['a', 'b']);
      expect(store.lane(lane)).toMatchObject({ ready: 2, delayed: 1 });
    });

    it('does nothing for a job that is no longer where it was', async () => {
      await using opened = await open();
      const { store, add } = opened;
      const [a] = await add(job('a'));
      expect(await store.move(a!, undefined)).toBe(true);
      expect(await store.move(a!, undefined)).toBe(false);
      expect(store.find('a')).toBeUndefined();
      expect(store.lane(lane)).toMatchObject({ ready: 0 });
    });

    it('lists dead jobs by the time they died, either way', async () => {
      await using opened = await open();
      const { store, add } = opened;
      const jobs = await add(job('a'), job('b'), job('c'));
      for (const [index, each] of jobs.entries()) {
        await store.move(each, { ...each, state: 'dead', failedAtMs: 100 - index });
      }
      expect(store.dead(lane, 2).map(({ id }) => id)).toEqual(['a', 'b']);
      expect(store.dead(lane, 9, true).map(({ id }) => id)).toEqual(['c', 'b', 'a']);
    });

    it('finds the ready jobs of a group behind a place', async () => {
      await using opened = await open();
      const { store, add } = opened;
      const jobs = await add(
        job('a', { group: '1' }),
        job('b', { group: '2' }),
        job('c', { group: '1' }),
      );
      const places = store.ready(lane, jobs[0]!.order, 10, '1');
      expect(places).toEqual([{ order: jobs[2]!.order, group: '1' }]);
    });

    it('remembers a used key for its window, and forgets it when swept', async () => {
      await using opened = await open();
      const { store } = opened;
      const usedKey = { lane, key: 'k\n', receipt: 'a', untilMs: 100 };
      await store.add({ jobs: [job('a')], usedKey }).stored;
      expect(store.usedKey(lane, 'k\n', 99)).toBe('a');
      expect(store.usedKey(lane, 'k\n', 100)).toBeUndefined();
      expect(await store.sweep(101, 10)).toBe(1);
      expect(await store.sweep(101, 10)).toBe(0);
    });

    it('moves a job to the end of another queue', async () => {
      await using opened = await open();
      const { store, add } = opened;
      const other = store.openLane({ kind: 'topic', name: 't' }, 0);
      const [a] = await add(job('a'));
      await add(job('b', { lane: other.id }));
      await store.move(a!, { ...a!, lane: other.id });
      const there = store
        .ready(other.id, '', 9)
        .map(({ order }) => store.read(other.id, order)?.id);
      expect(there).toEqual(['b', 'a']);
      expect([store.lane(lane)?.ready, other.ready]).toEqual([0, 2]);
    });

    it('takes many jobs and gives them up from the front', async () => {
      await using opened = await open();
      const { store, add } = opened;
      const jobs = await add(...Array.from({ length: 2000 }, (_, n) => job(`j${n}`)));
      await Promise.all(jobs.slice(0, 1500).map((each) => store.move(each, undefined)));
      const [first] = store.ready(lane, '', 1);
      expect(store.read(lane, first?.order ?? '')?.id).toBe('j1500');
      expect(store.ready(lane, '', 9999)).toHaveLength(500);
    });
  });
}
