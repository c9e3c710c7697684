// SPDX-License-Identifier: Elastic-2.0
import type { Hub } from '../hub/hub.ts';
import { installChannelCreation } from './channels.ts';
import { installFunctionListings } from './functions.ts';
import { installWorkerRegistration } from './register-worker.ts';
import { installTriggerListings } from './triggers.ts';
import { installWorkerListings } from './workers.ts';

/** Adds the functions that only the engine can serve, because they need its registry. */
export function installEngineFunctions(hub: Hub): void {
  installWorkerRegistration(hub);
  installFunctionListings(hub);
  installTriggerListings(hub);
  installWorkerListings(hub);
  installChannelCreation(hub);
}
