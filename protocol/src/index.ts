// SPDX-License-Identifier: Apache-2.0
export { type Decoded, decodeEngineFrame, decodeWorkerFrame, encodeFrame, type RecoveredIds } from './envelope.ts';
export { ERROR_CODES, type ErrorCode } from './error-codes.ts';
export type * from './frames.ts';
export * from './limits.ts';
export { Payload } from './payload.ts';
export type { Transport, TransportConnection, TransportEvents } from './transport.ts';
