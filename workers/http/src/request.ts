// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { RequestChannels } from './engine.ts';
import { isDeeperThan, MAX_JSON_DEPTH } from './json-scan.ts';
import type { Route } from './route.ts';

/** Values by name; a list only on routes that keep repeated names apart. */
export type Values = Record<string, string | string[]>;

/** A request line's target, split at the question mark. */
export interface Target {
  readonly path: string;
  readonly search: string;
}

/** What handlers, conditions and middleware are told of a request. Middleware may change the values. */
export interface RequestView {
  readonly method: string;
  readonly url: string;
  readonly clientIp: string;
  headers: Values;
  queryParams: Values;
  pathParams: Values;
  context: Record<string, unknown> | undefined;
}

/** Splits a request target; one in absolute form (`http://host/path`) loses its host. */
export function parseTarget(url: string): Target {
  const target = url.startsWith('/') ? url : withoutOrigin(url);
  const mark = target.indexOf('?');
  if (mark === -1) return { path: target, search: '' };
  return { path: target.slice(0, mark), search: target.slice(mark + 1) };
}

/** Query parameters, percent-decoded, `+` as space. The last of a repeated name wins. */
export function readQuery(search: string, keepsRepeated: boolean): Values {
  const values = createValues();
  if (search === '') return values;
  for (const [name, value] of new URLSearchParams(search)) {
    addValue(values, name, value, keepsRepeated);
  }
  return values;
}

/** Headers by lower-case name. A value with other than visible ASCII is empty, as JSON needs text. */
export function readHeaders(rawHeaders: readonly string[], keepsRepeated: boolean): Values {
  const values = createValues();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const value = rawHeaders[at + 1] as string;
    const text = /^[\t\x20-\x7e]*$/.test(value) ? value : '';
    addValue(values, (rawHeaders[at] as string).toLowerCase(), text, keepsRepeated);
  }
  return values;
}

/** Path parameters as they stand in the path. */
export function readPathParams(names: readonly string[], values: readonly string[]): Values {
  const params = createValues();
  for (let at = 0; at < names.length; at++) params[names[at] as string] = values[at] as string;
  return params;
}

/** Whether a body of this content type is parsed for the handler. */
export function isJsonType(contentType: string | undefined): boolean {
  return contentType !== undefined && /application\/json|\+json\s*(;|$)/i.test(contentType);
}

/** Whether a request has, or may have, a body. */
export function hasBody(req: IncomingMessage): boolean {
  if (req.headers['transfer-encoding'] !== undefined) return true;
  const length = req.headers['content-length'];
  return length !== undefined && Number(length) > 0;
}

/** A body as JSON text, `null` when it is not JSON; the text is kept, so numbers keep their digits. */
export function jsonBodyText(bytes: Buffer): string {
  if (bytes.length === 0 || !isUtf8(bytes)) return 'null';
  const text = bytes.toString('utf8');
  try {
    JSON.parse(text);
  } catch {
    // The contract calls the handler with null; the exact bytes are in the request_body channel.
    return 'null';
  }
  return isDeeperThan(text, MAX_JSON_DEPTH) ? 'null' : text;
}

/** What a handler is called with; `channels` is left out for conditions. */
export function payloadText(
  route: Route,
  view: RequestView,
  bodyText: string,
  channels?: RequestChannels,
): string {
  const context = view.context ? `,"context":${JSON.stringify(view.context)}` : '';
  const refs = channels
    ? `,"request_body":${JSON.stringify(channels.bodyRef)},"response":${JSON.stringify(channels.responseRef)}`
    : '';
  return (
    `{"query_params":${JSON.stringify(view.queryParams)},"path_params":${JSON.stringify(view.pathParams)}` +
    `,"headers":${JSON.stringify(view.headers)},"method":${JSON.stringify(view.method)}` +
    `,"url":${JSON.stringify(view.url)},"client_ip":${JSON.stringify(view.clientIp)}` +
    `,${route.payloadText},"body":${bodyText}${context}${refs}}`
  );
}

/** Address of who asks; behind a trusted proxy the one the proxy names. */
export function clientIp(req: IncomingMessage, trustProxy: boolean): string {
  const forwarded = trustProxy ? req.headers['x-forwarded-for'] : undefined;
  const first = (Array.isArray(forwarded) ? forwarded[0] : forwarded)?.split(',')[0]?.trim();
  return first || (req.socket.remoteAddress ?? '');
}

function createValues(): Values {
  // No prototype: `__proto__` and `constructor` are names like any other here.
  return Object.create(null) as Values;
}

function addValue(values: Values, name: string, value: string, keepsRepeated: boolean): void {
  const known = values[name];
  if (!keepsRepeated || known === undefined) values[name] = value;
  else if (Array.isArray(known)) known.push(value);
  else values[name] = [known, value];
}

function withoutOrigin(url: string): string {
  const slash = url.indexOf('/', url.indexOf('://') + 3);
  return url.includes('://') && slash !== -1 ? url.slice(slash) : '/';
}
