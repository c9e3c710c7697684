// SPDX-License-Identifier: Apache-2.0
import type { GenericSchema, InferOutput } from 'valibot';
import { resolveConfig } from './config.ts';
import type { WorkerContext } from './define-worker.ts';

/** A worker's entry in the configuration worker. */
export interface ConfigurationEntry<Schema extends GenericSchema> {
  /** Id of the entry, and prefix of the function that hears of edits: `iii-state`. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its value. */
  readonly format: unknown;
  /** The same as the worker's own config. */
  readonly schema: Schema;
  /** Stored when nothing is stored yet. */
  readonly initialValue: unknown;
  /** Takes a value that fits; called for what is stored and for every edit. */
  apply(config: InferOutput<Schema>): void;
}

/** Ends the following. May be called twice. */
export interface FollowedConfiguration {
  close(): void;
}

/** Bound of every call to the configuration worker, ms. */
const CALL_TIMEOUT_MS = 10_000;
/** The configuration worker may start after us; this often and this far apart we look for it, ms. */
const LOOKS = 10;
const LOOK_INTERVAL_MS = 500;

/**
 * Publishes a worker's settings as an entry of the configuration worker and follows edits of it. It
 * works in the background: without that worker the config file's settings stay. A value that does
 * not fit leaves the last good settings in force.
 */
export function followConfiguration<Schema extends GenericSchema>(
  { iii, log }: Pick<WorkerContext<unknown>, 'iii' | 'log'>,
  entry: ConfigurationEntry<Schema>,
): FollowedConfiguration {
  const abort = new AbortController();
  const { id } = entry;
  const call = (function_id: string, payload: unknown): Promise<unknown> =>
    iii.trigger({ function_id, payload, timeoutMs: CALL_TIMEOUT_MS, signal: abort.signal });

  const applyStored = async (): Promise<void> => {
    const { value } = (await call('configuration::get', { id })) as { value?: unknown };
    if (value === undefined || value === null || abort.signal.aborted) return;
    entry.apply(
      resolveConfig(entry.schema, value, { worker: id, configPath: `configuration ${id}` }),
    );
  };
  const publish = async (): Promise<void> => {
    const { name, description, format: schema } = entry;
    const known = (await callOr(call('configuration::get', { id }), 'NOT_FOUND')) as
      | { value?: unknown }
      | undefined;
    const isEmpty = known?.value === undefined || known.value === null;
    const seed = isEmpty ? { initial_value: entry.initialValue } : {};
    await call('configuration::register', { id, name, description, schema, ...seed });
    await applyStored();
  };
  const keepLastGood = (error: unknown): void => {
    log.error('the stored settings are not applied, the last good ones stay', {
      error: (error as Error).message,
    });
  };

  iii.registerFunction(
    `${id}::on-config-change`,
    async () => {
      await applyStored().catch(keepLastGood);
      return { ok: true };
    },
    { description: 'Internal', metadata: { internal: true } },
  );
  iii.registerTrigger({
    type: 'configuration',
    function_id: `${id}::on-config-change`,
    config: { configuration_id: id, event_types: ['configuration:updated'] },
  });
  void retryWhileAbsent(publish, abort.signal).catch((error: unknown) => {
    if (!abort.signal.aborted && codeOf(error) !== 'function_not_found') keepLastGood(error);
  });
  return { close: () => abort.abort() };
}

async function retryWhileAbsent(run: () => Promise<void>, signal: AbortSignal): Promise<void> {
  for (let look = 1; ; look += 1) {
    try {
      return await run();
    } catch (error) {
      if (codeOf(error) !== 'function_not_found' || look === LOOKS || signal.aborted) throw error;
      await pause(LOOK_INTERVAL_MS, signal);
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}

/** The answer, or nothing when the call failed with this code. */
async function callOr(call: Promise<unknown>, code: string): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    if (codeOf(error) === code) return undefined;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}
