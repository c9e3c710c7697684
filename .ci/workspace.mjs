// SPDX-License-Identifier: Apache-2.0
/** The packages of this repository, read from disk. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const SKIPPED = new Set(['node_modules', 'dist', 'data', '.git', '.turbo']);

/** Folders (relative to `base`) and manifests of all packages below it; packages do not nest. */
export async function readWorkspace(base = root) {
  const packages = [];
  async function visit(folder) {
    const entries = await readdir(join(base, folder), { withFileTypes: true });
    if (folder !== '' && entries.some((entry) => entry.name === 'package.json')) {
      const manifest = JSON.parse(await readFile(join(base, folder, 'package.json'), 'utf8'));
      packages.push({ folder, manifest });
      return;
    }
    for (const entry of entries) {
      if (!entry.isDirectory() || SKIPPED.has(entry.name) || entry.name.startsWith('.')) continue;
      await visit(folder === '' ? entry.name : `${folder}/${entry.name}`);
    }
  }
  await visit('');
  return packages.sort((a, b) => a.folder.localeCompare(b.folder));
}
