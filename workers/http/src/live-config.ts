// SPDX-License-Identifier: Apache-2.0
//
// The worker's settings in the configuration store: seeded from the config file at the first boot,
// from then on the store's word counts, at once and without a restart.
//
// I1: applies run one after the other and each reads the store again, so the last value wins.
// I2: a value that cannot be used changes nothing; it is logged, and the last good one stays.
import { resolveConfig, type WorkerLog } from '@iii-dev/worker-kit';
import type { IIIClient } from 'iii-sdk';
import { type HttpConfig, httpConfig } from './config.ts';
import { CONFIG_SCHEMA } from './config-schema.ts';

const ENTRY_ID = 'iii-http';
const ON_CHANGE_ID = 'iii-http::on-config-change';
/** How long the store may take for one call, ms. */
const STORE_TIMEOUT_MS = 10_000;
/** When an apply that ran out of time is tried once more, ms. */
const RETRY_MS = 5_000;

/** What stands in the store; `no-store` means that there is nobody to ask. */
type Stored =
  | { readonly kind: 'no-store' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'value'; readonly value: unknown };

type Client = Pick<IIIClient, 'trigger' | 'registerFunction' | 'registerTrigger'>;

/** Follows the store for a running worker. */
export class LiveConfig {
  readonly #iii: Client;
  readonly #log: WorkerLog;
  #applying: Promise<void> = Promise.resolve();
  #retry: NodeJS.Timeout | undefined;
  #stops: (() => void)[] = [];
  #hasStore = false;

  constructor(iii: Client, log: WorkerLog) {
    this.#iii = iii;
    this.#log = log;
  }

  /** The settings to start with: the stored ones, or the seed, which is then stored. */
  async load(seed: HttpConfig): Promise<HttpConfig> {
    try {
      const stored = await this.#read();
      if (stored.kind === 'no-store') return seed;
      this.#hasStore = true;
      await this.#call('configuration::register', {
        id: ENTRY_ID,
        name: 'HTTP',
        description: 'HTTP server and triggers',
        schema: CONFIG_SCHEMA,
        ...(stored.kind === 'nothing' ? { initial_value: seed.entry } : {}),
      });
      return stored.kind === 'nothing' ? seed : resolve(stored.value);
    } catch (error) {
      this.#log.warn('stored settings cannot be used, the config file counts', describe(error));
      return seed;
    }
  }

  /** Applies every change from now on, and once what may have changed since `load`. */
  follow(apply: (config: HttpConfig) => Promise<void>): void {
    if (!this.#hasStore) return;
    const onChange = this.#iii.registerFunction(
      ON_CHANGE_ID,
      async () => {
        await this.#enqueue(apply);
        return { ok: true };
      },
      { metadata: { internal: true } },
    );
    const watch = this.#iii.registerTrigger({
      type: 'configuration',
      function_id: ON_CHANGE_ID,
      config: { configuration_id: ENTRY_ID, event_types: ['configuration:updated'] },
    });
    this.#stops = [() => watch.unregister(), () => onChange.unregister()];
    void this.#enqueue(apply);
  }

  /** Stops following; an apply under way is waited for. May be called twice. */
  async close(): Promise<void> {
    clearTimeout(this.#retry);
    for (const stop of this.#stops.splice(0)) stop();
    await this.#applying;
  }

  #enqueue(apply: (config: HttpConfig) => Promise<void>, isRetry = false): Promise<void> {
    this.#applying = this.#applying.then(async () => {
      try {
        const stored = await this.#read();
        if (stored.kind === 'value') await apply(resolve(stored.value));
      } catch (error) {
        this.#log.error('new settings cannot be used, the previous ones stay', describe(error));
        if (codeOf(error) !== 'TIMEOUT' || isRetry) return;
        this.#retry = setTimeout(() => void this.#enqueue(apply, true), RETRY_MS);
      }
    });
    return this.#applying;
  }

  async #read(): Promise<Stored> {
    try {
      const answer = await this.#call('configuration::get', { id: ENTRY_ID });
      const value = (answer as { value?: unknown } | null)?.value ?? null;
      return value === null ? { kind: 'nothing' } : { kind: 'value', value };
    } catch (error) {
      if (codeOf(error) === 'NOT_FOUND') return { kind: 'nothing' };
      if (codeOf(error) === 'function_not_found') return { kind: 'no-store' };
      throw error;
    }
  }

  #call(functionId: string, payload: unknown): Promise<unknown> {
    return this.#iii.trigger({ function_id: functionId, payload, timeoutMs: STORE_TIMEOUT_MS });
  }
}

function resolve(value: unknown): HttpConfig {
  return resolveConfig(httpConfig, value, {
    worker: ENTRY_ID,
    configPath: `configuration entry ${ENTRY_ID}`,
  });
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}

function describe(error: unknown): Record<string, unknown> {
  return { error: error instanceof Error ? error.message : String(error) };
}
