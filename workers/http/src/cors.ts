// SPDX-License-Identifier: Apache-2.0
import type { CorsSettings } from './config.ts';

const VARY = ['vary', 'origin, access-control-request-method, access-control-request-headers'];

/** Headers every answer carries, as name, value pairs. */
export function corsHeaders(cors: CorsSettings | null, origin: string | undefined): string[] {
  const allowed = allowOrigin(cors, origin);
  return cors ? [...VARY, ...allowed] : [...VARY, ...allowed, 'access-control-expose-headers', '*'];
}

/** Headers of the answer to a browser's question whether it may send a request. */
export function preflightHeaders(cors: CorsSettings | null, origin: string | undefined): string[] {
  const methods = cors?.allowedMethods.length ? cors.allowedMethods.join(',') : '*';
  return [
    ...VARY,
    ...allowOrigin(cors, origin),
    'access-control-allow-methods',
    methods,
    'access-control-allow-headers',
    '*',
  ];
}

/** A handler's headers without those that are for the server alone to set. */
export function withoutCorsHeaders(headers: readonly string[]): readonly string[] {
  const isOwn = (name: string) => /^access-control-(allow-origin|expose-headers)$/i.test(name);
  if (!headers.some((name, at) => at % 2 === 0 && isOwn(name))) return headers;
  return headers.filter((_, at) => !isOwn(headers[at - (at % 2)] as string));
}

function allowOrigin(cors: CorsSettings | null, origin: string | undefined): string[] {
  const origins = cors?.allowedOrigins ?? [];
  if (origins.length === 0 || origins.includes('*')) return ['access-control-allow-origin', '*'];
  return origin !== undefined && origins.includes(origin)
    ? ['access-control-allow-origin', origin]
    : [];
}
