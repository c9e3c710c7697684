// SPDX-License-Identifier: Elastic-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type ConfigFile, readConfigText } from './config-file.ts';
import { type ResolvedEngineConfig, resolveConfig } from './resolve-config.ts';

/** What a config is loaded against. */
export interface LoadOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly engineVersion: string;
}

/** What a first run writes: no workers, and how to add some. */
export const STARTER_CONFIG = `# iii engine configuration.
# Add workers with \`iii worker add <name>\`; a running engine reloads this file when it is saved.
# Runtime settings are kept by the configuration worker.
workers: []
`;

/** Used when there is no file at all, as from a program. */
const DEFAULT_CONFIG = `workers:
  - name: iii-http
  - name: iii-state
    config:
      adapter: { name: kv, config: { store_method: file_based } }
`;

/** The config file cannot be had. */
export class ConfigAccessError extends Error {
  override readonly name = 'ConfigAccessError';
  readonly code = 'CONFIG_UNREADABLE';
}

/**
 * Reads and resolves a config file.
 * @throws ConfigAccessError, ConfigFileError
 */
export function loadConfig(path: string, options: LoadOptions): ResolvedEngineConfig {
  const configPath = resolve(options.cwd, path);
  const file = readConfigText({ file: path, text: readText(path, configPath), ...options });
  return resolveConfig(file, { ...options, configPath, baseDir: dirname(configPath) });
}

/**
 * Resolves a config that is at hand as a value of the same shape as the file; without one, HTTP
 * and durable state run with their defaults.
 * @throws ConfigFileError
 */
export function resolveConfigValue(
  value: Readonly<Record<string, unknown>> | undefined,
  options: LoadOptions,
): ResolvedEngineConfig {
  // JSON is YAML, so a value takes the same way as a file.
  const text = value === undefined ? DEFAULT_CONFIG : JSON.stringify(value, null, 2);
  const file: ConfigFile = readConfigText({ file: '(config)', text, ...options });
  return resolveConfig(file, { ...options, configPath: null, baseDir: options.cwd });
}

/**
 * Writes the starter file where there is none yet.
 * @throws ConfigAccessError
 */
export function createStarterConfig(path: string, cwd: string): void {
  try {
    writeFileSync(resolve(cwd, path), STARTER_CONFIG, { flag: 'wx' });
  } catch (error) {
    const { message } = error as Error;
    throw new ConfigAccessError(`failed to create config file '${path}': ${message}`, {
      cause: error,
    });
  }
}

function readText(path: string, absolutePath: string): string {
  try {
    return readFileSync(absolutePath, 'utf8');
  } catch (error) {
    const cause = error as NodeJS.ErrnoException;
    const message =
      cause.code === 'ENOENT'
        ? `Config file not found: '${path}'. Run \`iii\` from your project directory, or pass --config <path>.`
        : `Failed to read config file '${path}': ${cause.message}`;
    throw new ConfigAccessError(message, { cause });
  }
}
