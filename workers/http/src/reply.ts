// SPDX-License-Identifier: Apache-2.0

/** A whole response that is written at once. */
export interface Reply {
  readonly status: number;
  /** Name, value, name, value…; names may repeat. */
  readonly headers: readonly string[];
  readonly body: string | Buffer;
}

export const JSON_TYPE = 'application/json';
const JSON_HEADERS = ['content-type', JSON_TYPE] as const;

/** A reply with a JSON body that is text already. */
export function jsonReply(status: number, body: string, headers: readonly string[] = []): Reply {
  return { status, headers: [...JSON_HEADERS, ...headers], body };
}

/** An answer the server gives itself: code and message, never a stack. */
export function errorReply(
  status: number,
  error: { code: string; message: string; error_id?: string },
  headers: readonly string[] = [],
): Reply {
  return jsonReply(status, JSON.stringify({ error }), headers);
}

/** Id that joins a 5xx answer to its log line: 48 bits of the clock in nanoseconds, as hex. */
export function createErrorId(): string {
  return (process.hrtime.bigint() & 0xffff_ffff_ffffn).toString(16);
}

export const NOT_FOUND: Reply = errorReply(404, { code: 'NOT_FOUND', message: 'Not Found' });
export const CONDITION_NOT_MET: Reply = jsonReply(
  422,
  '{"error":{"code":"CONDITION_NOT_MET","message":"Request condition not met"},"skipped":true}',
);
export const PAYLOAD_TOO_LARGE: Reply = errorReply(413, {
  code: 'PAYLOAD_TOO_LARGE',
  message: 'Request body is larger than this server accepts',
});
export const OVERLOADED: Reply = errorReply(
  503,
  { code: 'OVERLOADED', message: 'Too many requests in flight, try again' },
  ['retry-after', '1'],
);
export const MIDDLEWARE_TIMEOUT: Reply = errorReply(504, {
  code: 'MIDDLEWARE_TIMEOUT',
  message: 'Middleware timeout',
});
