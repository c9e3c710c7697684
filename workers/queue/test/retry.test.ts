// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { RateGate } from '../src/rate.ts';
import { judgeFailure, retryDelayMs } from '../src/retry.ts';
import { DEFAULT_SETTINGS } from '../src/settings.ts';

const settings = { ...DEFAULT_SETTINGS, maxAttempts: 4, backoffMs: 50, jitter: 0.1 };

describe('a retry', () => {
  it('Q13 waits twice as long each time, a little more at random, up to a limit', () => {
    expect([1, 2, 3].map((n) => retryDelayMs(settings, n, 0))).toEqual([50, 100, 200]);
    expect(retryDelayMs(settings, 1, 1)).toBe(55);
    expect(retryDelayMs({ ...settings, maxBackoffMs: 120 }, 5000, 0)).toBe(120);
    expect(retryDelayMs({ ...settings, isBackoffFixed: true }, 3, 0)).toBe(50);
  });

  it('counts failures of the function, not its absence', () => {
    const job = { attempts: 0, stops: 0 };
    const judge = (code: string, more = {}) => judgeFailure(code, { ...job, ...more }, settings, 0);
    expect(judge('boom')).toEqual({ kind: 'retry', attempts: 1, delayMs: 50 });
    expect(judge('boom', { attempts: 3 })).toEqual({ kind: 'dead', attempts: 4 });
    expect(judge('function_not_found').kind).toBe('absent');
    expect(judge('CONNECTION_LOST').kind).toBe('absent');
    expect(judge('invocation_stopped').kind).toBe('stopped');
    expect(judge('invocation_stopped', { stops: 2 }).kind).toBe('retry');
  });
});

describe('a rate limit', () => {
  it('gives out no more turns than it allows in any span', () => {
    const gate = new RateGate({ limit: 2, perMs: 100, keyField: undefined });
    expect([0, 0, 0, 10, 150].map((now) => gate.reserve('a', now))).toEqual([0, 0, 100, 100, 200]);
    expect(gate.reserve('b', 10)).toBe(10);
  });
});
