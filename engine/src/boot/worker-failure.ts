// SPDX-License-Identifier: Elastic-2.0
import { ConfigFileError } from './config-file-error.ts';
import type { ResolvedWorker } from './resolve-config.ts';

/** A worker could not be started, and so neither was the engine. */
export class WorkerStartError extends Error {
  override readonly name = 'WorkerStartError';
  readonly code = 'WORKER_START_FAILED';
  readonly worker: string;

  constructor(worker: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`failed to start worker '${worker}': ${reason}`, { cause });
    this.worker = worker;
  }
}

/** The failure in words for the user: with file and line where the config was at fault. */
export function describeStartFailure(worker: ResolvedWorker, error: unknown): Error {
  const { problems } = error as { problems?: unknown };
  if (!isProblemList(problems)) return new WorkerStartError(worker.id, error);
  return new ConfigFileError(
    `failed to start worker '${worker.id}':`,
    problems.map(({ path, message }) => ({
      message,
      place: worker.placeOf(stepsOf(path)),
      hint: null,
    })),
    { cause: error },
  );
}

function isProblemList(value: unknown): value is { path: string; message: string }[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => typeof item?.path === 'string')
  );
}

/** `adapters[0].config.url` → its steps. */
function stepsOf(path: string): (string | number)[] {
  return [...path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, key]) =>
    index === undefined ? (key as string) : Number(index),
  );
}
