// SPDX-License-Identifier: Elastic-2.0
import { createServer } from 'node:net';
import { registerWorker } from 'iii-sdk';
import { describe, expect, test } from 'vitest';
import { startTestEngine } from '../../src/testing/index.ts';
import { messageOfPromise } from './read.ts';

const QUIET = { otel: { enabled: false }, enableMetricsReporting: false } as const;

describe('an engine with inline workers', () => {
  test('serves state and HTTP under names of both kinds', async () => {
    await using engine = await startTestEngine({ workers: ['http', 'iii-state'] });
    const iii = registerWorker(engine.url, QUIET);
    await iii.trigger({ function_id: 'state::set', payload: { scope: 's', key: 'k', value: 7 } });
    const request = { function_id: 'state::get', payload: { scope: 's', key: 'k' } };
    expect(await iii.trigger(request)).toBe(7);
    expect((await fetch(`${engine.httpUrl}/none`)).status).toBe(404);
    expect(engine.engine.ports).toMatchObject({
      engine: expect.any(Number),
      http: expect.any(Number),
    });
    await iii.shutdown();
  });

  test('keeps acknowledged state over a restart', async () => {
    await using first = await startTestEngine({});
    const dataDir = first.dataDir;
    const workers = [
      {
        name: 'iii-state',
        config: { adapter: { name: 'kv', config: { store_method: 'file_based' } } },
      },
    ];
    for (const [index, expected] of [undefined, 0].entries()) {
      await using engine = await startTestEngine({ workers, dataDir });
      const iii = registerWorker(engine.url, QUIET);
      const at = { scope: 's', key: 'k' };
      expect(await iii.trigger({ function_id: 'state::get', payload: at })).toBe(expected);
      await iii.trigger({ function_id: 'state::set', payload: { ...at, value: index } });
      await iii.shutdown();
    }
  });
});

describe('a start that fails', () => {
  test('says which config key of which worker is wrong, and where', async () => {
    const start = startTestEngine({ workers: [{ name: 'iii-http', config: { prot: 1 } }] });
    expect(await messageOfPromise(start)).toMatch(
      /^failed to start worker 'iii-http': unknown key "prot"; did you mean "port\?*"\? \(\(config\):\d+:\d+\)$/,
    );
  });

  test('names the port a worker wanted and leaves the worker port free again', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const message = await messageOfPromise(
      startTestEngine({ workers: [{ name: 'iii-http', config: { port } }] }),
    );
    taken.close();
    expect(message).toContain("failed to start worker 'iii-http'");
    expect(message).toContain(`127.0.0.1:${port} is already in use`);
  });
});

test('a worker that is not in this build is one warning and no error', async () => {
  await using engine = await startTestEngine({ workers: ['iii-stream', 'iii-exec'] });
  const warnings = engine.logLines.filter((line) => line.includes(' WARN '));
  expect(warnings).toHaveLength(2);
  expect(warnings[0]).toContain("Worker 'iii-stream' is not part of this build yet: ");
});

test('a stop lets a call in hand finish, and may be asked for twice', async () => {
  await using engine = await startTestEngine();
  const provider = registerWorker(engine.url, { ...QUIET, workerName: 'provider' });
  let isCalled = (): void => {};
  const called = new Promise<void>((resolve) => {
    isCalled = resolve;
  });
  provider.registerFunction('slow::work', async () => {
    isCalled();
    await new Promise((resolve) => setTimeout(resolve, 200));
    return 'done';
  });
  const caller = registerWorker(engine.url, { ...QUIET, workerName: 'caller' });
  await provider.trigger({ function_id: 'engine::workers::list', payload: {} });
  const answer = caller.trigger({ function_id: 'slow::work', payload: {} });
  await called;
  await Promise.all([engine.engine.stop(), engine.engine.stop()]);
  expect(await answer).toBe('done');
  await Promise.all([provider.shutdown(), caller.shutdown()]);
});
