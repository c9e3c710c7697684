// SPDX-License-Identifier: Elastic-2.0
// Edits of the config file: text is inserted or cut, and every other byte stays as the user wrote
// it, comments, order, quoting and placeholders included.
import { isMap, isScalar, isSeq, type Node, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';
import { maskPlaceholders } from './placeholders.ts';

/** What became of an edit. */
export type ConfigEdit =
  | { readonly kind: 'changed'; readonly text: string }
  /** The entry is there already, or was not there. */
  | { readonly kind: 'unchanged' }
  /** The file is written in a form that cannot be edited in place; `reason` says which. */
  | { readonly kind: 'refused'; readonly reason: string };

interface Layout {
  readonly list: YAMLSeq | null;
  readonly entries: readonly YAMLMap[];
  /** Offset of the value of `workers:`, when it is empty or `[]`. */
  readonly emptyAt: { readonly start: number; readonly end: number } | null;
}

/** Adds `- name: <name>` at the end of `workers:`; an entry of that name is left as it is. */
export function addWorkerEntry(text: string, name: string): ConfigEdit {
  const layout = readLayout(text);
  if (typeof layout === 'string') return { kind: 'refused', reason: layout };
  if (layout.entries.some((entry) => entry.get('name') === name)) return { kind: 'unchanged' };
  const { list, emptyAt } = layout;
  if (emptyAt !== null) {
    const { start, end } = emptyAt;
    const rest = text.slice(end);
    return {
      kind: 'changed',
      text: `${text.slice(0, start)}${restOfLine(rest)}\n  - name: ${name}${afterLine(rest)}`,
    };
  }
  if (list === null) {
    const gap = text === '' || text.endsWith('\n') ? '' : '\n';
    return { kind: 'changed', text: `${text}${gap}workers:\n  - name: ${name}\n` };
  }
  const last = layout.entries.at(-1);
  if (list.flow === true || last === undefined) {
    return {
      kind: 'refused',
      reason: '`workers` is written in one line; write one `- name: …` line for each worker',
    };
  }
  const indent = indentOf(text, list.range![0]);
  const end = endOfEntry(text, last);
  const gap = text.slice(0, end).endsWith('\n') ? '' : '\n';
  const inserted = `${gap}${indent}- name: ${name}\n`;
  return { kind: 'changed', text: text.slice(0, end) + inserted + text.slice(end) };
}

/** Cuts the lines of the first entry of that name. */
export function removeWorkerEntry(text: string, name: string): ConfigEdit {
  const layout = readLayout(text);
  if (typeof layout === 'string') return { kind: 'refused', reason: layout };
  const entry = layout.entries.find((candidate) => candidate.get('name') === name);
  if (entry === undefined || layout.list === null) return { kind: 'unchanged' };
  if (layout.list.flow === true) {
    return { kind: 'refused', reason: '`workers` is written in one line; edit it by hand' };
  }
  const start = text.lastIndexOf('\n', entry.range![0] - 1) + 1;
  const rest = text.slice(0, start) + text.slice(endOfEntry(text, entry));
  // A list that has lost its last entry must stay a list.
  const emptied = layout.entries.length === 1 ? rest.replace(/^(workers:)/m, '$1 []') : rest;
  return { kind: 'changed', text: emptied };
}

function readLayout(text: string): Layout | string {
  const document = parseDocument(maskPlaceholders(text).text, { prettyErrors: false });
  if (document.errors[0] !== undefined) return document.errors[0].message;
  const root = document.contents;
  if (root === null) return { list: null, entries: [], emptyAt: null };
  if (!isMap(root)) return 'the file is not a mapping';
  const pair = root.items.find((item) => isScalar(item.key) && item.key.value === 'workers');
  if (pair === undefined) {
    return root.flow === true
      ? 'the file is written in one line'
      : { list: null, entries: [], emptyAt: null };
  }
  const { value } = pair;
  if (isSeq(value) && value.items.length > 0) {
    return { list: value, entries: value.items.filter((item) => isMap(item)), emptyAt: null };
  }
  const keyEnd = text.indexOf(':', pair.key.range![1]) + 1;
  const end = isSeq(value) ? value.range[1] : keyEnd;
  return { list: null, entries: [], emptyAt: { start: keyEnd, end } };
}

/** An entry ends with its last line; comments below it belong to what follows. */
function endOfEntry(text: string, entry: YAMLMap): number {
  const lineEnd = text.indexOf('\n', Math.max(entry.range![0], endOfNode(entry) - 1));
  return lineEnd === -1 ? text.length : lineEnd + 1;
}

/** The range of a block collection takes in the comments below it; that of its last leaf does not. */
function endOfNode(node: Node): number {
  if (isMap(node) && node.flow !== true) {
    const last = node.items.at(-1);
    const leaf = (last?.value ?? last?.key) as Node | undefined; // a parsed document holds nodes
    if (leaf !== undefined) return endOfNode(leaf);
  }
  if (isSeq(node) && node.flow !== true) {
    const last = node.items.at(-1) as Node | undefined;
    if (last !== undefined) return endOfNode(last);
  }
  return node.range![1];
}

function indentOf(text: string, offset: number): string {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  return /^\s*/.exec(text.slice(lineStart, offset))![0];
}

function restOfLine(text: string): string {
  const end = text.indexOf('\n');
  return end === -1 ? text : text.slice(0, end);
}

function afterLine(text: string): string {
  const end = text.indexOf('\n');
  return end === -1 ? '\n' : text.slice(end);
}
