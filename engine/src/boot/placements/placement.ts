// SPDX-License-Identifier: Elastic-2.0
import type { ResolvedWorker } from '../resolve-config.ts';
import type { BootLog } from '../stderr-log.ts';

/** A worker the engine has started, wherever it runs. */
export interface PlacedWorker {
  readonly id: string;
  readonly builtin: string;
  /** Addresses it listens on, by purpose. */
  readonly ports: Readonly<Record<string, number>>;
  /** Lets it finish and store; past the deadline it is ended. May be called twice. */
  close(deadlineMs: number): Promise<void>;
  /** Ends it at once, without waiting. */
  terminate(): void;
}

/** What a placement needs to start a worker. */
export interface PlaceRequest {
  readonly worker: ResolvedWorker;
  /** `ws://127.0.0.1:49134`. */
  readonly engineUrl: string;
  readonly configPath: string | null;
  /** What a process shows when it connects, so that it counts as part of the engine. */
  readonly builtInToken: string;
  readonly log: BootLog;
}

/** Settles as `work` does, or false when the deadline is first; the work itself goes on. */
export async function within(deadlineMs: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), deadlineMs);
  });
  try {
    return await Promise.race([work.then(() => true as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
