// SPDX-License-Identifier: Apache-2.0
import { openStore, type StoreFailedError } from '@iii-dev/worker-kit';
import type { QueueStore } from '../store.ts';
import { RowQueueStore } from './rows.ts';

/** How the durable store is opened. */
export interface LmdbQueueStoreOptions {
  readonly folder: string;
  onFailure?(error: StoreFailedError): void;
}

/** Opens the store that keeps every job on disk; a job is acknowledged when it is there. */
export async function createLmdbQueueStore(options: LmdbQueueStoreOptions): Promise<QueueStore> {
  const { folder, onFailure } = options;
  const format = 'iii-queue 1';
  const texts = await openStore(folder, { format, ...(onFailure ? { onFailure } : {}) });
  return new RowQueueStore(texts, true);
}
