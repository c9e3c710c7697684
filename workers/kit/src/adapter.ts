// SPDX-License-Identifier: Apache-2.0
import { ConfigError } from './config.ts';

/** What an adapter choice needs for its message. */
export interface AdapterChoice {
  readonly worker: string;
  /** The name in the config. */
  readonly name: string;
}

/**
 * Picks what belongs to an adapter's name.
 * @throws ConfigError naming the adapters there are
 */
export function chooseAdapter<T>(choice: AdapterChoice, adapters: Readonly<Record<string, T>>): T {
  if (Object.hasOwn(adapters, choice.name)) return adapters[choice.name] as T;
  throw new ConfigError(choice.worker, [
    {
      path: 'adapter.name',
      message: `Adapter factory '${choice.name}' not found. Available: [${Object.keys(adapters)
        .map((name) => `"${name}"`)
        .join(', ')}]`,
    },
  ]);
}
