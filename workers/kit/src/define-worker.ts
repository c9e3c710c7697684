// SPDX-License-Identifier: Apache-2.0
import type { IIIClient } from 'iii-sdk';
import type { RawCalls } from 'iii-sdk/internal';
import type { GenericSchema, InferOutput } from 'valibot';

/** What a built-in worker is: a name for the config file, a config schema, and a start. */
export interface WorkerDefinition<Schema extends GenericSchema = GenericSchema> {
  /** Name of the entry in the config file, `iii-state`. */
  readonly name: string;
  /** Older spellings of the name in config files (`modules::state::StateModule`). */
  readonly aliases?: readonly string[];
  readonly description: string;
  /** Raw config → resolved config; defaults live here, unknown keys are refused. */
  readonly config: Schema;
  /** Registers functions and triggers and takes up its resources; rejects when it cannot run. */
  start(context: WorkerContext<InferOutput<Schema>>): Promise<RunningWorker>;
}

/** What a worker is handed when it starts. Nothing in it tells where the worker runs. */
export interface WorkerContext<Config> {
  readonly iii: IIIClient;
  /** The same connection, with payloads as JSON text: for workers that store or pass on data. */
  readonly raw: RawCalls;
  readonly config: Config;
  /** Absolute folder of this worker's own data; made by the worker when it needs it. */
  readonly dataDir: string;
  readonly log: WorkerLog;
}

/** One line per change of state; never payloads or secrets. */
export interface WorkerLog {
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** A worker that runs. */
export interface RunningWorker {
  /** Addresses it listens on, by purpose, for the start-up banner and tests (`{ http: 3111 }`). */
  readonly ports?: Readonly<Record<string, number>>;
  /** Stops intake, finishes what is in hand, stores what must be stored. May be called twice. */
  close(): Promise<void>;
}

/** Declares a worker; the identity function, there for its types. */
export function defineWorker<Schema extends GenericSchema>(
  definition: WorkerDefinition<Schema>,
): WorkerDefinition<Schema> {
  return definition;
}
