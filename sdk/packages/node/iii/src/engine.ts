// SPDX-License-Identifier: Apache-2.0
export type { RemoteFunctionHandler } from '@iii-dev/client-core';

/** Functions every engine offers. */
export const EngineFunctions = {
  LIST_FUNCTIONS: 'engine::functions::list',
  INFO_FUNCTIONS: 'engine::functions::info',
  LIST_WORKERS: 'engine::workers::list',
  INFO_WORKERS: 'engine::workers::info',
  LIST_TRIGGERS: 'engine::triggers::list',
  INFO_TRIGGERS: 'engine::triggers::info',
  LIST_REGISTERED_TRIGGERS: 'engine::registered-triggers::list',
  INFO_REGISTERED_TRIGGERS: 'engine::registered-triggers::info',
  REGISTER_WORKER: 'engine::workers::register',
  CREATE_CHANNEL: 'engine::channels::create',
  LOG_INFO: 'engine::log::info',
  LOG_WARN: 'engine::log::warn',
  LOG_ERROR: 'engine::log::error',
  LOG_DEBUG: 'engine::log::debug',
} as const;

/** Trigger types every engine offers. */
export const EngineTriggers = {
  FUNCTIONS_AVAILABLE: 'engine::functions-available',
  WORKERS_AVAILABLE: 'engine::workers-available',
  LOG: 'log',
} as const;
