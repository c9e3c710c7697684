// SPDX-License-Identifier: Apache-2.0
/**
 * Everything `pnpm test` runs, in order: build, lint, types, arrows, packed exports, tests.
 * Each check counts as one, each test as one; the last line is `N passed, N failed`.
 * A failed check does not hide the next one, except that tests without a build say nothing.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);
let passed = 0;
let failed = 0;

/** Runs a command with its output passed on; resolves to whether it ended with 0. */
function run(command, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, CI: 'true', TURBO_TELEMETRY_DISABLED: '1', ...env },
    });
    child.on('error', (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(false);
    });
    child.on('exit', (code) => resolve(code === 0));
  });
}

async function check(name, command, args) {
  console.log(`── ${name}`);
  const startedAt = Date.now();
  const ok = await run(command, args);
  if (ok) passed += 1;
  else failed += 1;
  console.log(
    `── ${name}: ${ok ? 'passed' : 'FAILED'} (${Math.round((Date.now() - startedAt) / 1000)} s)`,
  );
  return ok;
}

/** Counts of a vitest JSON report; a run that left no report, or a file that broke, is a failure. */
async function countTests(file, ranWell) {
  try {
    const report = JSON.parse(await readFile(file, 'utf8'));
    const brokenFiles = report.testResults.filter(
      (result) => result.status === 'failed' && result.assertionResults.length === 0,
    ).length;
    passed += report.numPassedTests;
    const bad = report.numFailedTests + brokenFiles;
    // An unhandled rejection fails the run without failing any one test.
    failed += bad === 0 && !ranWell ? 1 : bad;
  } catch (error) {
    console.error(`no test report: ${error.message}`);
    failed += 1;
  }
}

const built = await check('build', bin('turbo'), ['run', 'build', '--output-logs=errors-only']);
await check('lint', bin('biome'), ['check', '.']);
await check('types', bin('turbo'), ['run', 'types', '--output-logs=errors-only']);
await check('arrows', process.execPath, ['.ci/arrows.mjs']);
if (built) await check('packed exports', process.execPath, ['.ci/packed.mjs']);

const folder = await mkdtemp(join(tmpdir(), 'iii-test-'));
const report = join(folder, 'report.json');
console.log('── tests');
const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
const ranWell = await run(bin('vitest'), [...args, ...process.argv.slice(2)]);
await countTests(report, ranWell);
await rm(folder, { recursive: true, force: true });

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
