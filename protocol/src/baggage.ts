// SPDX-License-Identifier: Apache-2.0

const FUNCTION_ID_KEY = 'iii.function.id';

/** The W3C baggage with `iii.function.id` set; other entries stay as they are. */
export function withFunctionId(baggage: string | undefined, functionId: string): string {
  // encodeURIComponent throws on lone surrogates, and a strange id must not fail its call.
  const id = encodeURIComponent(functionId.replace(/\p{Surrogate}/gu, '\ufffd'));
  const entry = `${FUNCTION_ID_KEY}=${id}`;
  if (!baggage) return entry;
  const kept = baggage.split(',').filter((other) => other.trim() !== '' && !isFunctionId(other));
  return [...kept, entry].join(',');
}

function isFunctionId(entry: string): boolean {
  const [key = ''] = entry.split(/[=;]/, 1);
  return key.trim() === FUNCTION_ID_KEY;
}
