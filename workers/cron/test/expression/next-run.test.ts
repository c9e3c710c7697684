// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { readExpression, type Weekdays } from '../../src/expression/expression.ts';
import { ScheduleReader } from '../../src/expression/schedule.ts';

const WEDNESDAY = Date.parse('2026-03-04T10:15:30.500Z');

function next(expression: string, weekdays: Weekdays = 'posix', from = WEDNESDAY): string {
  const run = new ScheduleReader(weekdays).read(expression, undefined).next(from);
  return run === undefined ? 'none' : new Date(run).toISOString().slice(0, 19).replace('T', ' ');
}

describe('cron:C21 the next time of an expression', () => {
  it.each([
    ['* * * * * *', '2026-03-04 10:15:31'],
    ['******', '2026-03-04 10:15:31'],
    ['*/5 * * * * *', '2026-03-04 10:15:35'],
    ['10/20 * * * * *', '2026-03-04 10:15:50'],
    ['0 * * * * *', '2026-03-04 10:16:00'],
    ['0 7/10 * * * *', '2026-03-04 10:17:00'],
    ['0 */5 * * * *', '2026-03-04 10:20:00'],
    ['0 */5 * * * * *', '2026-03-04 10:20:00'],
    ['  0   0 * * * * ', '2026-03-04 11:00:00'],
    ['@hourly', '2026-03-04 11:00:00'],
    ['0 0 0 * * * *', '2026-03-05 00:00:00'],
    ['@daily', '2026-03-05 00:00:00'],
    ['@Midnight', '2026-03-05 00:00:00'],
    ['0 0 2 * * *', '2026-03-05 02:00:00'],
    ['0 0 12 1-7 * Thu', '2026-03-05 12:00:00'],
    ['0 0 0 ? * SAT', '2026-03-07 00:00:00'],
    ['@weekly', '2026-03-08 00:00:00'],
    ['0 0 9 * * Mon', '2026-03-09 09:00:00'],
    ['0 0 0 13 * Fri', '2026-03-13 00:00:00'],
    ['0 0 0 31 * *', '2026-03-31 00:00:00'],
    ['@monthly', '2026-04-01 00:00:00'],
    ['0 30 9,12,15 1,15 May-Aug Mon,Wed,Fri', '2026-05-01 09:30:00'],
    ['@yearly', '2027-01-01 00:00:00'],
    ['@annually', '2027-01-01 00:00:00'],
    ['0 0 0 1 1 ? 2027/2', '2027-01-01 00:00:00'],
    ['30 15 10 4 3 *', '2027-03-04 10:15:30'],
    ['0 0 0 29 2 *', '2028-02-29 00:00:00'],
    ['59 59 23 31 12 * 2099', '2099-12-31 23:59:59'],
    ['0 0 0 30 2 *', 'none'],
    ['0 0 0 1 1 * 2020', 'none'],
    ['*/59 * * * * *', '2026-03-04 10:15:59'],
    ['0 0 0 * * Mon-Fri/2', '2026-03-06 00:00:00'],
    ['1, 2 * * * * *', '2026-03-04 10:16:01'],
    ['0 0 0 * * tues', '2026-03-10 00:00:00'],
    ['0 0 0 * january thursday', '2027-01-07 00:00:00'],
  ])('%s is %s', (expression, expected) => {
    expect(next(expression)).toBe(expected);
    expect(next(expression, 'quartz')).toBe(expected);
  });

  it.each([
    // As documented, and as crontab has it.
    ['0 0 9 * * 1', 'posix', '2026-03-09 09:00:00'],
    ['0 0 9 * * 0', 'posix', '2026-03-08 09:00:00'],
    ['0 0 9 * * 7', 'posix', '2026-03-08 09:00:00'],
    ['0 0 9 * * 5-7', 'posix', '2026-03-06 09:00:00'],
    // As the original engine counts.
    ['0 0 9 * * 1', 'quartz', '2026-03-08 09:00:00'],
    ['0 0 9 * * 2', 'quartz', '2026-03-09 09:00:00'],
    ['0 0 9 * * 7', 'quartz', '2026-03-07 09:00:00'],
    // Five fields are crontab's in either setting.
    ['0 9 * * 1', 'posix', '2026-03-09 09:00:00'],
    ['0 9 * * 1', 'quartz', '2026-03-09 09:00:00'],
    ['0 9 * * 0', 'quartz', '2026-03-08 09:00:00'],
  ] as const)('weekdays: %s in %s is %s', (expression, weekdays, expected) => {
    expect(next(expression, weekdays)).toBe(expected);
  });

  it('cron:C35 takes five fields, where one of day and weekday is enough', () => {
    expect(next('* * * * *')).toBe('2026-03-04 10:16:00');
    expect(next('*/5 * * * *')).toBe('2026-03-04 10:20:00');
    expect(next('0 0 13 * 5')).toBe('2026-03-06 00:00:00');
    expect(next('0 0 */2 * 5')).toBe('2026-03-13 00:00:00');
  });

  it.each([
    ...['', '   ', '* * * *', '* * * * * * * *', '60 * * * * *', '0 60 * * * *', '0 0 24 * * *'],
    ...['0 0 0 0 * *', '0 0 0 32 * *', '0 0 0 1 13 *', '0 0 0 1 0 *', '5-1 * * * * *'],
    ...['0 0 0 * * Fri-Mon', '0 0 0 * * 1-Fri', '0/0 * * * * *', '*/60 * * * * *', '0 0 0 * * 8'],
    ...['0 0 0 * * Mon/2', '0 0 0 L * *', '0 0 0 15W * *', '0 0 0 * * 2#1', '@every 5s', '@reboot'],
    ...['0 0 0 1 1 * 2101', '0 0 0 1 1 * 1969', '? * * * * *', '0 0 0 * foo *', '-1 * * * * *'],
    ...[
      '1.5 * * * * *',
      '1 2 3 2019',
      '0/0 * * * *',
      '1,,2 * * * * *',
      '1-2-3 * * * * *',
      '1/2/3 * * * * *',
    ],
  ])('refuses "%s"', (expression) => {
    expect(() => readExpression(expression, 'posix')).toThrow();
  });

  it('quartz refuses a weekday of 0', () => {
    expect(() => readExpression('0 0 0 * * 0', 'quartz')).toThrow('numbers go from 1 to 7');
  });

  it('0/20 0/5 0 1 1 * * comes 36 times on its day', () => {
    const schedule = new ScheduleReader('posix').read('0/20 0/5 0 1 1 * *', undefined);
    const end = Date.parse('2027-01-02T00:00:00Z');
    let count = 0;
    for (let at = schedule.next(WEDNESDAY) ?? end; at < end; at = schedule.next(at) ?? end)
      count += 1;
    expect(count).toBe(36);
  });

  it('an expression is read once per zone', () => {
    const reader = new ScheduleReader('posix');
    expect(reader.read('@daily', 'Europe/Berlin')).toBe(reader.read('@daily', 'Europe/Berlin'));
    expect(reader.read('@daily', 'UTC')).not.toBe(reader.read('@daily', 'Europe/Berlin'));
    expect(() => reader.read('@daily', 'Mars/Base')).toThrow("Unknown timezone 'Mars/Base'");
  });

  it('the latest time of a span is found without walking it', () => {
    const schedule = new ScheduleReader('posix').read('* * * * * *', undefined);
    expect(schedule.latest(0, WEDNESDAY)).toBe(Date.parse('2026-03-04T10:15:30Z'));
    const daily = new ScheduleReader('posix').read('@daily', undefined);
    expect(daily.latest(WEDNESDAY - 1000, WEDNESDAY)).toBeUndefined();
  });
});
