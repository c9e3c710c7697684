// SPDX-License-Identifier: Elastic-2.0
import { isMap, isScalar, isSeq, type Node } from 'yaml';
import type { ConfigEntry, ConfigFile } from './config-file.ts';
import type { ConfigProblem } from './config-file-error.ts';
import { hintFor, suggest } from './suggest.ts';
import type { YamlEntry, YamlValues } from './yaml-values.ts';

const TOP_LEVEL_KEYS = [
  'workers',
  'modules',
  'registration_namespace_grace_ms',
  'port',
  'data_dir',
  'provider_policy',
  // Written by the tooling of managed workers into the same file.
  'rootfs',
] as const;
const ENTRY_KEYS = ['name', 'class', 'image', 'config', 'worker_path', 'placement'] as const;
const LARGEST_PORT = 65_535;

/** Takes a document apart; a problem is reported and reading goes on. */
export class ConfigReader {
  readonly #values: YamlValues;
  readonly #warnings: ConfigProblem[] = [];

  constructor(values: YamlValues) {
    this.#values = values;
  }

  read(file: string, root: Node | null): ConfigFile {
    const top = this.#topLevel(root);
    return {
      file,
      entries: [...this.#list('workers', top), ...this.#list('modules', top)],
      registrationNamespaceGraceMs: this.#wholeNumber(
        top,
        'registration_namespace_grace_ms',
        Number.MAX_SAFE_INTEGER,
      ),
      port: this.#wholeNumber(top, 'port', LARGEST_PORT),
      dataDir: this.#text(top, 'data_dir'),
      providerPolicy: this.#choice(top, 'provider_policy', ['balance', 'reject', 'replace']),
      warnings: this.#warnings,
    };
  }

  #topLevel(root: Node | null): Map<string, YamlEntry> {
    const isEmpty = root === null || (isScalar(root) && this.#values.valueOf(root) === null);
    if (!isEmpty && !isMap(root)) {
      this.#values.report('the file must be a mapping', root, 'Start it with `workers:`.');
      return new Map();
    }
    const entries = root === null ? [] : this.#values.entriesOf(root);
    for (const { key, keyNode } of entries) {
      if ((TOP_LEVEL_KEYS as readonly string[]).includes(key)) continue;
      this.#values.report(`unknown key "${key}"`, keyNode, hintFor(key, TOP_LEVEL_KEYS));
    }
    return byKey(entries);
  }

  #list(listName: 'workers' | 'modules', top: Map<string, YamlEntry>): ConfigEntry[] {
    const node = top.get(listName)?.value ?? null;
    if (node === null || (isScalar(node) && isEmptyList(this.#values.valueOf(node)))) return [];
    const items = this.#values.follow(node, (target) => (isSeq(target) ? target.items : null));
    if (items === null) {
      this.#values.report(
        `${listName} must be a list`,
        node,
        'Write one `- name: …` line for each worker.',
      );
      return [];
    }
    return items.flatMap(
      (item, index) => this.#entry(item as Node | null, `${listName}[${index}]`) ?? [],
    );
  }

  #entry(item: Node | null, path: string): ConfigEntry | null {
    const node = item === null ? null : this.#values.follow(item, (target) => target);
    if (node === null || !isMap(node)) {
      this.#values.report(
        `${path} must be a mapping with a name`,
        item,
        'Write `- name: iii-state`.',
      );
      return null;
    }
    const entries = byKey(this.#values.entriesOf(node));
    const problemCount = this.#values.problems.length;
    const name = this.#text(entries, 'name', path);
    const className = this.#text(entries, 'class', path);
    if (name === null && className === null) {
      // A name that could not be read has been reported already.
      if (this.#values.problems.length > problemCount) return null;
      this.#values.report(`${path}: missing field \`name\``, node, 'Write `- name: iii-state`.');
      return null;
    }
    this.#warnOfSlips(entries, path);
    const configNode = entries.get('config')?.value ?? null;
    return {
      name,
      className,
      image: this.#text(entries, 'image', path),
      workerPath: this.#text(entries, 'worker_path', path),
      placement: this.#choice(entries, 'placement', ['inline', 'process'], path),
      config: this.#values.valueOf(configNode),
      place: this.#values.placeOf(node),
      path,
      placeOf: (configPath) => this.#values.placeOf(this.#deepest(configNode ?? node, configPath)),
    };
  }

  /** Unknown keys of an entry belong to other tools; one that is nearly ours is likely a slip. */
  #warnOfSlips(entries: Map<string, YamlEntry>, path: string): void {
    for (const { key, keyNode } of entries.values()) {
      if ((ENTRY_KEYS as readonly string[]).includes(key)) continue;
      const near = suggest(key, ENTRY_KEYS);
      if (near === null) continue;
      const message = `${path}: key "${key}" is not used`;
      this.#warnings.push({
        message,
        place: this.#values.placeOf(keyNode),
        hint: `Did you mean "${near}"?`,
      });
    }
  }

  #deepest(start: Node, path: readonly (string | number)[]): Node {
    let node = start;
    for (const step of path) {
      let next: Node | null | undefined;
      if (isMap(node)) next = byKey(this.#values.entriesOf(node)).get(String(step))?.keyNode;
      else if (isSeq(node)) next = node.items[Number(step)] as Node | undefined;
      if (next === null || next === undefined) return node;
      const below = isMap(node)
        ? byKey(this.#values.entriesOf(node)).get(String(step))?.value
        : next;
      // The last step points at the key; steps before it go on into the value.
      node = step === path.at(-1) || below === null || below === undefined ? next : below;
    }
    return node;
  }

  #read(entries: Map<string, YamlEntry>, key: string): unknown {
    return this.#values.valueOf(entries.get(key)?.value ?? null);
  }

  #text(entries: Map<string, YamlEntry>, key: string, path = ''): string | null {
    const value = this.#read(entries, key);
    if (value === null) return null;
    if (typeof value === 'string' && value.trim() !== '') return value;
    this.#reportValue(entries, key, path, 'must be text', value);
    return null;
  }

  #choice<T extends string>(
    entries: Map<string, YamlEntry>,
    key: string,
    choices: readonly T[],
    path = '',
  ): T | null {
    const value = this.#read(entries, key);
    if (value === null) return null;
    const choice = choices.find((candidate) => candidate === value);
    if (choice !== undefined) return choice;
    this.#reportValue(entries, key, path, `must be one of ${choices.join(', ')}`, value);
    return null;
  }

  #wholeNumber(entries: Map<string, YamlEntry>, key: string, largest: number): number | null {
    const value = this.#read(entries, key);
    if (value === null) return null;
    if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= largest)
      return Number(value);
    const range = largest === LARGEST_PORT ? `from 0 to ${largest}` : '≥ 0';
    this.#reportValue(entries, key, '', `must be a whole number ${range}`, value);
    return null;
  }

  #reportValue(
    entries: Map<string, YamlEntry>,
    key: string,
    path: string,
    rule: string,
    value: unknown,
  ): void {
    const entry = entries.get(key);
    const name = path === '' ? key : `${path}.${key}`;
    this.#values.report(
      `${name} ${rule}, got ${JSON.stringify(value)}`,
      entry?.value ?? entry?.keyNode,
    );
  }
}

/** `workers:` with nothing behind it, and `workers: ${WORKERS:[]}`. */
function isEmptyList(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}

function byKey(entries: readonly YamlEntry[]): Map<string, YamlEntry> {
  return new Map(entries.map((entry) => [entry.key, entry]));
}
