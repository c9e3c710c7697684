// SPDX-License-Identifier: Elastic-2.0

/** Where the engine says what changed: a constant message, varying fields, never a payload. */
export interface EngineLog {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}
