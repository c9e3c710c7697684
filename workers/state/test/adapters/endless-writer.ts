// SPDX-License-Identifier: Apache-2.0
// Writes values until it is killed; names on stdout each one that was acknowledged.
import { writeSync } from 'node:fs';
import { createLmdbStateStore } from '../../src/adapters/lmdb.ts';

const [folder, round] = process.argv.slice(2);
const store = await createLmdbStateStore({ folder: folder as string });

async function writeForEver(lane: number): Promise<void> {
  for (let n = 0; ; n += 1) {
    const key = `${round}-${lane}-${n}`;
    await store.change('s', key, () => ({
      decision: { kind: 'put', value: { text: `"${key}"` } },
      result: undefined,
    }));
    writeSync(1, `${key}\n`);
  }
}

await Promise.all(Array.from({ length: 20 }, (_, lane) => writeForEver(lane)));
