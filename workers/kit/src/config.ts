// SPDX-License-Identifier: Apache-2.0
import { type BaseIssue, type GenericSchema, type InferOutput, safeParse } from 'valibot';

/** One thing that is wrong with a config. */
export interface ConfigProblem {
  /** Where, from the top of the worker's config: `adapter.config.store_method`; empty at the top. */
  readonly path: string;
  /** What is wrong and what would be right, with the value quoted. */
  readonly message: string;
}

/** A worker's config does not fit; the message says what, where and how to mend it. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID';
  readonly worker: string;
  readonly problems: readonly ConfigProblem[];

  constructor(worker: string, problems: readonly ConfigProblem[], configPath?: string) {
    const lines = problems.map(
      (problem) => `${worker}: ${problem.message}${place(problem, configPath)}`,
    );
    super(lines.join('\n'));
    this.name = 'ConfigError';
    this.worker = worker;
    this.problems = problems;
  }
}

/** What is needed to say where a config came from. */
export interface ConfigOrigin {
  readonly worker: string;
  /** Where the config stands, `config.yaml: workers[2].config`. */
  readonly configPath?: string | undefined;
}

/**
 * Checks a raw config and fills in its defaults; nothing at all counts as `{}`.
 * @throws ConfigError naming every problem
 */
export function resolveConfig<Schema extends GenericSchema>(
  schema: Schema,
  raw: unknown,
  origin: ConfigOrigin,
): InferOutput<Schema> {
  const result = safeParse(schema, raw ?? {});
  if (result.success) return result.output;
  const problems = result.issues
    .flatMap((issue) => leaves(issue))
    .map((issue) => explain(schema, issue));
  throw new ConfigError(origin.worker, problems, origin.configPath);
}

function place(problem: ConfigProblem, configPath: string | undefined): string {
  if (configPath === undefined) return '';
  if (problem.path === '') return ` (${configPath})`;
  return ` (${configPath}${problem.path.startsWith('[') ? '' : '.'}${problem.path})`;
}

/** A union reports one issue with the issues of its branches inside; those say more. */
function leaves(issue: BaseIssue<unknown>): BaseIssue<unknown>[] {
  if (issue.issues === undefined) return [issue];
  const inner = issue.issues.flatMap((each) => leaves(each));
  const deepest = Math.max(...inner.map((each) => each.path?.length ?? 0));
  if (deepest <= (issue.path?.length ?? 0)) return [issue];
  return inner.filter((each) => (each.path?.length ?? 0) === deepest);
}

function explain(schema: GenericSchema, issue: BaseIssue<unknown>): ConfigProblem {
  const path = pathOf(issue);
  const name = path === '' ? 'the config' : path;
  if (issue.expected === 'never' && issue.path !== undefined) {
    const parent = issue.path.slice(0, -1).map((item) => item.key);
    const known = knownKeys(schemaAt(schema, parent));
    return { path, message: `unknown key ${quoteKey(path)}; ${suggest(lastKey(issue), known)}` };
  }
  if (issue.input === undefined) {
    return { path, message: `${name} is missing; it must be ${readable(issue)}` };
  }
  return {
    path,
    message: `${name} must be ${readable(issue)}, got ${quote(lastKey(issue), issue.input)}`,
  };
}

/** A schema's own message is read as the end of "… must be"; valibot's own start with "Invalid". */
function readable(issue: BaseIssue<unknown>): string {
  if (!issue.message.startsWith('Invalid ')) return issue.message;
  switch (issue.expected) {
    case 'Object':
      return 'a block of keys';
    case 'Array':
      return 'a list';
    case 'string':
      return 'a text';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    default:
      return (issue.expected ?? 'something else')
        .replace(/^\((.*)\)$/, '$1')
        .replaceAll(' | ', ' or ');
  }
}

function pathOf(issue: BaseIssue<unknown>): string {
  let text = '';
  for (const item of issue.path ?? []) {
    if (typeof item.key === 'number') text += `[${item.key}]`;
    else text += text === '' ? String(item.key) : `.${String(item.key)}`;
  }
  return text;
}

function lastKey(issue: BaseIssue<unknown>): string {
  return String(issue.path?.at(-1)?.key ?? '');
}

function quoteKey(path: string): string {
  return `"${path}"`;
}

const SECRET_NAME = /pass|secret|token|credential|api_?key/i;
const QUOTED_LENGTH = 80;

/** The value as the user wrote it, short, and without what must not reach a log. */
function quote(key: string, value: unknown): string {
  if (SECRET_NAME.test(key)) return 'a value that is not shown here';
  const text = (JSON.stringify(value) ?? String(value)).replace(/:\/\/[^/@"]*@/g, '://***@');
  return text.length <= QUOTED_LENGTH ? text : `${text.slice(0, QUOTED_LENGTH)}…`;
}

function suggest(key: string, known: readonly string[]): string {
  const near = known
    .map((name) => ({ name, distance: editDistance(key, name) }))
    .sort((a, b) => a.distance - b.distance)[0];
  if (near !== undefined && near.distance <= Math.max(2, Math.floor(near.name.length / 3))) {
    return `did you mean "${near.name}"?`;
  }
  return known.length === 0 ? 'no keys are expected here' : `known keys: ${known.join(', ')}`;
}

// What the walk below reads of valibot's schemas; their exact types are private to it.
interface SchemaShape {
  readonly entries?: Readonly<Record<string, SchemaShape>>;
  readonly wrapped?: SchemaShape;
  readonly item?: SchemaShape;
  readonly options?: readonly unknown[];
  readonly pipe?: readonly SchemaShape[];
}

function unwrap(schema: SchemaShape | undefined): SchemaShape[] {
  if (schema === undefined) return [];
  if (schema.wrapped !== undefined) return unwrap(schema.wrapped);
  if (schema.entries === undefined && schema.pipe?.[0] !== undefined && schema.pipe[0] !== schema) {
    return unwrap(schema.pipe[0]);
  }
  const options = (schema.options ?? []).filter((option) => typeof option === 'object');
  if (options.length > 0) return options.flatMap((option) => unwrap(option as SchemaShape));
  return [schema];
}

function schemaAt(schema: GenericSchema, path: readonly unknown[]): SchemaShape[] {
  // As the walk needs it: see SchemaShape.
  let at = unwrap(schema as unknown as SchemaShape);
  for (const key of path) {
    at = at.flatMap((each) => unwrap(each.entries?.[String(key)] ?? each.item));
  }
  return at;
}

function knownKeys(schemas: readonly SchemaShape[]): string[] {
  return [...new Set(schemas.flatMap((schema) => Object.keys(schema.entries ?? {})))];
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
