// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { StreamedHead } from '../src/response-channel.ts';

const status = (status_code?: unknown) => JSON.stringify({ type: 'set_status', status_code });

describe('the head of a streamed response', () => {
  it('http:28 takes a status from 100 to 599 and ignores the rest', () => {
    const head = new StreamedHead();
    for (const given of [100, 599]) {
      head.apply(status(given));
      expect(head.status).toBe(given);
    }
    for (const given of [99, 600, undefined, '200', 200.5]) head.apply(status(given));
    expect(head.status).toBe(599);
  });

  it('http:28 a later header replaces an earlier one, and only text counts', () => {
    const head = new StreamedHead();
    head.apply('{"type":"set_headers","headers":{"X-A":"1","x-b":"2","x-c":3}}');
    head.apply('{"type":"set_headers","headers":{"x-a":"4"}}');
    expect(head.headers(() => undefined)).toEqual(['x-a', '4', 'x-b', '2']);
  });

  it('ignores text that is no control message', () => {
    const head = new StreamedHead();
    for (const text of ['', 'hello', 'null', '1', '{}', '{"type":"other"}']) {
      expect(head.apply(text)).toBe(false);
    }
  });
});
