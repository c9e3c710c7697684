// SPDX-License-Identifier: Apache-2.0
import type { InternalHttpRequest, StreamRequest, StreamResponse } from './http-messages.ts';

/** A response given as a whole. */
export interface HttpResponse<TBody = unknown> {
  status_code: number;
  headers?: Record<string, string> | undefined;
  body?: TBody | undefined;
}

/** What a handler gives back; nothing when it has streamed its response. */
// biome-ignore lint/suspicious/noConfusingVoidType: handlers that stream return nothing at all
type Given = HttpResponse | undefined | void;

/** Serves an HTTP trigger with a response that may be streamed. */
export function http(
  serve: (request: StreamRequest, response: StreamResponse) => Promise<Given> | Given,
): (request: InternalHttpRequest) => Promise<Given> {
  return async ({ response, ...request }) =>
    serve(request, {
      status: (status_code) =>
        response.sendMessage(JSON.stringify({ type: 'set_status', status_code })),
      headers: (headers) => response.sendMessage(JSON.stringify({ type: 'set_headers', headers })),
      stream: response.stream,
      close: () => response.close(),
    });
}
