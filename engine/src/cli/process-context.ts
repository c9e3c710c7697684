// SPDX-License-Identifier: Apache-2.0
import type { CliContext, CliOutput, StopSignal } from './context.ts';

const SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];

/** The context of a real process. */
export function createProcessContext(): CliContext {
  return {
    cwd: process.cwd(),
    env: process.env,
    stdin: { isTTY: process.stdin.isTTY === true, readLine },
    stdout: outputOf(process.stdout),
    stderr: outputOf(process.stderr),
    now: () => new Date(),
    onSignal(listener) {
      for (const signal of SIGNALS) process.on(signal, listener);
      return () => {
        for (const signal of SIGNALS) process.off(signal, listener);
      };
    },
    exitNow: (code) => process.exit(code),
  };
}

function outputOf(stream: NodeJS.WriteStream): CliOutput {
  // A reader that went away (`iii trigger … | head`) is no failure of ours.
  stream.on('error', () => {});
  return { isTTY: stream.isTTY === true, write: (text) => void stream.write(text) };
}

async function readLine(): Promise<string | null> {
  const { createInterface } = await import('node:readline');
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) return line; // leaving the loop closes the interface
  return null;
}
