// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { findWrongArrows, importsOf } from '../arrows.mjs';

const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** A workspace of the given files; `package.json` texts may be objects. */
async function workspace(files: Record<string, string | object>): Promise<string> {
  const base = await mkdtemp(join(tmpdir(), 'iii-arrows-'));
  folders.push(base);
  const named = {
    'protocol/package.json': { name: '@iii-dev/protocol' },
    'engine/package.json': {
      name: 'iii',
      devDependencies: { '@iii-dev/protocol': '*', '@iii-dev/worker-state': '*' },
    },
    'workers/state/package.json': { name: '@iii-dev/worker-state' },
    ...files,
  };
  for (const [path, content] of Object.entries(named)) {
    await mkdir(dirname(join(base, path)), { recursive: true });
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    await writeFile(join(base, path), text);
  }
  return base;
}

test('an arrow of the table is fine', async () => {
  const base = await workspace({
    'engine/src/hub/a.ts': "import type { Frame } from '@iii-dev/protocol';",
    'engine/src/boot/b.ts': "const state = await import('@iii-dev/worker-state');",
  });
  expect(await findWrongArrows(base)).toEqual([]);
});

test.each([
  ['engine/src/hub/a.ts', "import s from '@iii-dev/worker-state';", 'arrow the wrong way'],
  ['engine/src/hub/a.ts', "import { x } from '../listener/x.ts';", 'hub → listener'],
  ['engine/src/hub/a.ts', "import { x } from '../../../protocol/src/x.ts';", 'leaves its package'],
  ['engine/src/hub/a.ts', "import x from '@iii-dev/protocol/src/x.ts';", 'reaches into'],
  ['engine/src/hub/a.ts', "import _ from 'lodash';", 'is not declared in engine/package.json'],
  ['engine/src/hub/a.ts', "import fs from 'fs';", "needs the 'node:' prefix"],
  ['engine/src/index.ts', "export * from './testing/index.ts';", 'is for tests'],
  ['workers/state/src/a.ts', "import { Hub } from 'iii';", 'arrow the wrong way'],
  ['protocol/src/a.ts', "import fs from 'node:fs';", 'runs in a browser'],
])('%s with %s is refused', async (file, text, reason) => {
  const problems = await findWrongArrows(await workspace({ [file]: text }));
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(reason);
});

test('a cycle through dev dependencies is refused', async () => {
  const base = await workspace({
    'workers/state/package.json': { name: '@iii-dev/worker-state', devDependencies: { iii: '*' } },
  });
  expect(await findWrongArrows(base)).toEqual(['cycle: iii → @iii-dev/worker-state → iii']);
});

test('imports are found over several lines and not in docblocks', () => {
  const text = [
    '/**',
    " * import { no } from 'docblock';",
    ' */',
    'import {',
    '  a,',
    "} from 'several';",
    "import 'bare';",
    "export { b } from './b.ts';",
    "// await import('comment')",
    "const c = await import('dynamic');",
  ].join('\n');
  expect(importsOf(text).sort()).toEqual(['./b.ts', 'bare', 'dynamic', 'several']);
});
