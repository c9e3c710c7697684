// SPDX-License-Identifier: Apache-2.0
export { FakeEngine, type FakeEngineOptions, startFakeEngine } from '@iii-dev/client-core/testing';
export { type RecordingLog, recordingLog } from './recording-log.ts';
export { makeTempDir, type TempDir } from './temp-dir.ts';
