// SPDX-License-Identifier: Elastic-2.0
import type { EngineLog } from '../hub/log.ts';

/** Levels from talkative to quiet. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFormat = 'default' | 'json';

/** A log whose lines can carry the name of who speaks. */
export interface BootLog extends EngineLog {
  /** The same log in the name of a worker. */
  named(name: string): BootLog;
}

export interface StderrLogOptions {
  readonly write: (text: string) => void;
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly now: () => Date;
}

/** One line per record: time, level, who, message, fields as JSON. */
export function createStderrLog(options: StderrLogOptions, name = 'engine'): BootLog {
  const threshold = LOG_LEVELS.indexOf(options.level);
  const at =
    (level: LogLevel) =>
    (message: string, fields?: Record<string, unknown>): void => {
      if (LOG_LEVELS.indexOf(level) < threshold) return;
      options.write(`${line(options, level, name, message, fields)}\n`);
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    named: (other) => createStderrLog(options, other),
  };
}

function line(
  { now, format }: StderrLogOptions,
  level: LogLevel,
  name: string,
  message: string,
  fields: Record<string, unknown> | undefined,
): string {
  const time = now().toISOString();
  if (format === 'json') {
    return JSON.stringify({ ...fields, time, level, name, message });
  }
  const tail = fields === undefined ? '' : ` ${JSON.stringify(fields)}`;
  return `${time} ${level.toUpperCase().padEnd(5)} ${name}: ${message}${tail}`;
}
