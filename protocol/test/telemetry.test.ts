import { expect, test } from 'vitest';
import { telemetryKind } from '../src/index.ts';

test.each([
  ['OTLP{}', 'traces'],
  ['MTRC', 'metrics'],
  ['LOGSx', 'logs'],
  ['otlp', undefined],
  ['OTL', undefined],
  ['', undefined],
  ['{"type":"ping"}', undefined],
])('%s', (text, kind) => {
  expect(telemetryKind(new TextEncoder().encode(text))).toBe(kind);
});
