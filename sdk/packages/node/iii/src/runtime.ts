// SPDX-License-Identifier: Apache-2.0
export type {
  FunctionRef,
  IIIConnectionState,
  InvocationContext,
  RegistrationOutcome,
  RegistrationReport,
  TriggerTypeRef,
} from '@iii-dev/client-core';
