// SPDX-License-Identifier: Apache-2.0
import { makeTempDir } from '@iii-dev/worker-kit/testing';
import { createLmdbQueueStore } from '../../src/adapters/lmdb.ts';
import { queueStoreSuite } from './suite.ts';

queueStoreSuite('lmdb', async () => {
  const dir = await makeTempDir();
  return {
    store: await createLmdbQueueStore({ folder: dir.path }),
    dispose: () => dir[Symbol.asyncDispose](),
  };
});
