// SPDX-License-Identifier: Apache-2.0
export { withFunctionId } from './baggage.ts';
export { encodeFrame } from './encode-frame.ts';
export { type Decoded, decodeEngineFrame, decodeWorkerFrame } from './envelope.ts';
export { ERROR_CODES, type ErrorCode } from './error-codes.ts';
export type * from './frames.ts';
export * from './limits.ts';
export type { RecoveredIds } from './message-fields.ts';
export { Payload } from './payload.ts';
export { spliceCallerWorkerId } from './splice.ts';
export { type TelemetryKind, telemetryKind } from './telemetry.ts';
export type { Transport, TransportConnection, TransportEvents } from './transport.ts';
