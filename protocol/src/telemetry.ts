// SPDX-License-Identifier: Apache-2.0

/** What a binary telemetry frame carries. */
export type TelemetryKind = 'traces' | 'metrics' | 'logs';

const PREFIXES: Readonly<Record<string, TelemetryKind>> = {
  OTLP: 'traces',
  MTRC: 'metrics',
  LOGS: 'logs',
};

/** The kind of a binary frame by its four-byte prefix; `undefined` when it is no telemetry. */
export function telemetryKind(bytes: Uint8Array): TelemetryKind | undefined {
  if (bytes.length < 4) return undefined;
  const prefix = String.fromCharCode(...bytes.subarray(0, 4));
  return Object.hasOwn(PREFIXES, prefix) ? PREFIXES[prefix] : undefined;
}
