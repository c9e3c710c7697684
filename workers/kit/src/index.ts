// SPDX-License-Identifier: Apache-2.0
export { type AdapterChoice, chooseAdapter } from './adapter.ts';
export { ConfigError, type ConfigOrigin, type ConfigProblem, resolveConfig } from './config.ts';
export {
  defineWorker,
  type RunningWorker,
  type WorkerContext,
  type WorkerDefinition,
  type WorkerLog,
} from './define-worker.ts';
export { FolderInUseError } from './folder-lock.ts';
export {
  type ConfigurationEntry,
  type FollowedConfiguration,
  followConfiguration,
} from './follow-configuration.ts';
export {
  type ExactObject,
  type ExactValue,
  memberTexts,
  parseExact,
  setOwn,
  writeExact,
} from './json-text.ts';
export { lineLog } from './line-log.ts';
export type { LmdbEnvironment } from './lmdb-environment.ts';
export {
  endOfPrefix,
  joinKey,
  keyPart,
  type LmdbStore,
  type OpenStoreOptions,
  openStore,
  type StoreChange,
  type StoreEntry,
  StoreFailedError,
  StoreOpenError,
  type StoreRange,
} from './lmdb-store.ts';
export { runBin } from './run-bin.ts';
export {
  type RunWorkerOptions,
  runWorker,
  type StartedWorker,
  type WorkerConnect,
} from './run-worker.ts';
export { type Applied, type ApplyOptions, applyOps } from './update-ops/apply-ops.ts';
export { MalformedOpsError, readOps, type UpdateOp, type UpdateOpError } from './update-ops/op.ts';
