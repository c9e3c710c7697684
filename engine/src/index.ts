// SPDX-License-Identifier: Elastic-2.0
export { ConfigFileError, type ConfigProblem, type Place } from './boot/config-file-error.ts';
export { type LoadOptions, loadConfig, resolveConfigValue } from './boot/load-config.ts';
export type { ResolvedEngineConfig, ResolvedWorker } from './boot/resolve-config.ts';
export type { ResolvedListener } from './boot/resolve-listeners.ts';
export { type RunningEngine, type StartOptions, startEngine } from './boot/start-engine.ts';
export { type BootLog, createStderrLog, type StderrLogOptions } from './boot/stderr-log.ts';
export { WorkerStartError } from './boot/worker-failure.ts';
export type { EngineLog } from './hub/log.ts';
export { ListenError } from './listener/listen-error.ts';
