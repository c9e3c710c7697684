// SPDX-License-Identifier: Apache-2.0
import { startFakeEngine } from '@iii-dev/client-core/testing';
import { resolveConfig, runWorker } from '@iii-dev/worker-kit';
import { makeTempDir, recordingLog } from '@iii-dev/worker-kit/testing';
import { describe, expect, it } from 'vitest';
import { cronWorker } from '../src/index.ts';
import { EVERY_SECOND, start } from './start-cron.ts';

describe('settings while it runs', () => {
  it('cron:C12 cron:C13 cron:C14 stores the first, follows edits, and keeps the jobs', async () => {
    const values: { stored?: unknown; registered?: unknown } = {};
    await using cron = await start({ adapter: { name: 'local' } });
    const { engine } = cron;
    engine.serve('configuration::get', () => ({ value: values.stored ?? null }));
    engine.serve('configuration::register', (data) => {
      values.registered = data;
      values.stored ??= (data as { initial_value: unknown }).initial_value;
    });
    await engine.waitFor(() => values.registered !== undefined, 'the registration');
    expect(values.registered).toMatchObject({
      id: 'iii-cron',
      name: 'Cron',
      initial_value: { adapter: { name: 'kv' } },
    });
    cron.serve('jobs::x', () => new Promise(() => {}));
    await cron.bind('a', EVERY_SECOND);
    values.stored = { run_timeout_ms: 1 };
    expect(await engine.call('iii-cron::on-config-change', {})).toEqual({ ok: true });
    await cron.clock.advance(500);
    await engine.waitFor(
      () => cron.log.records.some(({ message }) => message === 'Cron job execution failed'),
      'the new limit',
    );
    expect(await cron.settled()).toMatchObject({ jobs: [{ job_id: 'a' }] });
    // C16: what does not fit leaves the last good settings.
    values.stored = { adapter: { name: 'nope' } };
    expect(await engine.call('iii-cron::on-config-change', {})).toEqual({ ok: true });
    expect(await cron.settled()).toMatchObject({ jobs: [{ job_id: 'a' }] });
  });
});

describe('config', () => {
  const read = (config: unknown) =>
    resolveConfig(cronWorker.config, config, { worker: 'iii-cron' });

  it('cron:C12 takes what the original takes', () => {
    expect(read({})).toMatchObject({
      storage: { kind: 'files', folder: undefined },
      hasChosenAdapter: false,
      weekdays: 'posix',
      runTimeoutMs: 3_600_000,
    });
    for (const name of ['kv', 'local', 'modules::cron::KvCronAdapter']) {
      expect(read({ adapter: { name } })).toMatchObject({ hasChosenAdapter: true });
    }
    const config = { lock_ttl_ms: 1, lock_index: 'x', save_interval_ms: 100, file_path: 'd' };
    expect(read({ adapter: { name: 'kv', config } })).toMatchObject({ storage: { folder: 'd' } });
  });

  it.each([
    { adapter: { name: 'nope' } },
    { adapter: { name: 'kv', config: { store_method: 'weird' } } },
    { adapter: { name: 'kv', x: 1 } },
    { x: 1 },
    { weekdays: 'x' },
  ])('cron:C15 refuses %j', (config) => {
    expect(() => read(config)).toThrow();
  });

  it('cron:C18 cron:C11 on disk, it runs and says how far claims reach', async () => {
    await using dir = await makeTempDir();
    const engine = await startFakeEngine();
    const log = recordingLog();
    const worker = await runWorker(cronWorker, {
      connect: { url: engine.address },
      config: { adapter: { name: 'kv' } },
      dataDir: dir.path,
      log,
    });
    const bound = { trigger_type: 'cron', function_id: 'jobs::x', config: EVERY_SECOND };
    await engine.bind(bound);
    await engine.waitForFrame('invokefunction', (frame) => frame.function_id === 'jobs::x');
    expect(log.records[0]?.message).toContain('KvCronAdapter uses process-local locks');
    await worker.close();
    await worker.close();
    await engine.close();
  });
});
