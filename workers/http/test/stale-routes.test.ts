// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RouteTable } from '../src/router/route-table.ts';
import { StaleRoutes } from '../src/stale-routes.ts';

const GRACE_MS = 100;

function tableOf(...ids: string[]) {
  const routes = new RouteTable<{ triggerId: string; method: string; path: string }>();
  for (const id of ids) routes.add({ triggerId: id, method: 'GET', path: `/${id}` });
  const removed: string[] = [];
  const stale = new StaleRoutes(routes, ({ path }) => removed.push(path), GRACE_MS);
  return { routes, stale, removed };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('a route whose binding is not repeated after a reconnect is forgotten', () => {
  const { routes, stale, removed } = tableOf('kept', 'gone');
  stale.onState('reconnecting');
  stale.onState('connected');
  stale.confirm('kept');
  routes.add({ triggerId: 'new', method: 'GET', path: '/new' });
  vi.advanceTimersByTime(GRACE_MS);
  expect([...routes.triggerIds()]).toEqual(['kept', 'new']);
  expect(removed).toEqual(['/gone']);
});

it('a connection lost again before the engine could repeat anything costs no route', () => {
  const { routes, stale } = tableOf('a');
  stale.onState('reconnecting');
  stale.onState('connected');
  stale.onState('reconnecting');
  vi.advanceTimersByTime(10 * GRACE_MS);
  expect(routes.size).toBe(1);
  stale.onState('connected');
  stale.confirm('a');
  vi.advanceTimersByTime(GRACE_MS);
  expect(routes.size).toBe(1);
});

it('the first connection removes nothing', () => {
  const { routes, stale } = tableOf('a');
  stale.onState('connected');
  vi.advanceTimersByTime(GRACE_MS);
  expect(routes.size).toBe(1);
});
