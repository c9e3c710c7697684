// SPDX-License-Identifier: Elastic-2.0
// The config file as written: which entries it lists, with what config, and where each stands.
// What the entries mean is decided in `resolve-config.ts`.
import { parseDocument } from 'yaml';
import { ConfigFileError, type ConfigProblem, type Place } from './config-file-error.ts';
import { ConfigReader } from './config-reader.ts';
import { lookupIn, maskPlaceholders } from './placeholders.ts';
import { placeAt, YamlValues } from './yaml-values.ts';

/** One entry of `workers:` or `modules:`. */
export interface ConfigEntry {
  /** `name:` as written; absent in files that say `class:`. */
  readonly name: string | null;
  readonly className: string | null;
  readonly image: string | null;
  readonly workerPath: string | null;
  readonly placement: 'inline' | 'process' | null;
  /** Null when the entry has no config block. */
  readonly config: unknown;
  readonly place: Place;
  /** `workers[2]`, for messages. */
  readonly path: string;
  /** Where a value inside the config block stands; the nearest parent when it is absent. */
  placeOf(configPath: readonly (string | number)[]): Place;
}

/** A config file, read. */
export interface ConfigFile {
  readonly file: string;
  /** `workers:` and then `modules:`. */
  readonly entries: readonly ConfigEntry[];
  readonly registrationNamespaceGraceMs: number | null;
  /** Top-level port of files from before the worker manager had an entry. */
  readonly port: number | null;
  readonly dataDir: string | null;
  readonly providerPolicy: ProviderPolicy | null;
  readonly warnings: readonly ConfigProblem[];
}

/** What happens when a second worker registers a function that is taken. */
export type ProviderPolicy = 'balance' | 'reject' | 'replace';

/**
 * Reads config text.
 * @throws ConfigFileError naming every problem with line and column.
 */
export function readConfigText(options: {
  readonly file: string;
  readonly text: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly engineVersion: string;
}): ConfigFile {
  const { file, text } = options;
  const lead = `Failed to parse config file '${file}':`;
  const masked = maskPlaceholders(text);
  const document = parseDocument(masked.text, { prettyErrors: false, version: '1.2' });
  if (document.errors.length > 0) {
    throw new ConfigFileError(
      lead,
      document.errors.map((error) => describeYamlError(error, file, text)),
    );
  }
  const lookup = lookupIn(options.env, options.engineVersion);
  const values = new YamlValues({ file, text, document, masked, lookup });
  const config = new ConfigReader(values).read(file, document.contents);
  if (values.problems.length > 0) throw new ConfigFileError(lead, inFileOrder(values.problems));
  return config;
}

function describeYamlError(
  error: {
    readonly code: string;
    readonly message: string;
    readonly pos: readonly [number, number];
  },
  file: string,
  text: string,
): ConfigProblem {
  const place = placeAt(file, text, error.pos[0]);
  if (error.code === 'DUPLICATE_KEY') {
    const key = /^[^:\s]+/.exec(text.slice(error.pos[0]))?.[0] ?? '';
    return { message: `duplicate key "${key}"`, place, hint: 'Keep one of them.' };
  }
  const hint = error.code === 'TAB_AS_INDENT' ? 'Indent with spaces; YAML takes no tabs.' : null;
  return { message: error.message, place, hint };
}

function inFileOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...problems].sort((a, b) => (a.place?.line ?? 0) - (b.place?.line ?? 0));
}
