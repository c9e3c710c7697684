// SPDX-License-Identifier: Elastic-2.0
import { type ConfigFile, readConfigText } from '../../src/boot/config-file.ts';
import { type ResolvedEngineConfig, resolveConfig } from '../../src/boot/resolve-config.ts';

export const ENGINE_VERSION = '9.9.9';
type Env = Readonly<Record<string, string | undefined>>;

/** Reads config text as if it stood in `config.yaml`. */
export function read(text: string, env: Env = {}): ConfigFile {
  return readConfigText({ file: 'config.yaml', text, env, engineVersion: ENGINE_VERSION });
}

/** Reads and resolves config text. */
export function resolved(text: string, env: Env = {}): ResolvedEngineConfig {
  return resolveConfig(read(text, env), {
    configPath: '/project/config.yaml',
    baseDir: '/project',
    env,
    engineVersion: ENGINE_VERSION,
  });
}

/** The config of the first entry when `value` stands at `config.it`. */
export function configValueOf(value: string, env: Env = {}): unknown {
  const file = read(`workers:\n  - name: x\n    config:\n      it: ${value}\n`, env);
  const config = file.entries[0]?.config as { it: unknown } | undefined;
  return config?.it;
}

/** The message `run` throws. */
export function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('expected an error');
}

/** The message a promise rejects with. */
export async function messageOfPromise(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => {
      throw new Error('expected an error');
    },
    (error: Error) => error.message,
  );
}
