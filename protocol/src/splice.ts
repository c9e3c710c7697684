// SPDX-License-Identifier: Apache-2.0
import { writeString } from './encode-frame.ts';
import { JsonScanner } from './json-scanner.ts';
import { Payload } from './payload.ts';

const CALLER_WORKER_ID = '_caller_worker_id';

/**
 * The payload with `_caller_worker_id` set, in place of any the caller put there itself. The text
 * of all other members stays byte-exact; a payload that is no object comes back as it is.
 */
export function spliceCallerWorkerId(data: Payload, workerId: string): Payload {
  if (!data.isObject) return data;
  if (!data.hasText) {
    const value = data.value as { readonly toJSON?: unknown };
    if (typeof value.toJSON !== 'function') {
      return Payload.ofValue({ ...value, [CALLER_WORKER_ID]: workerId });
    }
    // Only its text says what such a value is on the wire; a date is an object in name only.
    return data.text.startsWith('{') ? spliceText(data.text, workerId) : data;
  }
  return spliceText(data.text, workerId);
}

function spliceText(text: string, workerId: string): Payload {
  const member = `"${CALLER_WORKER_ID}":${writeString(workerId)}`;
  // An escaped spelling of the key cannot do without a \u escape.
  const mayHaveKey = text.includes(CALLER_WORKER_ID) || text.includes('\\u');
  if (mayHaveKey) return Payload.ofText(replaceMembers(text, member));
  return Payload.ofText(insertFirst(text, member));
}

function insertFirst(text: string, member: string): string {
  const isEmpty = /^\{[ \t\r\n]*\}/.test(text);
  return `{${member}${isEmpty ? '' : ','}${text.slice(1)}`;
}

/** Cuts every top-level member of the key out, then inserts the new one. */
function replaceMembers(text: string, member: string): string {
  const scanner = new JsonScanner(text);
  const kept: string[] = [];
  let pieceStart = 1;
  let end = 1;
  scanner.scanObject(0, (key, _start, valueEnd) => {
    end = scanner.skipSpace(valueEnd);
    if (key !== CALLER_WORKER_ID) kept.push(text.slice(pieceStart, end));
    pieceStart = end + 1;
  });
  if (kept.length === 0) return `{${member}}`;
  return `{${member},${kept.join(',')}${text.slice(end)}`;
}
