// SPDX-License-Identifier: Apache-2.0
import type {
  RegisterFunctionInput,
  RegisterTriggerInput,
  RegisterTriggerTypeInput,
} from '@iii-dev/client-core';

export type {
  RegisterFunctionFormat,
  RegisterFunctionInput,
  RegisterFunctionOptions,
  RegisterTriggerInput,
  RegisterTriggerTypeInput,
  TriggerRequest,
} from '@iii-dev/client-core';
export type { ErrorBody } from '@iii-dev/protocol';

/** Tags of the messages between worker and engine. */
export const MessageType = {
  RegisterFunction: 'registerfunction',
  UnregisterFunction: 'unregisterfunction',
  InvokeFunction: 'invokefunction',
  InvocationResult: 'invocationresult',
  RegisterTriggerType: 'registertriggertype',
  RegisterTrigger: 'registertrigger',
  UnregisterTrigger: 'unregistertrigger',
  UnregisterTriggerType: 'unregistertriggertype',
  TriggerRegistrationResult: 'triggerregistrationresult',
  WorkerRegistered: 'workerregistered',
  RegistrationRejected: 'registrationrejected',
  Reattach: 'reattach',
} as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** A function's registration as it stands on the wire. */
export type RegisterFunctionMessage = RegisterFunctionInput & { message_type: 'registerfunction' };
/** A binding as it stands on the wire. */
export type RegisterTriggerMessage = Omit<RegisterTriggerInput, 'type'> & {
  message_type: 'registertrigger';
  id: string;
  trigger_type: string;
};
/** A trigger type's registration as it stands on the wire. */
export type RegisterTriggerTypeMessage = RegisterTriggerTypeInput & {
  message_type: 'registertriggertype';
};
