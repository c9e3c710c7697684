// SPDX-License-Identifier: Apache-2.0
import { type Expression, YEARS } from './expression.ts';

const DAY_MS = 86_400_000;

/**
 * The first time from `fromMs` on that an expression fits, on a clock without changes: times are ms
 * since 1970 as if the clock on the wall showed UTC. Nothing when there is none.
 */
export function nextWallTime(expression: Expression, fromMs: number): number | undefined {
  const dayStart = Math.floor(fromMs / DAY_MS) * DAY_MS;
  if (fitsDay(expression, dayStart)) {
    const time = nextTimeOfDay(expression, Math.ceil((fromMs - dayStart) / 1000));
    if (time !== undefined) return dayStart + time * 1000;
  }
  const day = nextDay(expression, dayStart + DAY_MS);
  return day === undefined ? undefined : day + (nextTimeOfDay(expression, 0) ?? 0) * 1000;
}

function nextDay(expression: Expression, fromMs: number): number | undefined {
  const from = new Date(fromMs);
  let day = from.getUTCDate();
  let month = from.getUTCMonth();
  for (let year = from.getUTCFullYear(); year <= YEARS.max; year += 1) {
    for (; month < 12; month += 1) {
      if (fitsMonth(expression, year, month)) {
        const found = nextDayOfMonth(expression, year, month, day);
        if (found !== undefined) return found;
      }
      day = 1;
    }
    month = 0;
  }
  return undefined;
}

function nextDayOfMonth(
  expression: Expression,
  year: number,
  month: number,
  from: number,
): number | undefined {
  const first = Date.UTC(year, month, 1);
  const length = (Date.UTC(year, month + 1, 1) - first) / DAY_MS;
  const weekday = new Date(first).getUTCDay();
  for (let day = from; day <= length; day += 1) {
    if (isOneOfItsDays(expression, day, (weekday + day - 1) % 7)) return first + (day - 1) * DAY_MS;
  }
  return undefined;
}

function fitsDay(expression: Expression, dayStart: number): boolean {
  const date = new Date(dayStart);
  return (
    fitsMonth(expression, date.getUTCFullYear(), date.getUTCMonth()) &&
    isOneOfItsDays(expression, date.getUTCDate(), date.getUTCDay())
  );
}

function fitsMonth({ isMonth, isYear }: Expression, year: number, month: number): boolean {
  if (isMonth[month + 1] !== true || year > YEARS.max) return false;
  return isYear === undefined || isYear.has(year);
}

function isOneOfItsDays(expression: Expression, day: number, weekday: number): boolean {
  const isDay = expression.isDay[day] === true;
  const isWeekday = expression.isWeekday[weekday] === true;
  return expression.isEitherDay ? isDay || isWeekday : isDay && isWeekday;
}

/** In seconds of the day; nothing when the day has no more. */
function nextTimeOfDay(expression: Expression, from: number): number | undefined {
  const fromHour = Math.floor(from / 3600);
  const fromMinute = Math.floor(from / 60) % 60;
  const { seconds, minutes, hours } = expression;
  for (const hour of hours) {
    if (hour < fromHour) continue;
    const isFirstHour = hour === fromHour;
    for (const minute of minutes) {
      if (isFirstHour && minute < fromMinute) continue;
      const least = isFirstHour && minute === fromMinute ? from % 60 : 0;
      const second = seconds.find((each) => each >= least);
      if (second !== undefined) return hour * 3600 + minute * 60 + second;
    }
  }
  return undefined;
}
