// SPDX-License-Identifier: Apache-2.0
// The older name of `./stream`.
export type { IStream } from './stream.ts';
