// SPDX-License-Identifier: Apache-2.0
import { type CliContext, EXIT } from '../context.ts';
import { CLI_VERSION } from '../version.ts';

/** `iii --version`: the bare number, for scripts. */
export function runVersion(ctx: CliContext): number {
  ctx.stdout.write(`${CLI_VERSION}\n`);
  return EXIT.ok;
}
