// SPDX-License-Identifier: Apache-2.0
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Runs a generator of `peers/` to its end; resolves to the one message it sent. */
export async function runGenerator(name, options) {
  const child = fork(join(import.meta.dirname, '../peers', `${name}.mjs`), [
    JSON.stringify(options),
  ]);
  let answer;
  child.on('message', (message) => {
    answer = message;
  });
  const [code] = await once(child, 'exit');
  if (code !== 0 || !answer) throw new Error(`${name} ended with ${code}`);
  return answer;
}
