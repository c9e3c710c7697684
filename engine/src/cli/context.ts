// SPDX-License-Identifier: Apache-2.0

/** What a command may touch: it never reaches for `process` or `console` itself. */
export interface CliContext {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: CliInput;
  /** Data for machines: results, help, version. */
  readonly stdout: CliOutput;
  /** Words for people: progress, warnings, errors. */
  readonly stderr: CliOutput;
  readonly now: () => Date;
  /** Calls `listener` for SIGINT and SIGTERM until the returned function is called. */
  onSignal(listener: (signal: StopSignal) => void): () => void;
  /** Ends the process at once, without waiting for anything. */
  exitNow(code: number): void;
}

export type StopSignal = 'SIGINT' | 'SIGTERM';

export interface CliOutput {
  readonly isTTY: boolean;
  write(text: string): void;
}

export interface CliInput {
  readonly isTTY: boolean;
  /** The next line typed, or null at the end of the input. */
  readLine(): Promise<string | null>;
}

/** Exit codes of every command. */
export const EXIT = { ok: 0, failed: 1, usage: 2, SIGINT: 130, SIGTERM: 143 } as const;

/** The command line cannot be understood; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
