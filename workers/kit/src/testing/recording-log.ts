// SPDX-License-Identifier: Apache-2.0
import type { WorkerLog } from '../define-worker.ts';

/** A log that a test can read. */
export interface RecordingLog extends WorkerLog {
  readonly records: readonly {
    readonly level: 'info' | 'warn' | 'error';
    readonly message: string;
    readonly fields?: Record<string, unknown>;
  }[];
}

/** Makes a log that keeps what it is told. */
export function recordingLog(): RecordingLog {
  const records: RecordingLog['records'][number][] = [];
  const at =
    (level: 'info' | 'warn' | 'error') =>
    (message: string, fields?: Record<string, unknown>): void => {
      records.push({ level, message, ...(fields === undefined ? {} : { fields }) });
    };
  return { records, info: at('info'), warn: at('warn'), error: at('error') };
}
