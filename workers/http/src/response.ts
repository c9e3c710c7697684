// SPDX-License-Identifier: Apache-2.0
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { sliceTopLevel } from './json-scan.ts';
import { JSON_TYPE, jsonReply, type Reply } from './reply.ts';

/** Says which header was left out and why; called once per header. */
export type SkipHeader = (name: string) => void;

/** Names that belong to the connection; the server writes them itself. */
const CONNECTION_HEADERS = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'trailer',
  'proxy-connection',
]);

/** Reads a handler's result, as JSON text, as a response envelope. A bare value is 200 with `{}`. */
export function replyFromResult(text: string, defaultStatus: number, skip: SkipHeader): Reply {
  const parts = sliceTopLevel(text) ?? new Map<string, string>();
  const headers = readHeaders(parse(parts.get('headers')), skip);
  const type = contentType(headers);
  const base64 = parts.get('body_base64');
  const body =
    base64?.startsWith('"') && !parts.has('body')
      ? Buffer.from(parse(base64) as string, 'base64')
      : encodeBody(parts.get('body') ?? '{}', type);
  return {
    status: readStatus(parts, defaultStatus),
    headers: type === undefined ? ['content-type', JSON_TYPE, ...headers] : headers,
    body,
  };
}

/** Reads what a middleware answers with: headers all or none, the body always JSON. */
export function replyFromMiddleware(response: unknown, bodyText: string, skip: SkipHeader): Reply {
  const { status_code: status, headers } = isRecord(response) ? response : {};
  const isUsable = isRecord(headers) && Object.values(headers).every((v) => typeof v === 'string');
  const usable = isUsable ? readHeaders(headers, skip) : [];
  const hasType = contentType(usable) !== undefined;
  const code = isLegalStatus(status) ? status : 200;
  return hasType
    ? { status: code, headers: usable, body: bodyText }
    : jsonReply(code, bodyText, usable);
}

/** Whether a number can be sent as a status. */
export function isLegalStatus(status: unknown): status is number {
  return typeof status === 'number' && Number.isInteger(status) && status >= 100 && status <= 999;
}

/**
 * Headers as name, value pairs from `{ name: value }` or `["Name: value"]`. What is not a valid
 * header is left out; in the object form a later name replaces an equal earlier one.
 */
export function readHeaders(value: unknown, skip: SkipHeader): string[] {
  if (Array.isArray(value)) {
    const flat: string[] = [];
    for (const line of value) {
      const colon = typeof line === 'string' ? line.indexOf(':') : -1;
      if (colon === -1) continue;
      addHeader(flat, line.slice(0, colon).trim(), line.slice(colon + 1).trim(), skip);
    }
    return flat;
  }
  if (!isRecord(value)) return [];
  const byName = new Map<string, [string, string]>();
  for (const [name, text] of Object.entries(value)) {
    if (typeof text === 'string') byName.set(name.toLowerCase(), [name, text]);
  }
  const flat: string[] = [];
  for (const [name, text] of byName.values()) addHeader(flat, name, text, skip);
  return flat;
}

/** The value of a content-type header among name, value pairs. */
export function contentType(headers: readonly string[]): string | undefined {
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at]?.toLowerCase() === 'content-type') return headers[at + 1];
  }
  return undefined;
}

function addHeader(flat: string[], name: string, value: string, skip: SkipHeader): void {
  if (CONNECTION_HEADERS.has(name.toLowerCase())) return;
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch {
    // The rest of the response is good; one unusable header must not cost the client all of it.
    skip(name);
    return;
  }
  flat.push(name, value);
}

function readStatus(parts: ReadonlyMap<string, string>, defaultStatus: number): number {
  const given = parts.get('status_code');
  if (given !== undefined) {
    const status = parse(given);
    return isLegalStatus(status) ? status : 200;
  }
  // `statusCode` is how some Python helpers spell it; `status` stands in older documentation, and
  // counts only beside a body or headers, since plain results have a field of that name too.
  const isEnvelope = parts.has('body') || parts.has('headers');
  const other = parse(parts.get('statusCode') ?? (isEnvelope ? parts.get('status') : undefined));
  return isLegalStatus(other) && other <= 599 ? other : defaultStatus;
}

function encodeBody(text: string, type: string | undefined): string | Buffer {
  if (type === undefined) return text;
  if (text.startsWith('"')) return parse(text) as string;
  if (text === 'null') return '';
  if (!type.includes(JSON_TYPE) && text.startsWith('{')) return bufferFromJson(text) ?? text;
  return text;
}

/** What Node writes for a Buffer in JSON, `{"type":"Buffer","data":[…]}`, as bytes again. */
function bufferFromJson(text: string): Buffer | undefined {
  const parts = sliceTopLevel(text);
  if (parts?.get('type') !== '"Buffer"') return undefined;
  const data = parse(parts.get('data'));
  return Array.isArray(data) ? Buffer.from(data) : undefined;
}

function parse(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
