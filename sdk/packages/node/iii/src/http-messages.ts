// SPDX-License-Identifier: Apache-2.0
import type { ChannelReader, ChannelWriter } from './channel-ends.ts';

// Handlers that do not say what the body holds get it untyped, as in the published types.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Untyped = any;

/** What a function bound to trigger type `http` is called with. */
export interface InternalHttpRequest<TBody = Untyped> {
  path_params: Record<string, string>;
  query_params: Record<string, string | string[]>;
  body: TBody;
  headers: Record<string, string | string[]>;
  method: string;
  path?: string;
  request_body: ChannelReader;
  response: ChannelWriter;
}

/** {@link InternalHttpRequest} without the response. */
export type StreamRequest<TBody = Untyped> = Omit<InternalHttpRequest<TBody>, 'response'>;

/** A response that is streamed. */
export interface StreamResponse {
  status(statusCode: number): void;
  headers(headers: Record<string, string>): void;
  stream: NodeJS.WritableStream;
  close(): void;
}

/** What an RBAC middleware function is called with. */
export interface MiddlewareFunctionInput {
  function_id: string;
  payload: Record<string, unknown>;
  action?: { type: 'enqueue'; queue: string } | { type: 'void' };
  context: Record<string, unknown>;
  namespace?: string;
}
