// SPDX-License-Identifier: Apache-2.0
export type {
  FunctionRef,
  HttpInvocationConfig,
  IIIClient,
  IIIConnectionState,
  InvocationContext,
  RawCalls,
  RawHandler,
  RawTriggerRequest,
  RegisterFunctionFormat,
  RegisterFunctionInput,
  RegisterFunctionOptions,
  RegisterTriggerInput,
  RegisterTriggerTypeInput,
  RegistrationOutcome,
  RegistrationReport,
  RemoteFunctionHandler,
  ShutdownOptions,
  Trigger,
  TriggerActionValue,
  TriggerConfig,
  TriggerHandler,
  TriggerRequest,
  TriggerTypeRef,
} from './api.ts';
export { Client } from './client.ts';
export { retryDelayMs } from './connection.ts';
export {
  errorFromWire,
  InvocationError,
  type InvocationErrorInit,
  isErrorBody,
  RegistrationRejectedError,
} from './errors.ts';
export { checkNamespace } from './namespaces.ts';
export type {
  ClientLog,
  ClientOptions,
  ClientRuntime,
  Keepalive,
  ReconnectionConfig,
  TraceHeaders,
  Tracing,
} from './runtime.ts';
