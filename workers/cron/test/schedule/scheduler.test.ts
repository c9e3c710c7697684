// SPDX-License-Identifier: Apache-2.0
import { recordingLog } from '@iii-dev/worker-kit/testing';
import { describe, expect, it } from 'vitest';
import { createMemoryCronStore } from '../../src/adapters/memory.ts';
import { readBinding } from '../../src/binding.ts';
import { ScheduleReader } from '../../src/expression/schedule.ts';
import type { Binding } from '../../src/schedule/job.ts';
import { Scheduler } from '../../src/schedule/scheduler.ts';
import type { CronStore } from '../../src/store.ts';
import { FakeClock, settle } from './fake-clock.ts';

const START = '2026-03-04T10:15:30.500Z';
const reader = new ScheduleReader('posix');

interface Run {
  readonly id: string;
  readonly scheduled: string;
  readonly at: string;
  end(error?: Error): void;
}

function setUp(options: { clock?: FakeClock; store?: CronStore; endsAtOnce?: boolean } = {}) {
  const clock = options.clock ?? new FakeClock(START);
  const store = options.store ?? createMemoryCronStore();
  const log = recordingLog();
  const runs: Run[] = [];
  const start = (binding: Binding, scheduledMs: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const end = (error?: Error) => (error === undefined ? resolve() : reject(error));
      const clip = (ms: number) => new Date(ms).toISOString().slice(11, 19);
      runs.push({
        id: binding.triggerId,
        scheduled: clip(scheduledMs),
        at: clip(clock.now()),
        end,
      });
      if (options.endsAtOnce !== false) resolve();
    });
  const scheduler = new Scheduler({ clock, store, log, start });
  const add = (id: string, config: Record<string, unknown>, functionId = 'jobs::x') =>
    scheduler.add(readBinding({ id, function_id: functionId, config }, reader));
  return { clock, store, log, runs, scheduler, add, times: () => runs.map((run) => run.scheduled) };
}

describe('the scheduler', () => {
  it('runs a job at each of its times, and only then', async () => {
    const { clock, add, times } = setUp();
    add('a', { expression: '*/10 * * * * *' });
    await clock.advance(30_000);
    expect(times()).toEqual(['10:15:40', '10:15:50', '10:16:00']);
  });

  it('has one timer for ten thousand jobs, and wakes no more than twice a minute when idle', async () => {
    const { clock, add, runs } = setUp();
    for (let n = 0; n < 10_000; n += 1) add(`t${n}`, { expression: '@yearly' }, `jobs::${n}`);
    expect(clock.timers.size).toBe(1);
    let wakes = 0;
    const startTimer = clock.startTimer.bind(clock);
    clock.startTimer = (delay, run) => {
      wakes += 1;
      return startTimer(delay, run);
    };
    await clock.advance(600_000);
    expect(wakes).toBeLessThanOrEqual(20);
    expect([clock.timers.size, runs.length]).toEqual([1, 0]);
  });

  it('cron:C30 registering an id again keeps one schedule; another expression replaces it', async () => {
    const { clock, add, times, scheduler } = setUp();
    add('a', { expression: '*/10 * * * * *' });
    add('a', { expression: '*/10 * * * * *' });
    await clock.advance(10_000);
    add('a', { expression: '0 * * * * *' });
    await clock.advance(25_000);
    expect(times()).toEqual(['10:15:40', '10:16:00']);
    expect([...scheduler.jobs]).toHaveLength(1);
  });

  it('cron:C36 triggers that say the same are one job, which outlives each but the last', async () => {
    const { clock, add, runs, scheduler } = setUp();
    add('a', { expression: '*/10 * * * * *' });
    add('b', { expression: '*/10 * * * * *' });
    add('c', { expression: '*/10 * * * * *', key: 'another' });
    await clock.advance(10_000);
    expect(runs.map(({ id }) => id)).toEqual(['a', 'c']);
    scheduler.remove('a');
    scheduler.remove('c');
    await clock.advance(10_000);
    expect(runs.map(({ id }) => id)).toEqual(['a', 'c', 'b']);
    scheduler.remove('b');
    scheduler.remove('b');
    await clock.advance(60_000);
    expect(runs).toHaveLength(3);
  });

  it('cron:C31 schedulers that share a store run each time once, whatever their skew', async () => {
    const store = createMemoryCronStore();
    const [one, two] = [
      setUp({ store }),
      setUp({ store, clock: new FakeClock('2026-03-04T10:15:30.700Z') }),
    ];
    for (const each of [one, two]) each.add(`t${Math.random()}`, { expression: '* * * * * *' });
    for (let n = 0; n < 100; n += 1) {
      await one.clock.advance(100);
      await two.clock.advance(100);
    }
    const all = [...one.times(), ...two.times()].sort();
    expect(all).toEqual([...new Set(all)]);
    expect(all).toHaveLength(10);
  });

  it('cron:C34 a clock set back runs no time twice, and one set forward goes on', async () => {
    const { clock, add, times } = setUp();
    add('a', { expression: '* * * * * *' });
    await clock.advance(3_000);
    clock.set(clock.now() - 3_000);
    await clock.advance(5_000);
    expect(times()).toEqual([...new Set(times())]);
    expect(times().at(-1)).toBe('10:15:35');
    clock.set(clock.now() + 3_600_000);
    await clock.advance(35_000);
    expect(times().at(-1)?.slice(0, 5)).toBe('11:16');
  });

  it('skips a time while the run before goes on, and counts it', async () => {
    const { clock, add, runs, scheduler } = setUp({ endsAtOnce: false });
    add('a', { expression: '* * * * * *' });
    await clock.advance(3_000);
    expect(runs).toHaveLength(1);
    expect([...scheduler.jobs][0]?.counts).toMatchObject({ runs: 1, skipped: 2 });
    runs[0]?.end();
    await settle();
    await clock.advance(1_000);
    expect(runs).toHaveLength(2);
  });

  it('queue runs them one after another, allow at once', async () => {
    const queued = setUp({ endsAtOnce: false });
    queued.add('a', { expression: '* * * * * *', overlap: 'queue' });
    await queued.clock.advance(3_000);
    expect(queued.runs).toHaveLength(1);
    queued.runs[0]?.end();
    await settle();
    expect(queued.times()).toEqual(['10:15:31', '10:15:32']);
    const allowed = setUp({ endsAtOnce: false });
    allowed.add('a', { expression: '* * * * * *', overlap: 'allow' });
    await allowed.clock.advance(3_000);
    expect(allowed.runs).toHaveLength(3);
  });

  it('cron:C05 a run that fails is counted, and the next one comes', async () => {
    const { clock, add, runs, scheduler } = setUp({ endsAtOnce: false });
    add('a', { expression: '* * * * * *' });
    await clock.advance(1_000);
    runs[0]?.end(new Error('no'));
    await settle();
    await clock.advance(1_000);
    expect(runs).toHaveLength(2);
    expect([...scheduler.jobs][0]?.counts).toMatchObject({ runs: 2, failures: 1, skipped: 0 });
  });

  it('what is missed while the machine sleeps is skipped, or made up for once', async () => {
    const { clock, add, runs } = setUp();
    add('a', { expression: '0 */10 * * * *' }, 'jobs::skips');
    add('b', { expression: '0 */10 * * * *', missed: 'run_once' }, 'jobs::catches-up');
    await settle();
    clock.set(clock.now() + 3_600_000);
    await clock.advance(30_000);
    expect(runs.map(({ id, scheduled }) => [id, scheduled])).toEqual([['b', '11:10:00']]);
  });

  it('what is missed while nothing runs is made up for once, in all engines together', async () => {
    const store = createMemoryCronStore();
    const config = { expression: '0 0 * * * *', missed: 'run_once' };
    const first = setUp({ store });
    first.add('a', config);
    await settle();
    await first.scheduler.close(0);
    const later = () => setUp({ store, clock: new FakeClock('2026-03-04T15:20:00Z') });
    const [two, three] = [later(), later()];
    two.add('b', config);
    three.add('c', config);
    await settle();
    expect([...two.times(), ...three.times()]).toEqual(['15:00:00']);
  });

  it('jitter delays the run and not the time it is for', async () => {
    const { clock, add, runs } = setUp();
    clock.chance = 0.5;
    add('a', { expression: '0 * * * * *', jitter_ms: 10_000 });
    await clock.advance(40_000);
    expect(runs.map(({ scheduled, at }) => [scheduled, at])).toEqual([['10:16:00', '10:16:05']]);
  });

  it('cron:C06 a time that somebody else has claimed does not run here', async () => {
    const store = { ...createMemoryCronStore(), claim: async () => false };
    const { clock, add, runs } = setUp({ store });
    add('a', { expression: '* * * * * *' });
    await clock.advance(3_000);
    expect(runs).toEqual([]);
  });

  it('without a working store nothing runs, and the log says so once', async () => {
    const store = { ...createMemoryCronStore(), claim: () => Promise.reject(new Error('disk')) };
    const { clock, add, runs, log } = setUp({ store });
    add('a', { expression: '* * * * * *' });
    await clock.advance(5_000);
    expect(runs).toEqual([]);
    expect(log.records.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('cron:C08 closing takes every job along and may happen twice', async () => {
    const { clock, add, runs, scheduler } = setUp();
    add('a', { expression: '* * * * * *' });
    add('b', { expression: '@hourly' });
    await scheduler.close(0);
    await scheduler.close(0);
    await clock.advance(5_000);
    expect([runs.length, [...scheduler.jobs].length, clock.timers.size]).toEqual([0, 0, 0]);
    expect(() => add('c', { expression: '@daily' })).toThrow('cannot register job');
  });

  it('an expression that never comes is taken, with a warning', async () => {
    const { clock, add, runs, log } = setUp();
    add('a', { expression: '0 0 0 30 2 *' });
    await clock.advance(60_000);
    expect(runs).toEqual([]);
    expect(log.records[0]?.message).toBe('No upcoming schedule found for cron job');
  });
});
