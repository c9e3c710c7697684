// SPDX-License-Identifier: Apache-2.0
import { Payload } from 'iii-sdk/internal';
import type { TableEntry } from './router/route-table.ts';

/** A route: what a trigger's config says, and what every request for it has in common. */
export interface Route extends TableEntry {
  readonly functionId: string;
  /** Where function, condition and all middleware are looked up; `undefined` is the default one. */
  readonly namespace: string | undefined;
  readonly metadata: Payload | undefined;
  readonly conditionFunctionId: string | undefined;
  readonly middlewareFunctionIds: readonly string[];
  /** Whether repeated query keys and headers reach the handler as arrays. */
  readonly keepsRepeated: boolean;
  /** `path` and `trigger` of the payload, written once. */
  readonly payloadText: string;
  readonly defaultStatus: number;
}

/** What a route is made from. */
export interface RouteInit {
  readonly triggerId: string;
  readonly functionId: string;
  readonly method: string;
  readonly path: string;
  readonly namespace?: string | undefined;
  readonly metadata?: unknown;
  readonly conditionFunctionId?: string | undefined;
  readonly middlewareFunctionIds?: readonly string[];
  readonly keepsRepeated?: boolean;
  readonly defaultStatus?: number;
}

/** Makes a route. */
export function createRoute(init: RouteInit): Route {
  const path = JSON.stringify(init.path);
  const method = JSON.stringify(init.method);
  return {
    triggerId: init.triggerId,
    method: init.method,
    path: init.path,
    functionId: init.functionId,
    namespace: init.namespace,
    metadata: init.metadata === undefined ? undefined : Payload.ofValue(init.metadata),
    conditionFunctionId: init.conditionFunctionId,
    middlewareFunctionIds: init.middlewareFunctionIds ?? [],
    keepsRepeated: init.keepsRepeated ?? false,
    payloadText: `"path":${path},"trigger":{"type":"http","path":${path},"method":${method}}`,
    defaultStatus: init.defaultStatus ?? 200,
  };
}
