// SPDX-License-Identifier: Apache-2.0
import type { WorkerLog } from './define-worker.ts';

/** A log that writes one line per record: time, level, who, message, fields as JSON. */
export function lineLog(name: string, stream: { write(text: string): unknown }): WorkerLog {
  const write = (level: string, message: string, fields?: Record<string, unknown>): void => {
    const tail = fields === undefined ? '' : ` ${JSON.stringify(fields)}`;
    stream.write(`${new Date().toISOString()} ${level} ${name}: ${message}${tail}\n`);
  };
  return {
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
  };
}
