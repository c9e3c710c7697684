// SPDX-License-Identifier: Apache-2.0
export type { Trigger, TriggerConfig, TriggerHandler } from '@iii-dev/client-core';
