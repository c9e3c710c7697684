// SPDX-License-Identifier: Apache-2.0
/**
 * Reads every import of every package and fails on: an arrow that points the wrong way, a reach
 * into another package's files, a package used but not declared, a Node module where none may be,
 * and a cycle between packages (dev dependencies count: turbo orders builds by them too).
 */
import { readdir, readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readWorkspace, root } from './workspace.mjs';

const SDK = ['iii-sdk', 'iii-browser-sdk'];
const CORE = ['@iii-dev/client-core', '@iii-dev/protocol'];
const WORKERS = ['@iii-dev/worker-*'];

/**
 * First match wins. `at` is a path prefix in the repository, `may` are the packages of ours that
 * files below it import. A package nobody lists is one nobody may import.
 */
const ARROWS = [
  { at: 'protocol/', may: [] },
  { at: 'sdk/packages/node/client-core/', may: ['@iii-dev/protocol'] },
  { at: 'sdk/packages/node/', may: CORE },
  { at: 'sdk/compat/', may: SDK },
  { at: 'workers/kit/', may: [...SDK, ...CORE] },
  { at: 'workers/', may: [...SDK, '@iii-dev/worker-kit'] },
  { at: 'engine/src/cli/', may: ['@iii-dev/protocol', ...SDK] },
  { at: 'engine/src/boot/', may: ['@iii-dev/protocol', ...SDK, ...WORKERS] },
  { at: 'engine/src/testing/', may: ['@iii-dev/protocol', ...SDK, ...WORKERS] },
  { at: 'engine/src/', may: ['@iii-dev/protocol'] },
  { at: 'engine/', may: ['@iii-dev/protocol', ...SDK, ...WORKERS] },
  { at: 'console/', may: [...SDK, '@iii-dev/protocol'] },
  { at: 'examples/', may: SDK },
  { at: 'benches/', may: ['iii', '@iii-dev/protocol', ...SDK, ...WORKERS] },
];

/** Folders of `engine/src` and the sibling folders each may import; a folder not listed is free. */
const ENGINE_FOLDERS = {
  hub: [],
  listener: ['hub'],
  access: ['hub'],
  introspection: ['hub'],
};

/** A worker's own tests use it in place of the real engine. */
const FAKE_ENGINE = '@iii-dev/client-core/testing';

/** What a browser loads too. */
const NEUTRAL = ['protocol/src/', 'sdk/packages/node/client-core/src/'];

const SOURCE = /\.(ts|tsx|mts|js|mjs)$/;
// Anchored at line starts, so that an example in a docblock is not an import.
const STATIC = /^[ \t]*(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*['"]([^'"\n]+)['"]/gm;
const DYNAMIC = /^(?![ \t]*(?:\*|\/\/)).*?\b(?:import|require)\(\s*['"]([^'"\n]+)['"]/gm;

/** Every module specifier a source text imports, statically or not. */
export function importsOf(text) {
  return [...text.matchAll(STATIC), ...text.matchAll(DYNAMIC)]
    .map((match) => match[1])
    .filter((name) => !name.includes('${')); // Code a test writes, not code it is.
}

const isTest = (file) => /(^|\/)(test|testing)(\/|\.)/.test(file);
const isNode = (name) => name.startsWith('node:') || builtinModules.includes(name);
const matches = (pattern, name) =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
const packageOf = (name) =>
  name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');

/** All broken rules of the workspace below `base`, as sentences naming file and import. */
export async function findWrongArrows(base = root) {
  const packages = await readWorkspace(base);
  const ours = new Set(packages.map((entry) => entry.manifest.name));
  const shared = await readShared(base);
  const problems = findCycles(packages);
  for (const { folder, manifest } of packages) {
    const declared = declaredBy(manifest);
    for (const file of await sourcesOf(base, folder)) {
      const text = await readFile(join(base, file), 'utf8');
      for (const name of importsOf(text)) {
        const reason = judge({ file, folder, name, declared, shared, ours, self: manifest.name });
        if (reason) problems.push(`${file}: '${name}' ${reason}`);
      }
    }
  }
  return problems;
}

/** Why an import is wrong, or undefined. */
function judge({ file, folder, name, declared, shared, ours, self }) {
  if (name.startsWith('.')) return judgeRelative(file, folder, name);
  if (isNode(name)) {
    const neutral = NEUTRAL.some((prefix) => file.startsWith(prefix)) && !isTest(file);
    if (neutral) return 'is a Node module, and this file also runs in a browser';
    return name.startsWith('node:') ? undefined : "needs the 'node:' prefix";
  }
  const wanted = packageOf(name);
  if (wanted === self) return undefined;
  if (ours.has(wanted) && !(name === FAKE_ENGINE && isTest(file))) {
    const rule = ARROWS.find((arrow) => file.startsWith(arrow.at));
    if (!rule?.may.some((pattern) => matches(pattern, wanted))) return 'is an arrow the wrong way';
    if (/\/(src|dist)\//.test(`${name}/`)) return "reaches into another package's files";
    if (name.endsWith('/testing') && !isTest(file)) return 'is for tests';
  }
  if (declared.has(wanted)) return undefined;
  if (!file.startsWith(`${folder}/src/`) && shared.has(wanted)) return undefined;
  return `is not declared in ${folder}/package.json`;
}

function judgeRelative(file, folder, name) {
  const target = normalize(join(dirname(file), name));
  if (!target.startsWith(`${folder}/`)) return 'leaves its package';
  if (isTest(target) && !isTest(file)) return 'is for tests';
  const [, from] = /^engine\/src\/([^/]+)\//.exec(file) ?? [];
  const [, to] = /^engine\/src\/([^/]+)\//.exec(target) ?? [];
  if (!from || !to || from === to) return undefined;
  const may = ENGINE_FOLDERS[from];
  return may && !may.includes(to) ? `is an arrow the wrong way (${from} → ${to})` : undefined;
}

/** Cycles between packages of ours, each told once. */
function findCycles(packages) {
  const edges = new Map();
  const ours = new Set(packages.map((entry) => entry.manifest.name));
  for (const { manifest } of packages)
    edges.set(
      manifest.name,
      [...declaredBy(manifest)].filter((name) => ours.has(name)),
    );
  const problems = [];
  const done = new Set();
  const visit = (name, path) => {
    if (path.includes(name)) {
      problems.push(`cycle: ${[...path.slice(path.indexOf(name)), name].join(' → ')}`);
      return;
    }
    if (done.has(name)) return;
    for (const next of edges.get(name) ?? []) visit(next, [...path, name]);
    done.add(name);
  };
  for (const name of edges.keys()) visit(name, []);
  return problems;
}

function declaredBy(manifest) {
  const fields = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'];
  return new Set(fields.flatMap((field) => Object.keys(manifest[field] ?? {})));
}

/** Tools of the repository root, for tests and build files; never for `src`. */
async function readShared(base) {
  try {
    return declaredBy(JSON.parse(await readFile(join(base, 'package.json'), 'utf8')));
  } catch {
    return new Set(); // A workspace without a root manifest shares nothing.
  }
}

async function sourcesOf(base, folder) {
  const files = [];
  for (const entry of await readdir(join(base, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory() && !['node_modules', 'dist', '.turbo'].includes(entry.name))
      files.push(...(await sourcesOf(base, path)));
    // A bin file starts what the build made.
    else if (entry.isFile() && SOURCE.test(entry.name) && !/\/bin\//.test(path)) files.push(path);
  }
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = await findWrongArrows();
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) console.error(`${problems.length} wrong imports (see ARCHITECTURE.md)`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
