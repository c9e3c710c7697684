// SPDX-License-Identifier: Elastic-2.0
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type ParsedNode,
  Scalar,
} from 'yaml';
import type { ConfigProblem, Place } from './config-file-error.ts';
import {
  fillMasks,
  isPaddedNumber,
  type Lookup,
  type MaskedText,
  typePlainText,
} from './placeholders.ts';

/** Aliases followed in one file: far more than anyone writes, far fewer than a "billion laughs". */
const ALIAS_LIMIT = 1_000;

/** One key of a mapping, with its environment filled in. */
export interface YamlEntry {
  readonly key: string;
  readonly keyNode: Node;
  readonly value: Node | null;
}

/**
 * Turns YAML nodes into plain values: placeholders filled in, plain scalars typed afterwards.
 * What cannot be turned is noted in `problems` and becomes null, so that one run finds everything.
 */
export class YamlValues {
  readonly problems: ConfigProblem[] = [];
  readonly #file: string;
  readonly #text: string;
  readonly #document: Document.Parsed;
  readonly #masked: MaskedText;
  readonly #lookup: Lookup;
  readonly #unset = new Set<number>();
  readonly #openAliases = new Set<Node>();
  #aliasCount = 0;

  constructor(options: {
    file: string;
    text: string;
    document: Document.Parsed;
    masked: MaskedText;
    lookup: Lookup;
  }) {
    this.#file = options.file;
    this.#text = options.text;
    this.#document = options.document;
    this.#masked = options.masked;
    this.#lookup = options.lookup;
  }

  placeOf(node: Node | null | undefined): Place {
    return placeAt(this.#file, this.#text, node?.range?.[0] ?? 0);
  }

  report(message: string, node: Node | null | undefined, hint: string | null = null): void {
    this.problems.push({ message, place: this.placeOf(node), hint });
  }

  /** The entries of a mapping; keys that are not text are reported and left out. */
  entriesOf(node: Node): YamlEntry[] {
    if (!isMap(node)) return [];
    const entries: YamlEntry[] = [];
    for (const pair of node.items) {
      // A parsed document holds nodes; `null` stands for an absent value.
      const keyNode = pair.key as ParsedNode | null;
      const key = keyNode === null ? null : this.valueOf(keyNode);
      if (keyNode === null || typeof key !== 'string') {
        this.report(
          `a key must be text, got ${JSON.stringify(key)}`,
          keyNode ?? node,
          'Put it in quotes.',
        );
        continue;
      }
      entries.push({ key, keyNode, value: pair.value as ParsedNode | null });
    }
    return entries;
  }

  valueOf(node: Node | null): unknown {
    if (node === null) return null;
    if (isScalar(node)) return this.#scalar(node);
    if (isSeq(node)) return node.items.map((item) => this.valueOf(item as ParsedNode));
    if (isMap(node)) {
      return Object.fromEntries(
        this.entriesOf(node).map((entry) => [entry.key, this.valueOf(entry.value)]),
      );
    }
    if (isAlias(node)) return this.follow(node, (target) => this.valueOf(target));
    return null;
  }

  /** Runs `use` on the node an alias stands for; other nodes stand for themselves. */
  follow<T>(node: Node, use: (target: Node) => T): T | null {
    if (!isAlias(node)) return use(node);
    const target = node.resolve(this.#document);
    if (target === undefined) return null;
    this.#aliasCount += 1;
    if (this.#aliasCount > ALIAS_LIMIT || this.#openAliases.has(target)) {
      this.report(`alias *${node.source} leads in a circle or is used too often`, node);
      return null;
    }
    this.#openAliases.add(target);
    const result = use(target);
    this.#openAliases.delete(target);
    return result;
  }

  #scalar(node: Scalar): unknown {
    if (typeof node.value !== 'string') {
      return node.source !== undefined && isPaddedNumber(node.source) ? node.source : node.value;
    }
    const filled = fillMasks(node.value, this.#masked, (placeholder) => {
      const value = this.#lookup(placeholder);
      if (value === null && !this.#unset.has(placeholder.offset)) {
        this.#unset.add(placeholder.offset);
        this.problems.push({
          message: `Environment variable '${placeholder.name}' not set and no default provided`,
          place: placeAt(this.#file, this.#text, placeholder.offset),
          hint: `Set it, or write \${${placeholder.name}:default}.`,
        });
      }
      return value;
    });
    if (filled === null) return node.value;
    return node.type === Scalar.PLAIN ? typePlainText(filled) : filled;
  }
}

/** Line and column of an offset, from one. */
export function placeAt(file: string, text: string, offset: number): Place {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { file, line: before.split('\n').length, column: offset - lineStart + 1 };
}
