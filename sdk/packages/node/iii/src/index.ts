// SPDX-License-Identifier: Apache-2.0
export {
  type IIIClient,
  type IIIConnectionState,
  InvocationError,
  type InvocationErrorInit,
  RegistrationRejectedError,
} from '@iii-dev/client-core';
export { DEFAULT_ENGINE_URL } from '@iii-dev/protocol';
export type { MiddlewareFunctionInput, StreamRequest, StreamResponse } from './http-messages.ts';
export type { EnqueueResult, JsonValue } from './json.ts';
export type { IIILogger, InitOptions, OtelOptions, TelemetryOptions } from './options.ts';
export { registerWorker } from './register-worker.ts';
export { TriggerAction } from './trigger-action.ts';
