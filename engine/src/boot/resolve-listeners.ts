// SPDX-License-Identifier: Elastic-2.0

import { DEFAULT_ENGINE_PORT, HANDSHAKE_TIMEOUT_MS } from '@iii-dev/protocol';
import * as v from 'valibot';
import type { ConfigEntry, ConfigFile } from './config-file.ts';
import type { ConfigProblem } from './config-file-error.ts';
import { hintFor } from './suggest.ts';

/** A worker port to be opened. */
export interface ResolvedListener {
  /** `iii-worker-manager`, `iii-worker-manager#1`. */
  readonly id: string;
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly handshakeTimeoutMs: number;
}

/** Where problems and warnings of listeners go. */
export interface ListenerContext {
  readonly file: ConfigFile;
  readonly problems: ConfigProblem[];
  readonly warnings: ConfigProblem[];
}

/** Reachable from this machine only, until the config says otherwise. */
export const DEFAULT_HOST = '127.0.0.1';

const LISTENER_SCHEMA = v.strictObject({
  port: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))),
  host: v.optional(v.pipe(v.string(), v.nonEmpty())),
  handshake_timeout_ms: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  middleware_function_id: v.optional(v.nullable(v.string())),
  rbac: v.optional(v.nullable(v.unknown())),
});
const LISTENER_KEYS = Object.keys(LISTENER_SCHEMA.entries);

/** The worker ports of a file; one on the default port when it names none. */
export function resolveListeners(
  entries: readonly (ConfigEntry & { readonly id: string })[],
  context: ListenerContext,
): ResolvedListener[] {
  const fallbackPort = context.file.port ?? DEFAULT_ENGINE_PORT;
  if (entries.length === 0) {
    return [
      {
        id: 'iii-worker-manager',
        host: DEFAULT_HOST,
        port: fallbackPort,
        handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
      },
    ];
  }
  const listeners = entries.flatMap((entry, index) => {
    const port = index === 0 ? fallbackPort : DEFAULT_ENGINE_PORT;
    return resolveListener(entry, port, context) ?? [];
  });
  if (listeners.length === 0 && context.problems.length === 0) {
    context.problems.push({
      message: 'no worker port is left to open: access rules are not part of this build yet',
      place: entries[0]!.place,
      hint: 'Remove `rbac` and `middleware_function_id` where everybody on the network may call everything.',
    });
  }
  return listeners;
}

function resolveListener(
  entry: ConfigEntry & { readonly id: string },
  fallbackPort: number,
  { problems, warnings }: ListenerContext,
): ResolvedListener | null {
  const parsed = v.safeParse(LISTENER_SCHEMA, entry.config ?? {});
  if (!parsed.success) {
    for (const issue of parsed.issues) problems.push(describeIssue(entry, issue));
    return null;
  }
  const config = parsed.output;
  if ((config.rbac ?? null) !== null || (config.middleware_function_id ?? null) !== null) {
    // Opening the port without its rules would let everybody do everything.
    const message = `Worker port '${entry.id}' stays closed: access rules are not part of this build yet`;
    warnings.push({ message, place: entry.place, hint: null });
    return null;
  }
  return {
    id: entry.id,
    host: config.host ?? DEFAULT_HOST,
    port: config.port ?? fallbackPort,
    handshakeTimeoutMs: config.handshake_timeout_ms ?? HANDSHAKE_TIMEOUT_MS,
  };
}

function describeIssue(entry: ConfigEntry, issue: v.BaseIssue<unknown>): ConfigProblem {
  const steps = (issue.path ?? []).map((item) => item.key as string | number);
  const place = entry.placeOf(steps);
  const name = `${entry.path}.config${steps.map((step) => `.${step}`).join('')}`;
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const key = String(steps.at(-1));
    return { message: `${name}: unknown key "${key}"`, place, hint: hintFor(key, LISTENER_KEYS) };
  }
  return { message: `${name}: ${issue.message}`, place, hint: null };
}
