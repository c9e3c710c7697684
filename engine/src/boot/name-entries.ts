// SPDX-License-Identifier: Elastic-2.0

import { CLASS_NAMES, canonicalName, SUCCESSORS } from './builtin-workers.ts';
import type { ConfigEntry } from './config-file.ts';
import { ConfigFileError, type ConfigProblem } from './config-file-error.ts';
import { hintFor } from './suggest.ts';

/** An entry whose name is decided. */
export interface NamedEntry extends ConfigEntry {
  readonly name: string;
  /** Key of `BUILTIN_WORKERS`, or the name itself when there is no such key. */
  readonly builtin: string;
  /** The name, with `#1`, `#2` … on repetitions. */
  readonly id: string;
}

/** A name and its successor mean the same worker; which config should rule is the user's to say. */
export function refuseOldNextToNew(entries: readonly ConfigEntry[]): void {
  const names = new Set(entries.map((entry) => entry.name ?? CLASS_NAMES[entry.className ?? '']));
  const lines = Object.entries(SUCCESSORS)
    .filter(([name, old]) => names.has(name) && names.has(old))
    .map(
      ([name, old]) =>
        `- '${old}' is the deprecated name for '${name}', but both are present. Remove '${old}' from your configuration.`,
    );
  if (lines.length === 0) return;
  const problems = lines.map((message) => ({ message, place: null, hint: null }));
  throw new ConfigFileError(
    lines.length > 1 ? 'Duplicate worker configurations:' : 'Duplicate worker configurations:\n ',
    problems,
  );
}

/** Gives every entry its name, the built-in it leads to, and an id of its own. */
export function nameEntries(
  entries: readonly ConfigEntry[],
  problems: ConfigProblem[],
  warnings: ConfigProblem[],
): NamedEntry[] {
  const seen = new Map<string, number>();
  const named: NamedEntry[] = [];
  for (const entry of entries) {
    const name = nameOf(entry, problems, warnings);
    if (name === null) continue;
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    const id = count === 0 ? name : `${name}#${count}`;
    named.push({ ...entry, name, builtin: canonicalName(name), id });
  }
  return named;
}

function nameOf(
  entry: ConfigEntry,
  problems: ConfigProblem[],
  warnings: ConfigProblem[],
): string | null {
  const { name, className, place, path } = entry;
  if (className === null) return name;
  const fromClass = CLASS_NAMES[className];
  if (fromClass === undefined) {
    const message = `${path}: unknown class "${className}"`;
    problems.push({ message, place, hint: hintFor(className, Object.keys(CLASS_NAMES)) });
    return null;
  }
  if (name !== null && canonicalName(name) !== fromClass) {
    const message = `${path}: name "${name}" and class "${className}" mean different workers`;
    problems.push({ message, place, hint: 'Remove `class`.' });
    return null;
  }
  const message = `${path}: \`class: ${className}\` is deprecated`;
  warnings.push({ message, place, hint: `Write \`name: ${fromClass}\`.` });
  return name ?? fromClass;
}
