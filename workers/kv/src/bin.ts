#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
import { runBin } from '@iii-dev/worker-kit';
import { kvWorker } from './index.ts';

await runBin(kvWorker);
