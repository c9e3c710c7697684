// SPDX-License-Identifier: Apache-2.0
// The built command in processes of its own; skipped where nothing is built.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from './context.ts';

const BIN = fileURLToPath(new URL('../../bin/iii.js', import.meta.url));
const isBuilt = existsSync(fileURLToPath(new URL('../../dist/cli.mjs', import.meta.url)));

let folder: string;
let engines: ChildProcess[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iii-bin-'));
  engines = [];
});
afterEach(async () => {
  for (const engine of engines) if (isAlive(engine.pid)) engine.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

interface Engine {
  readonly child: ChildProcess;
  err: string;
  out: string;
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
}

/** Starts the command in `folder`, which is not where it is installed. */
function start(...argv: string[]): Engine {
  const child = spawn(process.execPath, [BIN, ...argv], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  engines.push(child);
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  );
  const engine: Engine = { child, err: '', out: '', exited };
  child.stderr?.on('data', (chunk) => {
    engine.err += String(chunk);
  });
  child.stdout?.on('data', (chunk) => {
    engine.out += String(chunk);
  });
  return engine;
}

const listens = (engine: Engine) =>
  until(() => engine.err.includes('Engine listening on address'), 'it listens');

function isAlive(pid: number | undefined): boolean {
  try {
    process.kill(pid ?? 0, 0);
    return true;
  } catch {
    return false;
  }
}

/** A pid that is a zombie in a container without an init still answers signal 0. */
async function isRunning(pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/\) Z /.test(stat);
}

async function workerPids(engine: Engine): Promise<number[]> {
  const { pid } = engine.child;
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.trim().split(/\s+/).filter(Boolean).map(Number);
}

async function goneSoon(pid: number): Promise<void> {
  const end = Date.now() + 5_000;
  while (await isRunning(pid)) {
    if (Date.now() > end) throw new Error(`process ${pid} outlived its engine`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const PORT_0 = '  - name: iii-worker-manager\n    config: { port: 0 }\n';
const HTTP_PROCESS = `workers:\n${PORT_0}  - name: iii-http\n    placement: process\n    config: { port: 0 }\n`;

describe.skipIf(!isBuilt)('the built command', () => {
  test('works from any folder, with data on stdout alone', async () => {
    const version = start('--version');
    expect((await version.exited).code).toBe(0);
    expect(version.out).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
    expect(version.err).toBe('');
  });

  test('a first run writes a starter file under the given name (cli:6, cli:7)', async () => {
    const engine = start('--config', 'config.yml');
    await until(() => engine.err.includes('Created config.yml.'), 'the file is written');
    const text = await readFile(join(folder, 'config.yml'), 'utf8');
    expect(text).toContain('workers: []');
    expect(text).not.toContain('- name:');
  });

  test('SIGTERM ends it with 0 within 2 s (config-file:26)', async () => {
    await writeFile(join(folder, 'config.yaml'), `workers:\n${PORT_0}`);
    const engine = start();
    await listens(engine);
    const before = Date.now();
    engine.child.kill('SIGTERM');
    expect(await engine.exited).toEqual({ code: 0, signal: null });
    expect(Date.now() - before).toBeLessThan(2_000);
    expect(engine.out).toBe('');
  });

  test('a worker process ends with the engine, also when that is killed', async () => {
    await writeFile(join(folder, 'config.yaml'), HTTP_PROCESS);
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const engine = start();
      await listens(engine);
      const pids = await workerPids(engine);
      expect(pids).toHaveLength(1);
      engine.child.kill(signal);
      await engine.exited;
      await goneSoon(pids[0]!);
    }
  });

  test('a worker process that crashes is started again', async () => {
    await writeFile(join(folder, 'config.yaml'), HTTP_PROCESS);
    const engine = start();
    await listens(engine);
    const [pid] = await workerPids(engine);
    process.kill(pid!, 'SIGKILL');
    await until(() => engine.err.includes('Worker process restarted'), 'it is restarted');
    const [next] = await workerPids(engine);
    expect(next).not.toBe(pid);
    engine.child.kill('SIGTERM');
    expect((await engine.exited).code).toBe(0);
    await goneSoon(next!);
  });

  test('a second signal exits at once and takes a worker process along', async () => {
    await writeFile(join(folder, 'config.yaml'), HTTP_PROCESS);
    const engine = start();
    await listens(engine);
    const [pid] = await workerPids(engine);
    process.kill(pid!, 'SIGSTOP'); // so that the orderly stop has something to wait for
    engine.child.kill('SIGINT');
    await until(() => engine.err.includes('Engine stopping'), 'it is stopping');
    engine.child.kill('SIGINT');
    expect((await engine.exited).code).toBe(130);
    await goneSoon(pid!);
  });
});
