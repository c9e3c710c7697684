// SPDX-License-Identifier: Elastic-2.0

// What a config file means: names resolved, defaults filled in, nothing optional left.
import { resolve } from 'node:path';
import { NAMESPACE_GRACE_MS } from '@iii-dev/protocol';
import { adapterNameOf, BUILTIN_WORKERS, knownNames } from './builtin-workers.ts';
import type { ConfigFile, ProviderPolicy } from './config-file.ts';
import {
  ConfigFileError,
  type ConfigProblem,
  formatPlace,
  type Place,
} from './config-file-error.ts';
import { type NamedEntry, nameEntries, refuseOldNextToNew } from './name-entries.ts';
import {
  type ListenerContext,
  type ResolvedListener,
  resolveListeners,
} from './resolve-listeners.ts';
import { LOG_LEVELS, type LogFormat, type LogLevel } from './stderr-log.ts';
import { hintFor } from './suggest.ts';

/** Everything the engine needs to start. */
export interface ResolvedEngineConfig {
  /** Absolute path of the file, or null when the config was handed in. */
  readonly configPath: string | null;
  /** Absolute folder; each worker has its own below it. */
  readonly dataDir: string;
  readonly registrationNamespaceGraceMs: number;
  readonly providerPolicy: ProviderPolicy;
  /** At least one. */
  readonly listeners: readonly ResolvedListener[];
  readonly workers: readonly ResolvedWorker[];
  /** One line each, said at the start. */
  readonly warnings: readonly string[];
  readonly log: ResolvedLog;
  /** Where the engine's own code tells its version to workers and placeholders. */
  readonly engineVersion: string;
}

/** How the engine logs; taken from the `iii-observability` block, where people look for it. */
export interface ResolvedLog {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

/** A built-in worker to be started. */
export interface ResolvedWorker {
  /** Name the user wrote, with `#1`, `#2` … on repetitions. */
  readonly id: string;
  /** Key of `BUILTIN_WORKERS`. */
  readonly builtin: string;
  readonly placement: 'inline' | 'process';
  /** As written, environment filled in; the worker's own schema checks it. Null: all defaults. */
  readonly config: unknown;
  readonly dataDir: string;
  /** Where a config value stands, for messages; null when the config was handed in. */
  placeOf(configPath: readonly (string | number)[]): Place | null;
}

/** Where a config comes from and what it is resolved against. */
export interface ResolveOptions {
  readonly configPath: string | null;
  /** Relative paths of the file start here: the folder of the file. */
  readonly baseDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly engineVersion: string;
}

/**
 * Decides what a config file means.
 * @throws ConfigFileError naming every problem with line and column.
 */
export function resolveConfig(file: ConfigFile, options: ResolveOptions): ResolvedEngineConfig {
  const problems: ConfigProblem[] = [];
  const warnings = [...file.warnings];
  refuseOldNextToNew(file.entries);
  const entries = nameEntries(file.entries, problems, warnings);
  const context: ListenerContext = { file, problems, warnings };
  const listeners = resolveListeners(
    entries.filter((entry) => BUILTIN_WORKERS[entry.builtin]?.kind === 'listener'),
    context,
  );
  const dataDir = resolve(options.baseDir, file.dataDir ?? 'data');
  const workers = entries.flatMap(
    (entry) => resolveWorker(entry, dataDir, problems, warnings) ?? [],
  );
  const graceMs = graceFromEnvironment(options.env, problems);
  if (problems.length > 0) {
    throw new ConfigFileError(`Config file '${file.file}' cannot be used:`, problems);
  }
  return {
    configPath: options.configPath,
    dataDir,
    registrationNamespaceGraceMs:
      graceMs ?? file.registrationNamespaceGraceMs ?? NAMESPACE_GRACE_MS,
    providerPolicy: file.providerPolicy ?? 'balance',
    listeners,
    workers,
    warnings: warnings.map(describeWarning),
    log: resolveLog(entries.find((entry) => entry.builtin === 'iii-observability')?.config),
    engineVersion: options.engineVersion,
  };
}

function describeWarning({ message, place, hint }: ConfigProblem): string {
  return `${message}${place === null ? '' : ` (${formatPlace(place)})`}${hint === null ? '' : `. ${hint}`}`;
}

function resolveWorker(
  entry: NamedEntry,
  dataDir: string,
  problems: ConfigProblem[],
  warnings: ConfigProblem[],
): ResolvedWorker | null {
  const { name, id, builtin, place } = entry;
  const known = BUILTIN_WORKERS[builtin];
  if (known === undefined) {
    checkUnknown(entry, problems, warnings);
    return null;
  }
  if (entry.image !== null) {
    const message = `Worker '${name}' is a built-in worker and cannot have an 'image' field`;
    problems.push({ message, place, hint: "Remove 'image' or use a different name." });
    return null;
  }
  if (known.kind === 'absent') {
    const message = `Worker '${id}' is not part of this build yet: ${known.effect}`;
    warnings.push({ message, place, hint: null });
  }
  if (known.kind !== 'worker') return null;
  const config = renameAdapterClasses(entry, problems, warnings);
  return {
    id,
    builtin,
    placement: entry.placement ?? 'inline',
    config,
    // A repetition is a worker of its own and must not share its store with the first.
    dataDir: resolve(dataDir, id.replace(name, builtin).replace('#', '-')),
    placeOf: entry.placeOf,
  };
}

/** Workers the engine would have to fetch and supervise are known by their other fields. */
function checkUnknown(
  entry: NamedEntry,
  problems: ConfigProblem[],
  warnings: ConfigProblem[],
): void {
  const { name, place } = entry;
  if (entry.image === null && entry.workerPath === null) {
    const hint = `${hintFor(name, knownNames())} A worker of your own is not listed here: start it, and it connects.`;
    problems.push({ message: `unknown worker '${name}'`, place, hint });
    return;
  }
  const message = `Worker '${name}' is not started: managed workers are not part of this build yet`;
  warnings.push({ message, place, hint: 'Start it by hand; it connects to the engine by itself.' });
}

/** `adapter: { class: modules::…::KvStore }` → `adapter: { name: kv }`. */
function renameAdapterClasses(
  entry: NamedEntry,
  problems: ConfigProblem[],
  warnings: ConfigProblem[],
): unknown {
  const { config, path } = entry;
  if (!isRecord(config) || !isRecord(config.adapter) || typeof config.adapter.class !== 'string') {
    return config;
  }
  const { class: className, ...adapter } = config.adapter;
  const place = entry.placeOf(['adapter', 'class']);
  const name = adapterNameOf(className as string);
  if (name === null || (adapter.name !== undefined && adapter.name !== name)) {
    const message = `${path}.config.adapter: class "${className}" is unknown or contradicts its name`;
    problems.push({
      message,
      place,
      hint: 'Write `name: kv`, `redis` or another adapter of this worker.',
    });
    return config;
  }
  const message = `${path}.config.adapter: \`class: ${className}\` is deprecated`;
  warnings.push({ message, place, hint: `Write \`name: ${name}\`.` });
  return { ...config, adapter: { ...adapter, name } };
}

function graceFromEnvironment(
  env: ResolveOptions['env'],
  problems: ConfigProblem[],
): number | null {
  const text = env.III_NAMESPACE_GRACE_MS;
  if (text === undefined || text === '') return null;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  const message = `III_NAMESPACE_GRACE_MS must be a whole number of milliseconds ≥ 0, got "${text}"`;
  problems.push({ message, place: null, hint: null });
  return null;
}

function resolveLog(config: unknown): ResolvedLog {
  const { level, log_level: oldLevel, format } = isRecord(config) ? config : {};
  const wanted = level ?? oldLevel;
  return {
    level: LOG_LEVELS.find((known) => known === wanted) ?? 'info',
    format: format === 'json' ? 'json' : 'default',
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
