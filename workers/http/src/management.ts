// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import { Hono } from 'hono';
import type { Reply } from './reply.ts';

/** What the health answer tells. */
export interface Health {
  readonly routes: number;
  readonly in_flight: number;
  readonly waiting: number;
}

/** Paths the server answers itself where no route does. */
export function createManagement(
  healthPath: () => string | null,
  health: () => Health,
): (req: IncomingMessage, path: string) => Promise<Reply | undefined> {
  const app = new Hono();
  app.get('*', (c) => c.json({ status: 'ok', ...health() }));
  return async (req, path) => {
    if (path !== healthPath() || (req.method !== 'GET' && req.method !== 'HEAD')) return undefined;
    const response = await app.request(path);
    return {
      status: response.status,
      headers: [...response.headers].flat(),
      body: await response.text(),
    };
  };
}
