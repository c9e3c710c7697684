// SPDX-License-Identifier: Apache-2.0
export {
  InvocationError,
  type InvocationErrorInit,
  isErrorBody,
  RegistrationRejectedError,
} from '@iii-dev/client-core';
