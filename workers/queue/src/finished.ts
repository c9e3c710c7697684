// SPDX-License-Identifier: Apache-2.0
import type { Job } from './job.ts';

/** Jobs remembered after they succeeded: an hour of a quiet system, a few megabytes of a busy one. */
const REMEMBERED = 10_000;

/** What is remembered of a job that succeeded. */
export interface FinishedJob {
  readonly lane: string;
  readonly attempts: number;
}

/** The last jobs that succeeded, for those who ask by receipt; not stored. */
export class Finished {
  readonly #jobs = new Map<string, FinishedJob>();

  add({ id, lane, attempts }: Job): void {
    this.#jobs.set(id, { lane, attempts });
    if (this.#jobs.size <= REMEMBERED) return;
    for (const oldest of this.#jobs.keys()) {
      this.#jobs.delete(oldest);
      return;
    }
  }

  find(id: string): FinishedJob | undefined {
    return this.#jobs.get(id);
  }
}
