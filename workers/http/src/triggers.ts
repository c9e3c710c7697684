// SPDX-License-Identifier: Apache-2.0
import type { WorkerLog } from '@iii-dev/worker-kit';
import { createRoute, type Route } from './route.ts';
import { METHODS, type RouteTable } from './router/route-table.ts';
import type { StaleRoutes } from './stale-routes.ts';

/** One binding of a function to a path, as the engine hands it over. */
export interface HttpBinding {
  readonly id: string;
  readonly function_id: string;
  readonly config: unknown;
  readonly metadata?: unknown;
  readonly namespace?: string | undefined;
}

/** A binding whose config cannot be a route; the worker that made it gets the message. */
export class BindingError extends Error {
  override readonly name = 'BindingError';
}

/** Keeps the route table in step with the engine's bindings of type `http`. */
export function createTriggerHandler(
  routes: RouteTable<Route>,
  log: WorkerLog,
  stale: Pick<StaleRoutes, 'confirm'>,
): {
  registerTrigger(binding: HttpBinding): void;
  unregisterTrigger(binding: { readonly id: string }): void;
} {
  return {
    registerTrigger(binding) {
      stale.confirm(binding.id);
      const route = readBinding(binding);
      if (!METHODS.some((method) => method === route.method)) {
        // The contract lets such a registration succeed; it is never reached.
        log.warn('method is not supported, the route is never reached', {
          method: route.method,
          path: route.path,
        });
        routes.remove(binding.id);
        return;
      }
      routes.add(route);
      log.info('endpoint registered', {
        method: route.method,
        path: route.path,
        function_id: route.functionId,
      });
    },
    unregisterTrigger(binding) {
      const route = routes.remove(binding.id);
      if (route) log.info('endpoint removed', { method: route.method, path: route.path });
    },
  };
}

/**
 * Reads a binding's config. Keys it does not know do not matter; older clients send some.
 * @throws BindingError when there is no path.
 */
export function readBinding(binding: HttpBinding): Route {
  const config = isRecord(binding.config) ? binding.config : {};
  const { api_path: path, http_method: method, condition_function_id: condition } = config;
  if (typeof path !== 'string') throw new BindingError('api_path is required for http triggers');
  const middleware = config.middleware_function_ids;
  return createRoute({
    triggerId: binding.id,
    functionId: binding.function_id,
    method: typeof method === 'string' && method !== '' ? method.toUpperCase() : 'GET',
    path,
    namespace: binding.namespace,
    metadata: binding.metadata ?? undefined,
    conditionFunctionId: typeof condition === 'string' && condition !== '' ? condition : undefined,
    middlewareFunctionIds: Array.isArray(middleware)
      ? middleware.filter((id): id is string => typeof id === 'string')
      : [],
    keepsRepeated: config.repeated_values === true,
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
