// SPDX-License-Identifier: Apache-2.0
import { resolveConfig } from '@iii-dev/worker-kit';
import { describe, expect, it } from 'vitest';
import { httpConfig } from '../src/config.ts';

const resolve = (raw: unknown) => resolveConfig(httpConfig, raw, { worker: 'iii-http' });

describe('config', () => {
  it('nothing at all is every default', () => {
    expect(resolve(undefined)).toMatchObject({
      port: 3111,
      host: '127.0.0.1',
      defaultTimeoutMs: 30_000,
      concurrencyLimit: 1024,
      cors: null,
      middleware: [],
    });
  });

  it.each([
    { prot: 1 },
    { cors: { origins: [] } },
    { middleware: [{ function_id: 'a', prio: 1 }] },
  ])('http:38 an unknown key in %j is refused', (raw) => {
    expect(() => resolve(raw)).toThrow(/unknown key/);
  });

  it('a concurrency limit of 0 means 1', () => {
    expect(resolve({ concurrency_request_limit: 0 }).concurrencyLimit).toBe(1);
  });

  it('the keys of older documentation are known', () => {
    resolve({
      body_limit: 1,
      trust_proxy: true,
      request_id_header: 'x-id',
      ignore_trailing_slash: true,
      not_found_function: 'f',
    });
  });
});
