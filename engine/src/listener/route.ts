// SPDX-License-Identifier: Elastic-2.0
import type { ChannelDirection } from '../hub/channels.ts';

/** What a request is after, by its path and query alone. */
export type Route =
  | { readonly kind: 'worker' }
  | { readonly kind: 'telemetry' }
  | {
      readonly kind: 'channel';
      readonly id: string;
      readonly key: string;
      readonly direction: ChannelDirection;
    }
  | { readonly kind: 'refused'; readonly status: number; readonly text: string };

const CHANNEL_PREFIX = '/ws/channels/';

/** Finds the route of a request target such as `/ws/channels/abc?key=k&dir=read`. */
export function findRoute(target: string): Route {
  const [path, query] = splitTarget(target);
  switch (path) {
    case '/':
    case '/ws': // reverse proxies forward this prefix unchanged
      return { kind: 'worker' };
    case '/otel':
      return { kind: 'telemetry' };
    default:
      return path.startsWith(CHANNEL_PREFIX)
        ? findChannel(path.slice(CHANNEL_PREFIX.length), query)
        : refuse(
            404,
            `Nothing is served at ${path}. Workers connect a WebSocket to /, telemetry goes to /otel, ` +
              'data channels are at /ws/channels/<id>?key=<key>&dir=read|write. ' +
              'HTTP endpoints of functions are on the port of the HTTP worker.',
          );
  }
}

function findChannel(id: string, query: string): Route {
  const parameters = new URLSearchParams(query);
  const key = parameters.get('key');
  const direction = parameters.get('dir');
  if (!key) return refuse(400, 'The query needs key=<access_key> of the channel.');
  if (direction !== 'read' && direction !== 'write') {
    return refuse(400, 'The query needs dir=read or dir=write.');
  }
  return { kind: 'channel', id, key, direction };
}

function refuse(status: number, text: string): Route {
  return { kind: 'refused', status, text };
}

function splitTarget(target: string): [path: string, query: string] {
  const mark = target.indexOf('?');
  return mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)];
}
