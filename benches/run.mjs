// SPDX-License-Identifier: Apache-2.0
/**
 * `pnpm bench [name…]`: runs the workloads of `wire/` one after another, prints a table of ratios
 * and appends one JSON line per row to `results/bench.jsonl`.
 */
import { appendFile, mkdir, readdir } from 'node:fs/promises';
import { cpus } from 'node:os';
import { basename, join } from 'node:path';

const here = import.meta.dirname;
const results = join(here, '../results');
const rounds = Number(process.env.III_BENCH_ROUNDS || 5);
const wanted = process.argv.slice(2).filter((name) => name !== '--');
const files = (await readdir(join(here, 'wire'))).filter((file) => file.endsWith('.mjs')).sort();

await mkdir(results, { recursive: true });
const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length };
const table = [];
for (const file of files) {
  const bench = basename(file, '.mjs');
  if (wanted.length > 0 && !wanted.includes(bench)) continue;
  console.error(`── ${bench}`);
  const { run } = await import(join(here, 'wire', file));
  let rows;
  try {
    rows = await run({ rounds });
  } catch (error) {
    console.error(`${bench}: ${error.message}`);
    process.exitCode = 1;
    continue;
  }
  for (const row of rows) {
    const line = { at: new Date().toISOString(), bench, ...row, ...machine };
    await appendFile(join(results, 'bench.jsonl'), `${JSON.stringify(line)}\n`);
    table.push(show(row));
  }
}
console.table(table);

function show({ name, ours, theirs, unit, against }) {
  const format = (value) =>
    `${value >= 100 ? Math.round(value) : value.toFixed(value < 10 ? 2 : 1)} ${unit}`;
  return {
    name,
    engine: format(ours),
    other: theirs === undefined ? '' : `${format(theirs)} (${against})`,
    ratio: theirs === undefined ? '' : (ours / theirs).toFixed(2),
  };
}
