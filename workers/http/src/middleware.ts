// SPDX-License-Identifier: Apache-2.0
import { Payload } from 'iii-sdk/internal';
import { sliceTopLevel } from './json-scan.ts';
import type { Reply } from './reply.ts';
import type { RequestView, Values } from './request.ts';
import { replyFromMiddleware, type SkipHeader } from './response.ts';

/** What a middleware decided; `unclear` is a result that is neither continue nor respond. */
export type MiddlewareVerdict =
  | { readonly kind: 'continue' }
  | { readonly kind: 'respond'; readonly reply: Reply }
  | { readonly kind: 'unclear' };

/** What a middleware is called with; never the body. */
export function middlewarePayload(view: RequestView): Payload {
  return Payload.ofValue({
    phase: 'preHandler',
    request: {
      path_params: view.pathParams,
      query_params: view.queryParams,
      headers: view.headers,
      method: view.method,
    },
    context: view.context ?? {},
  });
}

/** Reads a middleware's result, and takes over what a `continue` changes in the request. */
export function applyMiddlewareResult(
  result: Payload | undefined,
  view: RequestView,
  skip: SkipHeader,
): MiddlewareVerdict {
  if (!result?.isObject) return { kind: 'unclear' };
  const parts = sliceTopLevel(result.text);
  switch (parts?.get('action')) {
    case '"continue"':
      applyPatch(view, parseSlice(parts.get('request')), parseSlice(parts.get('context')));
      return { kind: 'continue' };
    case '"respond"': {
      const response = parts.get('response') ?? '{}';
      const bodyText = sliceTopLevel(response)?.get('body') ?? 'null';
      return {
        kind: 'respond',
        reply: replyFromMiddleware(JSON.parse(response), bodyText, skip),
      };
    }
    default:
      return { kind: 'unclear' };
  }
}

function applyPatch(view: RequestView, request: unknown, context: unknown): void {
  if (isRecord(context) && Object.keys(context).length > 0) {
    view.context = { ...view.context, ...context };
  }
  if (!isRecord(request)) return;
  if (isRecord(request.headers)) view.headers = merge(view.headers, request.headers);
  if (isRecord(request.query_params))
    view.queryParams = merge(view.queryParams, request.query_params);
  if (isRecord(request.path_params)) view.pathParams = merge(view.pathParams, request.path_params);
}

/** Handlers rely on these being text, so a patch can only put text in. */
function merge(values: Values, patch: Record<string, unknown>): Values {
  const merged: Values = Object.assign(Object.create(null), values);
  for (const [name, value] of Object.entries(patch)) {
    if (typeof value === 'string') merged[name] = value;
  }
  return merged;
}

function parseSlice(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
