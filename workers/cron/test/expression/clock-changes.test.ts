// SPDX-License-Identifier: Apache-2.0
import { CronExpressionParser } from 'cron-parser';
import { describe, expect, it } from 'vitest';
import { readExpression } from '../../src/expression/expression.ts';
import { ScheduleReader } from '../../src/expression/schedule.ts';

const reader = new ScheduleReader('posix');

function runs(expression: string, zone: string, from: string, count: number): string[] {
  const schedule = reader.read(expression, zone);
  const found: string[] = [];
  let at = Date.parse(from);
  for (let n = 0; n < count; n += 1) {
    at = schedule.next(at) ?? Number.NaN;
    found.push(new Date(at).toISOString().slice(5, 16));
  }
  return found;
}

describe('where the clock changes', () => {
  const SPRING = '2026-03-28T12:00:00Z';
  const AUTUMN = '2026-10-24T12:00:00Z';

  it('a daily time that is left out comes at the moment of the change', () => {
    expect(runs('0 30 2 * * *', 'Europe/Berlin', SPRING, 2)).toEqual([
      '03-29T01:00',
      '03-30T00:30',
    ]);
  });

  it('left-out times come once together, and not beside the one at the change', () => {
    expect(runs('0 0,30 2,3 * * *', 'Europe/Berlin', SPRING, 3)).toEqual([
      '03-29T01:00',
      '03-29T01:30',
      '03-30T00:00',
    ]);
  });

  it('a daily time that comes twice counts the first time', () => {
    expect(runs('0 30 2 * * *', 'Europe/Berlin', AUTUMN, 2)).toEqual([
      '10-25T00:30',
      '10-26T01:30',
    ]);
    // Also for who begins between the two.
    expect(runs('0 30 2 * * *', 'Europe/Berlin', '2026-10-25T00:45:00Z', 1)).toEqual([
      '10-26T01:30',
    ]);
    expect(runs('0 30 2 * * *', 'Europe/Berlin', '2026-10-25T01:10:00Z', 1)).toEqual([
      '10-26T01:30',
    ]);
  });

  it('what runs every hour follows the time that passes', () => {
    expect(runs('0 30 * * * *', 'Europe/Berlin', '2026-10-24T23:45:00Z', 3)).toEqual([
      '10-25T00:30',
      '10-25T01:30',
      '10-25T02:30',
    ]);
    expect(runs('0 30 * * * *', 'Europe/Berlin', '2026-03-29T00:15:00Z', 2)).toEqual([
      '03-29T00:30',
      '03-29T01:30',
    ]);
  });

  it('half-hour changes and distant years', () => {
    expect(runs('0 15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T12:00:00Z', 1)).toEqual([
      '10-03T15:30',
    ]);
    expect(runs('0 0 12 1 7 * 2090', 'Europe/Berlin', SPRING, 1)).toEqual(['07-01T10:00']);
  });

  // Every minute of some days is compared with what a clock on the wall shows.
  const EXPRESSIONS = [
    '0 */7 * * * *',
    '0 30 2 * * *',
    '0 15 1,2,3 * * *',
    '0 0 */2 * * *',
    '0 0 0 * * *',
    '0 59 23 * * Sat',
    '0 */20 2 * * Sun',
  ];
  const EDGES = [
    ['Europe/Berlin', '2026-03-27'],
    ['Europe/Berlin', '2026-10-23'],
    ['America/New_York', '2026-03-06'],
    ['America/New_York', '2026-10-30'],
    ['Australia/Lord_Howe', '2026-04-03'],
    ['Australia/Lord_Howe', '2026-10-02'],
    ['America/Havana', '2026-03-06'],
    ['America/Havana', '2026-10-30'],
    ['Africa/Casablanca', '2026-02-13'],
    ['Asia/Kolkata', '2026-01-01'],
  ] as const;
  it.each(EDGES)('agrees with a clock on the wall in %s from %s on', (zone, day) => {
    const from = Date.parse(`${day}T00:00:00Z`);
    const wall = wallClock(zone, from - 86_400_000, 5 * 1440);
    for (const expression of EXPRESSIONS) {
      const schedule = reader.read(expression, zone);
      const found: number[] = [];
      for (let at = schedule.next(from - 1); at !== undefined && at < from + 3 * 86_400_000; ) {
        found.push(at);
        at = schedule.next(at);
      }
      expect([expression, found]).toEqual([expression, expectedRuns(expression, wall, from)]);
    }
  });

  it('agrees with cron-parser in zones without changes', () => {
    const from = new Date('2026-01-01T00:00:00Z');
    for (const expression of [
      '0 */7 * * * *',
      '5 4 3 * 2 *',
      '0 0 9 * * 1-5',
      '30 1-9/2 6 1,15 * *',
    ]) {
      const theirs = CronExpressionParser.parse(expression, {
        tz: 'Asia/Kolkata',
        currentDate: from,
      });
      const schedule = reader.read(expression, 'Asia/Kolkata');
      let at = from.getTime();
      for (let n = 0; n < 50; n += 1) {
        at = schedule.next(at) as number;
        expect(at).toBe(theirs.next().getTime());
      }
    }
  });
});

interface Minute {
  readonly at: number;
  /** As if the clock showed UTC. */
  readonly wall: number;
}

function wallClock(zone: string, from: number, minutes: number): Minute[] {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  return Array.from({ length: minutes }, (_, n) => {
    const at = from + n * 60_000;
    return { at, wall: Date.parse(`${format.format(at).replace(' ', 'T')}Z`) };
  });
}

function expectedRuns(text: string, clock: Minute[], from: number): number[] {
  const expression = readExpression(text, 'posix');
  const fits = (wall: number): boolean => {
    const date = new Date(wall);
    return (
      expression.minutes.includes(date.getUTCMinutes()) &&
      expression.hours.includes(date.getUTCHours()) &&
      expression.isDay[date.getUTCDate()] === true &&
      expression.isWeekday[date.getUTCDay()] === true
    );
  };
  const runs: number[] = [];
  const shown = new Set<number>();
  let last = (clock[0] as Minute).wall;
  for (const { at, wall } of clock) {
    let isRun = fits(wall) && (expression.isEveryHour || !shown.has(wall));
    if (!expression.isEveryHour) {
      for (let left = last + 60_000; left < wall; left += 60_000) isRun ||= fits(left);
    }
    shown.add(wall);
    last = wall;
    if (isRun && at >= from && at < from + 3 * 86_400_000) runs.push(at);
  }
  return runs;
}
