// SPDX-License-Identifier: Apache-2.0

/** One piece of a route between two slashes; `rest` takes all that is left and stands last. */
export type Segment =
  | { readonly kind: 'static'; readonly text: string }
  | { readonly kind: 'param'; readonly name: string }
  | { readonly kind: 'rest'; readonly name: string };

/** A path that cannot be a route; the message says why and what to write instead. */
export class RoutePatternError extends Error {
  override readonly name = 'RoutePatternError';
}

/**
 * Reads an `api_path`: `:name` and `{name}` take one segment, `{*name}` takes the rest of the path.
 * Leading slashes do not count, a trailing one does.
 * @throws RoutePatternError for a path that has no clear meaning.
 */
export function parseRoutePattern(apiPath: string): Segment[] {
  const segments = apiPath
    .replace(/^\/+/, '')
    .split('/')
    .map((text) => parseSegment(text, apiPath));
  const rest = segments.findIndex((segment) => segment.kind === 'rest');
  if (rest !== -1 && rest !== segments.length - 1) {
    throw new RoutePatternError(`Route path '${apiPath}': {*name} must be the last segment`);
  }
  const names = segments.flatMap((segment) => (segment.kind === 'static' ? [] : [segment.name]));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new RoutePatternError(`Route path '${apiPath}': parameter name '${twice}' is used twice`);
  }
  return segments;
}

function parseSegment(text: string, apiPath: string): Segment {
  if (text.startsWith(':')) {
    if (text.length === 1) {
      throw new RoutePatternError(
        `Route path '${apiPath}': ':' must be followed by a parameter name`,
      );
    }
    return { kind: 'param', name: text.slice(1) };
  }
  if (text.startsWith('*')) {
    throw new RoutePatternError(
      `Route path '${apiPath}': write '{*name}' to take the rest of the path, got '${text}'`,
    );
  }
  if (!/[{}]/.test(text)) return { kind: 'static', text };
  const braced = /^\{(\*?)([^{}*]+)\}$/.exec(text);
  if (!braced) {
    throw new RoutePatternError(
      `Route path '${apiPath}': segment '${text}' must be '{name}' or '{*name}' as a whole`,
    );
  }
  return { kind: braced[1] ? 'rest' : 'param', name: braced[2] as string };
}
