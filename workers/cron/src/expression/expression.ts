// SPDX-License-Identifier: Apache-2.0
import { ExpressionError, type FieldSpec, readField } from './field.ts';

/** How numbers of weekdays count: `posix` 0 or 7 is Sunday, `quartz` 1 is Sunday. */
export type Weekdays = 'posix' | 'quartz';

/** An expression as sets of what may come, each in order. */
export interface Expression {
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** By number, from 0. */
  readonly isDay: readonly boolean[];
  readonly isMonth: readonly boolean[];
  /** From 0, Sunday. */
  readonly isWeekday: readonly boolean[];
  /** Unset is every year. */
  readonly isYear: ReadonlySet<number> | undefined;
  /** Whether a day that fits one of day and weekday is enough: crontab's rule for five fields. */
  readonly isEitherDay: boolean;
  /** Whether it runs through the clock, so that a clock change moves no run of it. */
  readonly isEveryHour: boolean;
  readonly hasNumericWeekday: boolean;
}

/** Years an expression may name; nothing is looked for beyond them. */
export const YEARS = { min: 1970, max: 2100 } as const;

const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 0 1 1 *',
  '@annually': '0 0 0 1 1 *',
  '@monthly': '0 0 0 1 * *',
  '@weekly': '0 0 0 * * sun',
  '@daily': '0 0 0 * * *',
  '@midnight': '0 0 0 * * *',
  '@hourly': '0 0 * * * *',
};

const MONTHS =
  'january february march april may june july august september october november december'.split(
    ' ',
  );
const DAYS = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ');

function namesOf(full: readonly string[], first: number): Map<string, number> {
  const names = new Map<string, number>();
  for (const [index, name] of full.entries()) {
    names.set(name, index + first).set(name.slice(0, 3), index + first);
  }
  return names;
}

function weekdayNames(first: number): Map<string, number> {
  return namesOf(DAYS, first)
    .set('tues', 2 + first)
    .set('thurs', 4 + first);
}

const SECOND: FieldSpec = { name: 'second', min: 0, max: 59 };
const MINUTE: FieldSpec = { name: 'minute', min: 0, max: 59 };
const HOUR: FieldSpec = { name: 'hour', min: 0, max: 23 };
const DAY: FieldSpec = { name: 'day of month', min: 1, max: 31, takesQuestionMark: true };
const MONTH: FieldSpec = { name: 'month', min: 1, max: 12, names: namesOf(MONTHS, 1) };
const YEAR: FieldSpec = { name: 'year', ...YEARS };
const WEEKDAY: Readonly<Record<Weekdays, FieldSpec>> = {
  posix: {
    name: 'weekday',
    min: 0,
    max: 7,
    starMax: 6,
    names: weekdayNames(0),
    takesQuestionMark: true,
  },
  quartz: { name: 'weekday', min: 1, max: 7, names: weekdayNames(1), takesQuestionMark: true },
};

/**
 * Reads five fields (as crontab has them), six (with seconds first), seven (with a year last), or a
 * nickname. Five fields count weekdays as crontab does in either setting.
 * @throws ExpressionError
 */
export function readExpression(text: string, weekdays: Weekdays): Expression {
  const fields = splitFields(text);
  const isCrontab = fields.length === 5;
  const [second, minute, hour, day, month, weekday, year = '*'] = (
    isCrontab ? ['0', ...fields] : fields
  ) as [string, string, string, string, string, string, string?];
  const hours = readField(hour, HOUR);
  const spec = WEEKDAY[isCrontab ? 'posix' : weekdays];
  const days = readField(weekday, spec).map((value) => (value - (spec.names?.get('sun') ?? 0)) % 7);
  return {
    seconds: readField(second, SECOND),
    minutes: readField(minute, MINUTE),
    hours,
    isDay: flags(readField(day, DAY), 32),
    isMonth: flags(readField(month, MONTH), 13),
    isWeekday: flags(days, 7),
    isYear: year === '*' ? undefined : new Set(readField(year, YEAR)),
    isEitherDay: isCrontab && !/^[*?]/.test(day) && !/^[*?]/.test(weekday),
    isEveryHour: hours.length === 24,
    hasNumericWeekday: /(^|[,-])\d/.test(weekday),
  };
}

function splitFields(text: string): string[] {
  const trimmed = text.trim();
  if (trimmed.startsWith('@')) {
    const known = NICKNAMES[trimmed.toLowerCase()];
    if (known !== undefined) return known.split(' ');
    throw new ExpressionError(`unknown nickname; there are ${Object.keys(NICKNAMES).join(', ')}`);
  }
  if (/^\*{6,7}$/.test(trimmed)) return [...trimmed];
  const fields = trimmed.replace(/\s*,\s*/g, ',').split(/\s+/);
  if (fields.length >= 5 && fields.length <= 7) return fields;
  throw new ExpressionError(
    `it must have 5 fields (minute hour day month weekday), 6 (second first) or 7 (year last), got ${trimmed === '' ? 0 : fields.length}`,
  );
}

function flags(values: readonly number[], length: number): boolean[] {
  const set = Array.from({ length }, () => false);
  for (const value of values) set[value] = true;
  return set;
}
