// SPDX-License-Identifier: Apache-2.0
import { type Expression, readExpression, type Weekdays } from './expression.ts';
import { TimeZone } from './time-zone.ts';
import { nextWallTime } from './wall-clock.ts';

const DAY_MS = 86_400_000;

/**
 * The times of an expression in a zone. Where the clock changes:
 *
 * R1  An expression of every hour follows the time that passes: it runs in a repeated hour again,
 *     and not at times the clock leaves out.
 * R2  Any other runs once a day at its time: a time that comes twice counts the first time, and one
 *     that is left out runs at the moment of the change.
 */
export class Schedule {
  readonly expression: Expression;
  readonly #zone: TimeZone | undefined;

  /** No zone is UTC. */
  constructor(expression: Expression, zone?: TimeZone) {
    this.expression = expression;
    this.#zone = zone;
  }

  /** The first time after a moment; whole seconds, ms since 1970. Nothing when there is none. */
  next(afterMs: number): number | undefined {
    const fromMs = Math.floor(afterMs / 1000) * 1000 + 1000;
    if (this.#zone === undefined) return nextWallTime(this.expression, fromMs);
    return this.#nextIn(this.#zone, fromMs);
  }

  /** The last time in (sinceMs, nowMs]; nothing when there is none. */
  latest(sinceMs: number, nowMs: number): number | undefined {
    let found: number | undefined;
    let low = sinceMs;
    let high = nowMs;
    // The next time after a moment never comes earlier for a later moment, so halving finds it.
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const next = this.next(middle);
      if (next === undefined || next > nowMs) {
        high = middle;
        continue;
      }
      found = next;
      low = next;
    }
    return found;
  }

  #nextIn(zone: TimeZone, fromMs: number): number | undefined {
    let at = fromMs;
    for (;;) {
      if (this.#isLeftOut(zone, at)) return at;
      const offset = zone.offsetAt(at);
      const wall = nextWallTime(this.expression, this.#firstWallTime(zone, at, offset));
      const run = wall === undefined ? undefined : wall - offset;
      const change = zone.nextChange(at, run ?? at + DAY_MS);
      if (change === undefined) return run;
      // No time fits between here and the run, so of a long way only its end is looked at.
      const isNear = run === undefined || change.atMs < at + DAY_MS;
      at = isNear ? change.atMs : Math.max(change.atMs, run - 2 * DAY_MS);
    }
  }

  /** R2: whether the clock leaves out one of the times at this very moment. */
  #isLeftOut(zone: TimeZone, at: number): boolean {
    if (this.expression.isEveryHour) return false;
    const change = zone.lastChange(at, at - 1000);
    if (change === undefined || change.afterMs < change.beforeMs) return false;
    const wall = nextWallTime(this.expression, at + change.beforeMs);
    return wall !== undefined && wall < at + change.afterMs;
  }

  /** R2: past the times that the clock shows again. */
  #firstWallTime(zone: TimeZone, at: number, offset: number): number {
    const wall = at + offset;
    if (this.expression.isEveryHour) return wall;
    const change = zone.lastChange(at, at - DAY_MS);
    if (change === undefined || change.afterMs > change.beforeMs) return wall;
    return Math.max(wall, change.atMs + change.beforeMs);
  }
}

/** Schedules kept: far more than a worker has different ones. */
const KEPT = 10_000;

/** Makes schedules, each expression and zone once. */
export class ScheduleReader {
  readonly #weekdays: Weekdays;
  readonly #schedules = new Map<string, Schedule>();
  readonly #zones = new Map<string, TimeZone>();

  constructor(weekdays: Weekdays) {
    this.#weekdays = weekdays;
  }

  /** @throws Error saying what is wrong with the expression or the zone */
  read(expression: string, timezone: string | undefined): Schedule {
    const key = JSON.stringify([expression, timezone]);
    let schedule = this.#schedules.get(key);
    if (schedule === undefined) {
      schedule = new Schedule(this.#parse(expression), this.#zone(timezone));
      if (this.#schedules.size >= KEPT) this.#schedules.clear();
      this.#schedules.set(key, schedule);
    }
    return schedule;
  }

  #parse(expression: string): Expression {
    try {
      return readExpression(expression, this.#weekdays);
    } catch (error) {
      throw new Error(`Invalid cron expression '${expression}': ${(error as Error).message}`);
    }
  }

  #zone(name: string | undefined): TimeZone | undefined {
    if (name === undefined || name === 'UTC') return undefined;
    let zone = this.#zones.get(name);
    if (zone === undefined) {
      try {
        zone = new TimeZone(name);
      } catch {
        // Intl says no more than that it does not know the name.
        throw new Error(`Unknown timezone '${name}': use a name like Europe/Berlin, or UTC`);
      }
      this.#zones.set(name, zone);
    }
    return zone;
  }
}
