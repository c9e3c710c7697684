// SPDX-License-Identifier: Apache-2.0

const DAY_MS = 86_400_000;

/** A change of a zone's distance from UTC. */
export interface ClockChange {
  /** The first moment of the new offset. */
  readonly atMs: number;
  readonly beforeMs: number;
  readonly afterMs: number;
}

interface Year {
  readonly startOffsetMs: number;
  readonly changes: readonly ClockChange[];
}

/** A zone's distance from UTC at any time. Changes are looked up year by year and kept. */
export class TimeZone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  readonly #years = new Map<number, Year>();

  /** @throws RangeError when there is no such zone */
  constructor(name: string) {
    this.name = name;
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** What is added to UTC to get the time on the wall. */
  offsetAt(timeMs: number): number {
    const { startOffsetMs, changes } = this.#year(yearOf(timeMs));
    let offset = startOffsetMs;
    for (const change of changes) {
      if (change.atMs <= timeMs) offset = change.afterMs;
    }
    return offset;
  }

  /** The last change in (sinceMs, timeMs]. */
  lastChange(timeMs: number, sinceMs: number): ClockChange | undefined {
    let found: ClockChange | undefined;
    for (let year = yearOf(sinceMs); year <= yearOf(timeMs); year += 1) {
      for (const change of this.#year(year).changes) {
        if (change.atMs > sinceMs && change.atMs <= timeMs) found = change;
      }
    }
    return found;
  }

  /** The first change in (timeMs, untilMs]. */
  nextChange(timeMs: number, untilMs: number): ClockChange | undefined {
    for (let year = yearOf(timeMs); year <= yearOf(untilMs); year += 1) {
      for (const change of this.#year(year).changes) {
        if (change.atMs > timeMs) return change.atMs <= untilMs ? change : undefined;
      }
    }
    return undefined;
  }

  #year(year: number): Year {
    let known = this.#years.get(year);
    if (known === undefined) {
      known = this.#search(Date.UTC(year, 0, 1) - 1000, Date.UTC(year + 1, 0, 1) - 1000);
      this.#years.set(year, known);
    }
    return known;
  }

  /** No zone changes twice within a day. */
  #search(fromMs: number, toMs: number): Year {
    const changes: ClockChange[] = [];
    const startOffsetMs = this.#readOffset(fromMs);
    let beforeMs = startOffsetMs;
    for (let at = fromMs; at < toMs; at += DAY_MS) {
      const end = Math.min(at + DAY_MS, toMs);
      const afterMs = this.#readOffset(end);
      if (afterMs !== beforeMs) {
        changes.push({ atMs: this.#bisect(at, end, beforeMs), beforeMs, afterMs });
      }
      beforeMs = afterMs;
    }
    return { startOffsetMs, changes };
  }

  #bisect(fromMs: number, toMs: number, before: number): number {
    let low = fromMs;
    let high = toMs;
    while (high - low > 1000) {
      const middle = Math.floor((low + high) / 2000) * 1000;
      if (this.#readOffset(middle) === before) low = middle;
      else high = middle;
    }
    return high;
  }

  #readOffset(timeMs: number): number {
    const seconds = Math.floor(timeMs / 1000) * 1000;
    const parts: Record<string, string> = {};
    for (const { type, value } of this.#format.formatToParts(seconds)) parts[type] = value;
    const wall = Date.UTC(
      Number(parts.year),
      Number(parts.month) - 1,
      Number(parts.day),
      Number(parts.hour),
      Number(parts.minute),
      Number(parts.second),
    );
    return wall - seconds;
  }
}

function yearOf(timeMs: number): number {
  return new Date(timeMs).getUTCFullYear();
}
