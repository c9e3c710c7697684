// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Values of every entry; entries of types alone have none. A change here is a decision. */
const VALUES: Record<string, string[]> = {
  '.': [
    'DEFAULT_ENGINE_URL',
    'InvocationError',
    'RegistrationRejectedError',
    'TriggerAction',
    'registerWorker',
  ],
  './channel': ['ChannelReader', 'ChannelWriter'],
  './compat': [
    'ChannelReader',
    'ChannelWriter',
    'EngineFunctions',
    'EngineTriggers',
    'IIIInvocationError',
    'InvocationError',
    'Logger',
    'TriggerAction',
    'getContext',
    'http',
    'init',
    'registerWorker',
    'withContext',
  ],
  './engine': ['EngineFunctions', 'EngineTriggers'],
  './errors': ['InvocationError', 'RegistrationRejectedError', 'isErrorBody'],
  './helpers': [
    'ChannelDirection',
    'ChannelItem',
    'createChannel',
    'createStream',
    'extractChannelRefs',
    'isChannelRef',
  ],
  './internal': ['Payload', 'createSocketTransport', 'rawCalls', 'registerWorkerOver'],
  './protocol': ['MessageType'],
  './runtime': [],
  './state': ['StateEventType'],
  './stream': [],
  './streams': [],
  './trigger': [],
};
const entries = Object.keys(VALUES);

test('the export map has these keys, in the workspace and as published', () => {
  const keys = [...entries, './package.json'].sort();
  expect(Object.keys(manifest.exports).sort()).toEqual(keys);
  expect(Object.keys(manifest.publishConfig.exports).sort()).toEqual(keys);
  expect(JSON.stringify(manifest.publishConfig)).not.toContain('iii-source');
});

test.each(entries)('%s offers these values', async (entry) => {
  const module = await import(/* @vite-ignore */ join(root, manifest.exports[entry]['iii-source']));
  expect(Object.keys(module).sort()).toEqual(VALUES[entry]);
});

test('names on the wire are these', async () => {
  const { EngineFunctions, EngineTriggers } = await import('../src/engine.ts');
  const { MessageType } = await import('../src/protocol.ts');
  const { StateEventType } = await import('../src/state.ts');
  expect(Object.values(EngineFunctions)).toEqual([
    'engine::functions::list',
    'engine::functions::info',
    'engine::workers::list',
    'engine::workers::info',
    'engine::triggers::list',
    'engine::triggers::info',
    'engine::registered-triggers::list',
    'engine::registered-triggers::info',
    'engine::workers::register',
    'engine::channels::create',
    'engine::log::info',
    'engine::log::warn',
    'engine::log::error',
    'engine::log::debug',
  ]);
  expect(Object.values(EngineTriggers)).toEqual([
    'engine::functions-available',
    'engine::workers-available',
    'log',
  ]);
  expect(Object.values(MessageType).sort()).toEqual([
    'invocationresult',
    'invokefunction',
    'reattach',
    'registerfunction',
    'registertrigger',
    'registertriggertype',
    'registrationrejected',
    'triggerregistrationresult',
    'unregisterfunction',
    'unregistertrigger',
    'unregistertriggertype',
    'workerregistered',
  ]);
  expect(Object.values(StateEventType)).toEqual([
    'state:created',
    'state:updated',
    'state:deleted',
  ]);
});

// `pnpm test` builds first; a bare vitest run in a fresh clone has nothing to look at.
describe.skipIf(!existsSync(join(root, 'dist/index.mjs')))('the built package', () => {
  const node = (...args: string[]) =>
    execFileSync(process.execPath, args, {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '' },
    }).trim();

  test('ships every file it names', () => {
    const named = JSON.stringify(manifest.publishConfig.exports).match(/\.\/dist\/[^"]+/g) ?? [];
    for (const file of [...named, manifest.main, manifest.module, manifest.types]) {
      expect(existsSync(join(root, file)), file).toBe(true);
    }
  });

  test.each(entries)('%s gives the same values to require and import', (entry) => {
    const name = `iii-sdk${entry.slice(1)}`;
    const list = (module: string) =>
      `console.log(JSON.stringify(Object.keys(${module}).filter((k) => k !== 'default').sort()))`;
    const required = node('-e', list(`require(${JSON.stringify(name)})`));
    const imported = node(
      '--input-type=module',
      '-e',
      list(`await import(${JSON.stringify(name)})`),
    );
    expect(JSON.parse(required)).toEqual(VALUES[entry]);
    expect(JSON.parse(imported)).toEqual(VALUES[entry]);
  });

  test('bundles what is private here', () => {
    const dist = join(root, 'dist');
    const importing = readdirSync(dist).filter((file) =>
      /(from|require\()\s*['"]@iii-dev\//.test(readFileSync(join(dist, file), 'utf8')),
    );
    expect(importing).toEqual([]);
  });
});
