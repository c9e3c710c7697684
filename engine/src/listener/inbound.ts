// SPDX-License-Identifier: Elastic-2.0
import type { RecoveredIds } from '@iii-dev/protocol';

const TELEMETRY_PREFIXES = ['OTLP', 'MTRC', 'LOGS'];

/** How far into an oversize message ids are looked for: they stand before the payload. */
const RECOVERY_BYTES = 4096;

/** How often the hard cap exceeds the limit: oversize messages up to it are answered, not cut off. */
const HARD_CAP_FACTOR = 4;

/** The socket library holds sizes in a signed 32-bit number. */
const LARGEST_SIZE = 2 ** 31 - 1;

/** Whether a binary message is telemetry: four known ASCII bytes, then anything. */
export function isTelemetry(bytes: Buffer): boolean {
  return bytes.length >= 4 && TELEMETRY_PREFIXES.includes(bytes.toString('latin1', 0, 4));
}

/** Size above which a message ends its connection; below it and above the limit it is refused alone. */
export function hardCapBytes(maxMessageBytes: number): number {
  return Math.min(maxMessageBytes * HARD_CAP_FACTOR, LARGEST_SIZE);
}

/** What to tell the sender of a message above the limit. */
export function describeOversize(messageBytes: number, maxMessageBytes: number): string {
  return (
    `message_too_large: the message has ${messageBytes} bytes, the limit is ${maxMessageBytes}. ` +
    'Send less, use a data channel, or raise max_message_bytes.'
  );
}

const RECOVERABLE = ['type', 'id', 'invocation_id', 'function_id', 'trigger_type'] as const;

/** Finds the ids in the first bytes of a message that is not going to be decoded. */
export function recoverIds(bytes: Buffer): RecoveredIds {
  const head = bytes.toString('utf8', 0, RECOVERY_BYTES);
  const recovered: { -readonly [K in keyof RecoveredIds]: RecoveredIds[K] } = {};
  for (const field of RECOVERABLE) {
    const found = new RegExp(`"${field}"\\s*:\\s*("(?:[^"\\\\]|\\\\.)*")`).exec(head)?.[1];
    if (found !== undefined) recovered[field] = unquote(found);
  }
  return recovered;
}

function unquote(json: string): string {
  try {
    return JSON.parse(json) as string; // the pattern admits strings only
  } catch {
    return json.slice(1, -1); // an invalid escape: the raw text still helps to find the call
  }
}
