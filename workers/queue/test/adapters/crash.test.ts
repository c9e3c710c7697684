// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { makeTempDir } from '@iii-dev/worker-kit/testing';
import { build } from 'tsdown';
import { describe, expect, it } from 'vitest';

describe('a crash', () => {
  it('loses no acknowledged job, whether it waited, was delayed or ran', async () => {
    await using dir = await makeTempDir();
    const program = await compileEnqueuer();
    const queued = new Set<string>();
    const ran = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      for (const line of await runProgram(program, dir.path, String(round), 600)) {
        const [what, id] = line.split(' ') as [string, string];
        (what === 'queued' ? queued : ran).add(id);
      }
    }
    expect(queued.size).toBeGreaterThan(100);
    for (const id of await runProgram(program, dir.path, 'drain')) ran.add(id);
    expect([...queued].filter((id) => !ran.has(id))).toEqual([]);
  });
});

/** Compiles the program where it finds its packages; the process it runs in knows no TypeScript. */
async function compileEnqueuer(): Promise<string> {
  const outDir = fileURLToPath(new URL('../../node_modules/.endless-enqueuer/', import.meta.url));
  await build({
    config: false,
    entry: [fileURLToPath(new URL('./endless-enqueuer.ts', import.meta.url))],
    outDir,
    format: ['esm'],
    dts: false,
    logLevel: 'silent',
    inputOptions: { resolve: { conditionNames: ['iii-source', 'node', 'import', 'default'] } },
    deps: { neverBundle: ['lmdb'] },
  });
  return join(outDir, 'endless-enqueuer.mjs');
}

/** Runs a process until it ends, or kills it once it has said so many lines; returns the lines. */
async function runProgram(
  program: string,
  folder: string,
  round: string,
  killAfter = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  const child = spawn(process.execPath, [program, folder, round], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (lines.length === killAfter) child.kill('SIGKILL');
  }
  if (complaints !== '') throw new Error(`the process complained: ${complaints}`);
  return lines;
}
