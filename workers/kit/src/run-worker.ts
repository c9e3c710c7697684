// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '@iii-dev/protocol';
import { type IIIClient, type IIILogger, registerWorker } from 'iii-sdk';
import { rawCalls, registerWorkerOver } from 'iii-sdk/internal';
import type { GenericSchema } from 'valibot';
import { resolveConfig } from './config.ts';
import type { RunningWorker, WorkerDefinition, WorkerLog } from './define-worker.ts';

/** How a worker reaches its engine: an address, or a link inside this process. */
export type WorkerConnect =
  | { readonly url: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly transport: Transport };

/** What a worker is started with. */
export interface RunWorkerOptions {
  readonly connect: WorkerConnect;
  /** The raw config; nothing at all counts as `{}`. */
  readonly config: unknown;
  /** Absolute folder of this worker's own data. */
  readonly dataDir: string;
  readonly log: WorkerLog;
  /** Where the config stands, for messages: `config.yaml: workers[2].config`. */
  readonly configPath?: string | undefined;
}

/** A worker that {@link runWorker} started; `close` also ends its connection. */
export interface StartedWorker extends RunningWorker {
  readonly name: string;
  readonly definition: WorkerDefinition;
}

/** How long a start waits for the engine to confirm what was registered, ms: one slow boot. */
const CONFIRM_TIMEOUT_MS = 10_000;

/**
 * Starts a worker in either placement. Resolves when it runs and the engine has taken in what it
 * registered; without an engine it resolves after a while with a warning, and registers once there
 * is one.
 * @throws ConfigError when the config does not fit
 */
export async function runWorker<Schema extends GenericSchema>(
  definition: WorkerDefinition<Schema>,
  options: RunWorkerOptions,
): Promise<StartedWorker> {
  const { configPath, dataDir, log } = options;
  const config = resolveConfig(definition.config, options.config, {
    worker: definition.name,
    configPath,
  });
  const iii = connectWorker(definition, options.connect, log);
  let running: RunningWorker;
  try {
    running = await definition.start({ iii, raw: rawCalls(iii), config, dataDir, log });
  } catch (error) {
    await iii.shutdown();
    throw error;
  }
  try {
    await confirmRegistrations(iii, log);
  } catch (error) {
    await closeWorker(iii, running);
    throw error;
  }
  let closing: Promise<void> | undefined;
  return {
    name: definition.name,
    // Its schema no longer matters to whoever holds a running worker.
    definition: definition as unknown as WorkerDefinition,
    ...(running.ports === undefined ? {} : { ports: running.ports }),
    close() {
      closing ??= closeWorker(iii, running);
      return closing;
    },
  };
}

function connectWorker(
  definition: Pick<WorkerDefinition, 'name' | 'description'>,
  connect: WorkerConnect,
  log: WorkerLog,
): IIIClient {
  const identity = {
    workerName: definition.name,
    workerDescription: definition.description,
    enableMetricsReporting: false,
    otel: { enabled: false },
    logger: clientLog(log),
  };
  if ('transport' in connect) return registerWorkerOver(connect.transport, identity);
  const { url, headers } = connect;
  return registerWorker(url, headers === undefined ? identity : { ...identity, headers });
}

/** What the client says goes where the worker's own lines go; its chatter goes nowhere. */
function clientLog(log: WorkerLog): IIILogger {
  return {
    debug: () => {},
    warn: (message) => log.warn(message),
    error: (message, detail) =>
      log.error(message, detail === undefined ? undefined : { detail: String(detail) }),
  };
}

/**
 * Frames of one connection are taken in order, so any answer to a call made after the registrations
 * says that they are done; which answer does not matter.
 */
async function confirmRegistrations(iii: IIIClient, log: WorkerLog): Promise<void> {
  try {
    await iii.trigger({
      function_id: 'engine::workers::list',
      payload: {},
      timeoutMs: CONFIRM_TIMEOUT_MS,
    });
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (iii.getFatalError() !== undefined) throw iii.getFatalError();
    if (code === 'TIMEOUT') log.warn('the engine has not confirmed the registrations yet');
  }
}

/** Calls in hand need what the worker holds, so they end first and the connection last. */
async function closeWorker(iii: IIIClient, running: RunningWorker): Promise<void> {
  try {
    await iii.drain();
    await running.close();
  } finally {
    await iii.shutdown();
  }
}
