// SPDX-License-Identifier: Apache-2.0
import { Console } from 'node:console';
import { createProcessContext } from './process-context.ts';
import { runCli } from './run-cli.ts';

// stdout is for results alone: what a library prints is for people, and its chatter for nobody.
globalThis.console = new Console(process.stderr, process.stderr);
console.debug = () => {};

const code = await runCli(process.argv.slice(2), createProcessContext());
// What is still written to a pipe must arrive; an idle socket must not keep the process.
process.exitCode = code;
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
