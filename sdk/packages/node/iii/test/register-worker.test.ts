// SPDX-License-Identifier: Apache-2.0
import { startFakeEngine } from '@iii-dev/client-core/testing';
import { type IIIClient, type InitOptions, registerWorker, TriggerAction } from 'iii-sdk';
import { createStream } from 'iii-sdk/helpers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAnnouncement } from '../src/announcement.ts';
import { resolveAddress, resolveOptions } from '../src/options.ts';

const clients: IIIClient[] = [];
const start = (address: string, options: InitOptions = {}) => {
  const iii = registerWorker(address, { logger: silent, ...options });
  clients.push(iii);
  return iii;
};
const silent = { debug: () => {}, warn: () => {}, error: () => {} };

beforeEach(() => {
  for (const name of ['III_URL', 'III_NAMESPACE', 'III_WORKER_NAME']) vi.stubEnv(name, '');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(clients.splice(0).map((iii) => iii.shutdown({ drainTimeoutMs: 0 })));
});

test('the address is the argument, else III_URL, else the default', () => {
  expect(resolveAddress('ws://a:1', { III_URL: 'ws://b:2' })).toBe('ws://a:1');
  expect(resolveAddress(undefined, { III_URL: 'ws://b:2' })).toBe('ws://b:2');
  expect(resolveAddress(undefined, { III_URL: '' })).toBe('ws://127.0.0.1:49134');
});

test('the announcement says who the worker is', () => {
  const announce = (options: InitOptions, env: Record<string, string> = {}) =>
    createAnnouncement(resolveOptions(options, env).identity)();
  expect(announce({})).toMatchObject({
    runtime: 'node',
    name: expect.stringMatching(/:\d+$/),
    pid: process.pid,
    isolation: null,
    telemetry: { framework: 'iii-node', project_name: expect.any(String) },
  });
  expect(announce({})).not.toHaveProperty('namespace');
  expect(announce({})).not.toHaveProperty('description');
  expect(
    announce(
      {
        workerName: 'w',
        workerDescription: 'd',
        namespace: 'n',
        telemetry: { language: 'de', project_name: 'p', framework: ' f ', amplitude_api_key: 'k' },
      },
      { III_WORKER_NAME: 'e', III_ISOLATION: 'vm' },
    ),
  ).toMatchObject({
    name: 'w',
    description: 'd',
    namespace: 'n',
    isolation: 'vm',
    telemetry: { language: 'de', project_name: 'p', framework: 'f', amplitude_api_key: 'k' },
  });
  expect(
    announce({}, { III_WORKER_NAME: 'e', III_NAMESPACE: 'en', III_ISOLATION: '' }),
  ).toMatchObject({ name: 'e', namespace: 'en', isolation: null });
});

test('a blank namespace throws as an option and counts as unset in the environment', () => {
  expect(() => registerWorker('ws://127.0.0.1:1', { namespace: ' ' })).toThrow(
    /namespace is empty/,
  );
  expect(resolveOptions({}, { III_NAMESPACE: ' ' }).client.namespace).toBeUndefined();
});

test('headers go with the upgrade, and the announcement names the real namespace', async () => {
  await using engine = await startFakeEngine();
  start(engine.address, { headers: { 'x-token': 's' }, namespace: 'team' });
  const connection = await engine.waitForConnection();
  expect(connection.headers['x-token']).toBe('s');
  const announcement = connection.frames[0];
  expect(announcement).toMatchObject({ type: 'invokefunction', namespace: 'default' });
  expect(announcement?.type === 'invokefunction' && announcement.data.value).toMatchObject({
    namespace: 'team',
    capabilities: ['registration_outcome', 'cancel'],
  });
});

test('what tools read on the console is there', async () => {
  const debug = vi.spyOn(console, 'debug').mockImplementation(() => {});
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  await using engine = await startFakeEngine();
  const iii = registerWorker(engine.address);
  clients.push(iii);
  await iii.ready();
  const { id } = iii.registerTrigger({ type: 'http', function_id: 'f', config: {} });
  await engine.waitForFrame('registertrigger');
  engine.connection.send({
    type: 'triggerregistrationresult',
    id,
    trigger_type: 'http',
    function_id: 'f',
    error: { code: 'trigger_registration_failed', message: 'conflict' },
  });
  await vi.waitFor(() => expect(error).toHaveBeenCalledTimes(1));
  expect(error).toHaveBeenCalledWith(
    `[iii] Trigger registration failed for "${id}" (http): conflict`,
  );
  expect(debug).toHaveBeenCalledWith(
    `[iii] Worker registered with ID: ${engine.connection.workerId}`,
  );
  vi.restoreAllMocks();
});

test('text that is no frame is reported and skipped', async () => {
  await using engine = await startFakeEngine();
  engine.serve('echo', (data) => data);
  const errors: string[] = [];
  const iii = start(engine.address, {
    logger: { ...silent, error: (message) => errors.push(message) },
  });
  await iii.ready();
  engine.connection.sendText('not json');
  engine.connection.sendText('{"type":"from_the_future"}');
  expect(await iii.trigger({ function_id: 'echo', payload: 1 })).toBe(1);
  expect(errors).toHaveLength(1);
  expect(errors[0]).toMatch(/^\[iii\] Failed to parse incoming message/);
});

describe('the client', () => {
  test('may be taken apart, and has no channel members', async () => {
    await using engine = await startFakeEngine();
    const iii = start(engine.address);
    const { registerFunction, shutdown } = iii;
    registerFunction('f', async ({ n }: { n: number }) => n * 2);
    expect(await engine.call('f', { n: 4 })).toBe(8);
    expect(iii).not.toHaveProperty('createChannel');
    expect(iii).not.toHaveProperty('createStream');
    expect(Object.keys(iii)).toContain('trigger');
    await shutdown();
  });

  test('joins the frames of one turn and keeps their order', async () => {
    await using engine = await startFakeEngine();
    const iii = start(engine.address);
    await iii.ready();
    const big = 'x'.repeat(50_000);
    for (let n = 0; n < 200; n += 1) {
      const payload = n % 10 === 0 ? { n, big } : { n };
      void iii.trigger({ function_id: 'f', payload, action: TriggerAction.Void() });
    }
    const all = await engine.waitFor(() => {
      const sent = engine.framesOf('invokefunction').filter((f) => f.function_id === 'f');
      return sent.length === 200 && sent;
    });
    expect(all.map((f) => (f.data.value as { n: number }).n)).toEqual(
      Array.from({ length: 200 }, (_, n) => n),
    );
  });

  test('sends what was said last before it closes', async () => {
    await using engine = await startFakeEngine();
    const iii = start(engine.address);
    await iii.ready();
    void iii.trigger({ function_id: 'last', action: TriggerAction.Void() });
    await iii.shutdown();
    await engine.waitForFrame('invokefunction', (f) => f.function_id === 'last');
  });
});

test('TriggerAction makes the actions of the wire', () => {
  expect(TriggerAction.Void()).toEqual({ type: 'void' });
  expect(TriggerAction.Enqueue({ queue: 'q' })).toEqual({ type: 'enqueue', queue: 'q' });
});

test('createStream serves a stream by name, update included where there is one', async () => {
  await using engine = await startFakeEngine();
  const iii = start(engine.address);
  const stream = {
    items: new Map<string, unknown>([['a', 1]]),
    async get({ item_id }: { item_id: string }) {
      return this.items.get(item_id);
    },
    set: async () => null,
    delete: async () => ({}),
    list: async () => [],
    listGroups: async () => ['g'],
    update: async () => null,
  };
  createStream(iii, 'todo', stream);
  expect(
    await engine.call('stream::get(todo)', { stream_name: 'todo', group_id: 'g', item_id: 'a' }),
  ).toBe(1);
  expect(await engine.call('stream::list_groups(todo)', {})).toEqual(['g']);
  expect(engine.functionIds).toContain('stream::update(todo)');
});
