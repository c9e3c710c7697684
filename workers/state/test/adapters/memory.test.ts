// SPDX-License-Identifier: Apache-2.0
import { createMemoryStateStore } from '../../src/adapters/memory.ts';
import { stateStoreSuite } from './suite.ts';

stateStoreSuite('memory', async () => ({
  open: async (now) => createMemoryStateStore(now),
  dispose: async () => {},
}));
