// SPDX-License-Identifier: Apache-2.0
import { createProcessContext } from './process-context.ts';
import { runCli } from './run-cli.ts';

const code = await runCli(process.argv.slice(2), createProcessContext());
// What is still written to a pipe must arrive; an idle socket must not keep the process.
process.exitCode = code;
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
