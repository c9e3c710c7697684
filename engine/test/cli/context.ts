// SPDX-License-Identifier: Apache-2.0
import type { CliContext, StopSignal } from '../../src/cli/context.ts';
import { runCli } from '../../src/cli/run-cli.ts';

/** A context whose streams are kept and whose signals the test sends. */
export class FakeContext implements CliContext {
  readonly env: Readonly<Record<string, string | undefined>> = {};
  readonly now = (): Date => new Date(0);
  out = '';
  err = '';
  readonly exits: number[] = [];
  answer: string | null = null;
  isTTY = false;
  #listener: ((signal: StopSignal) => void) | undefined;

  constructor(readonly cwd: string = '/nowhere') {}

  get stdin() {
    return { isTTY: this.isTTY, readLine: async () => this.answer };
  }

  get stdout() {
    return {
      isTTY: this.isTTY,
      write: (text: string) => {
        this.out += text;
      },
    };
  }

  get stderr() {
    return {
      isTTY: this.isTTY,
      write: (text: string) => {
        this.err += text;
      },
    };
  }

  onSignal(listener: (signal: StopSignal) => void): () => void {
    this.#listener = listener;
    return () => {
      this.#listener = undefined;
    };
  }

  send(signal: StopSignal): void {
    this.#listener?.(signal);
  }

  exitNow(code: number): void {
    this.exits.push(code);
  }
}

/** Runs a command line and returns all that came of it. */
export async function run(argv: string[], context = new FakeContext()) {
  const code = await runCli(argv, context);
  return { code, out: context.out, err: context.err };
}

/** Waits for a condition, with an end. */
export async function until(
  isTrue: () => boolean,
  what: string,
  deadlineMs = 10_000,
): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!isTrue()) {
    if (Date.now() > end) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
