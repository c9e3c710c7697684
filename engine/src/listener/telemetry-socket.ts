// SPDX-License-Identifier: Elastic-2.0
import type { WebSocket } from 'ws';
import type { EngineLog } from '../hub/log.ts';
import { isTelemetry } from './inbound.ts';

/** Shortest time between two warnings about one socket: an exporter may send hundreds a second. */
const WARN_EVERY_MS = 60_000;

/** Reads telemetry from a socket of `/otel`; text is ignored, other binary messages are counted. */
export function bridgeTelemetry(
  ws: WebSocket,
  accept: (bytes: Uint8Array) => void,
  log: EngineLog,
): void {
  let dropped = 0;
  let warnedAt = Number.NEGATIVE_INFINITY;
  ws.on('message', (data, isBinary) => {
    if (!isBinary) return;
    const bytes = data as Buffer; // the socket's binary type is left at its default
    if (isTelemetry(bytes)) {
      accept(bytes);
      return;
    }
    dropped++;
    if (performance.now() - warnedAt < WARN_EVERY_MS) return;
    warnedAt = performance.now();
    log.warn('dropped telemetry frames: the prefix is none of OTLP, MTRC, LOGS', {
      dropped,
      bytes: bytes.length,
    });
    dropped = 0;
  });
  ws.on('error', (error) => log.debug('telemetry socket failed', { error: error.message }));
}
