// SPDX-License-Identifier: Apache-2.0
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../src/config.ts';
import { defineWorker } from '../src/define-worker.ts';
import { runWorker } from '../src/run-worker.ts';
import { recordingLog, startFakeEngine } from '../src/testing/index.ts';

function echoWorker(onClose: () => void = () => {}) {
  return defineWorker({
    name: 'iii-echo',
    description: 'Echoes.',
    config: v.strictObject({ prefix: v.optional(v.string(), '>') }),
    async start({ iii, config }) {
      iii.registerFunction('echo::say', (data) => config.prefix + data.text);
      return { close: async () => onClose() };
    },
  });
}

describe('a started worker', () => {
  it('is registered when it says that it runs, and closes once', async () => {
    await using engine = await startFakeEngine();
    let closed = 0;
    const definition = echoWorker(() => {
      closed += 1;
    });
    const common = { config: undefined, dataDir: '/nowhere', log: recordingLog() };
    const worker = await runWorker(definition, { ...common, connect: { url: engine.address } });
    expect(worker.name).toBe('iii-echo');
    expect(engine.functionIds).toEqual(['echo::say']);
    expect(await engine.call('echo::say', { text: 'hi' })).toBe('>hi');
    await Promise.all([worker.close(), worker.close()]);
    expect(closed).toBe(1);
    await engine.waitFor(() => engine.connection.isClosed);
  });

  it('never connects with a config that does not fit', async () => {
    await using engine = await startFakeEngine();
    const options = { config: { prefx: 1 }, dataDir: '/nowhere', log: recordingLog() };
    const started = runWorker(echoWorker(), { ...options, connect: { url: engine.address } });
    await expect(started).rejects.toThrow(ConfigError);
    expect(engine.connections).toEqual([]);
  });

  it('leaves no connection behind when it cannot start', async () => {
    await using engine = await startFakeEngine();
    const definition = defineWorker({
      ...echoWorker(),
      start: async ({ iii }) => {
        await iii.ready();
        throw new Error('no disk');
      },
    });
    const options = { config: {}, dataDir: '/nowhere', log: recordingLog() };
    const started = runWorker(definition, { ...options, connect: { url: engine.address } });
    await expect(started).rejects.toThrow('no disk');
    await engine.waitFor(() => engine.connection.isClosed);
  });
});
