// SPDX-License-Identifier: Apache-2.0
import { createMemoryQueueStore } from '../../src/adapters/memory.ts';
import { queueStoreSuite } from './suite.ts';

queueStoreSuite('memory', async () => ({
  store: createMemoryQueueStore(),
  dispose: () => Promise.resolve(),
}));
