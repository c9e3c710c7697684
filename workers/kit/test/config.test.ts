// SPDX-License-Identifier: Apache-2.0
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { chooseAdapter } from '../src/adapter.ts';
import { ConfigError, resolveConfig } from '../src/config.ts';

const schema = v.strictObject({
  max_retries: v.optional(v.pipe(v.number(), v.minValue(0, 'a whole number ≥ 0')), 3),
  adapter: v.optional(
    v.variant('name', [
      v.strictObject({ name: v.literal('kv'), file_path: v.optional(v.string()) }),
      v.strictObject({ name: v.literal('redis'), redis_url: v.optional(v.string()) }),
    ]),
    { name: 'kv' },
  ),
});

function messageOf(raw: unknown): string {
  try {
    resolveConfig(schema, raw, {
      worker: 'iii-queue',
      configPath: 'config.yaml: workers[2].config',
    });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error('the config was accepted');
}

describe('a config', () => {
  it('that is absent is all defaults', () => {
    const config = resolveConfig(schema, undefined, { worker: 'iii-queue' });
    expect(config).toEqual({ max_retries: 3, adapter: { name: 'kv' } });
  });

  it('with a wrong value is told what, where and what would be right', () => {
    expect(messageOf({ max_retries: 'three' })).toBe(
      'iii-queue: max_retries must be a number, got "three" (config.yaml: workers[2].config.max_retries)',
    );
    expect(messageOf({ max_retries: -1 })).toContain(
      'max_retries must be a whole number ≥ 0, got -1',
    );
  });

  it('with a misspelt key is told the key that was meant, at any depth', () => {
    expect(messageOf({ max_retrys: 1 })).toContain(
      'unknown key "max_retrys"; did you mean "max_retries"?',
    );
    expect(messageOf({ adapter: { name: 'kv', file_pth: '' } })).toContain(
      'did you mean "file_path"?',
    );
    expect(messageOf({ zzz: 1 })).toContain('known keys: max_retries, adapter');
  });

  it('with two problems hears of both', () => {
    expect(messageOf({ max_retries: 'x', adapter: 1 }).split('\n')).toHaveLength(2);
  });

  it('never has a password quoted back', () => {
    const secret = v.strictObject({ password: v.number(), url: v.number() });
    const raw = { password: 'hunter2', url: 'redis://me:hunter2@host' };
    expect(() => resolveConfig(secret, raw, { worker: 'w' })).toThrow('redis://***@host');
    expect(() => resolveConfig(secret, raw, { worker: 'w' })).not.toThrow('hunter2');
  });
});

it('an adapter that does not exist is answered with those that do', () => {
  expect(() => chooseAdapter({ worker: 'w', name: 'x' }, { kv: 1, redis: 2 })).toThrow(
    'Adapter factory \'x\' not found. Available: ["kv", "redis"]',
  );
});
