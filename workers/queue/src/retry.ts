// SPDX-License-Identifier: Apache-2.0
import type { QueueSettings } from './settings.ts';

/** How long to wait after the n-th failed attempt, ms; `random` is in [0, 1). */
export function retryDelayMs(settings: QueueSettings, attempts: number, random: number): number {
  const { backoffMs, isBackoffFixed, maxBackoffMs, jitter } = settings;
  const grown = isBackoffFixed ? backoffMs : backoffMs * 2 ** (attempts - 1);
  return Math.round(Math.min(grown, maxBackoffMs) * (1 + jitter * random));
}

/** A call that ended with its worker is repeated so often before it counts as an attempt. */
const FREE_STOPS = 2;
/** Waits for a function that is not there, ms: short at first, for a worker that restarts. */
const ABSENT_WAIT_MS = { first: 100, longest: 5_000 } as const;

/** What is to become of a job whose call failed. */
export type Verdict =
  /** It was not the job's fault, or nobody's: again, and no attempt counted. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'retry'; readonly attempts: number; readonly delayMs: number }
  | { readonly kind: 'dead'; readonly attempts: number };

/** Decides by the error's code. */
export function judgeFailure(
  code: string,
  job: { readonly attempts: number; readonly stops: number },
  settings: QueueSettings,
  random: number,
): Verdict {
  if (code === 'function_not_found') return { kind: 'absent' };
  if (code === 'CONNECTION_LOST' || code === 'OFFLINE_QUEUE_FULL') return { kind: 'absent' };
  if (code === 'invocation_stopped' && job.stops < FREE_STOPS) return { kind: 'stopped' };
  const attempts = job.attempts + 1;
  if (attempts >= settings.maxAttempts) return { kind: 'dead', attempts };
  return { kind: 'retry', attempts, delayMs: retryDelayMs(settings, attempts, random) };
}

/** Remembers which functions were not there, and when to look again. */
export class AbsentFunctions {
  readonly #waits = new Map<string, { untilMs: number; waitMs: number }>();

  /** Until when jobs for the function should wait; nothing when it may be called. */
  untilMs(target: string, nowMs: number): number | undefined {
    const wait = this.#waits.get(target);
    return wait !== undefined && wait.untilMs > nowMs ? wait.untilMs : undefined;
  }

  /** The function was not there; returns when to call it again. */
  miss(target: string, nowMs: number): number {
    const before = this.#waits.get(target);
    if (before !== undefined && before.untilMs > nowMs) return before.untilMs;
    const waitMs = Math.min(
      before === undefined ? ABSENT_WAIT_MS.first : before.waitMs * 2,
      ABSENT_WAIT_MS.longest,
    );
    const untilMs = nowMs + waitMs;
    this.#waits.set(target, { untilMs, waitMs });
    return untilMs;
  }

  found(target: string): void {
    if (this.#waits.size > 0) this.#waits.delete(target);
  }

  /** Functions came or went: everything may be tried at once. */
  clear(): void {
    this.#waits.clear();
  }
}
