#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
import { runBin } from '@iii-dev/worker-kit';
import { httpWorker } from './index.ts';

await runBin(httpWorker);
