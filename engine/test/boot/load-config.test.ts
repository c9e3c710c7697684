// SPDX-License-Identifier: Elastic-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: files hold placeholders
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createStarterConfig, loadConfig } from '../../src/boot/load-config.ts';
import { messageOf } from './read.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iii-load-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const load = (path: string, cwd = folder) => loadConfig(path, { cwd, env: {}, engineVersion: '1' });

test('a file that is not there is named (config-file:4)', () => {
  expect(messageOf(() => load('gone.yaml'))).toMatch(/^Config file not found: 'gone\.yaml'\./);
});

test('a file that cannot be read is named', () => {
  expect(messageOf(() => load('.'))).toMatch(/^Failed to read config file '\.': /);
});

test('the starter file loads, and one that exists is never written over (config-file:23)', async () => {
  createStarterConfig('c.yaml', folder);
  expect(load('c.yaml').workers).toEqual([]);
  await writeFile(join(folder, 'c.yaml'), 'port: 1\n');
  expect(messageOf(() => createStarterConfig('c.yaml', folder))).toContain(
    "failed to create config file 'c.yaml'",
  );
  expect(await readFile(join(folder, 'c.yaml'), 'utf8')).toBe('port: 1\n');
});

test('data lies beside the file, wherever the engine is started', async () => {
  await writeFile(join(folder, 'c.yaml'), 'workers:\n  - name: iii-state\n');
  const config = load(join(folder, 'c.yaml'), tmpdir());
  expect(config.workers[0]?.dataDir).toBe(join(folder, 'data', 'iii-state'));
});

test('the fixture of the newest SDKs loads (config-file:30)', async () => {
  const text = `workers:
  - name: iii-worker-manager
    config: { port: 49199 }
  - name: iii-worker-manager
    config:
      port: 49135
      middleware_function_id: test::middleware
      rbac:
        expose_functions: [ match("test::ew::public::*") ]
  - name: iii-stream
    config: { port: 3112, adapter: { name: kv, config: { store_method: file_based, file_path: ./data/stream } } }
  - name: iii-state
    config: { adapter: { name: kv, config: { store_method: file_based, file_path: ./data/state } } }
  - name: iii-http
    config: { port: 3199, host: 0.0.0.0 }
  - name: iii-pubsub
    config: { adapter: { name: local } }
  - name: iii-observability
    config: { enabled: "\${OTEL_ENABLED:true}", level: \${LOG_LEVEL:warn}, service_version: "\${V:__III_ENGINE_VERSION__}" }
  - name: iii-http-functions
    config: { security: { url_allowlist: [localhost, 127.0.0.1], block_private_ips: false, require_https: false } }
  - name: iii-cron
    config: { adapter: { name: kv } }
`;
  await writeFile(join(folder, 'c.yaml'), text);
  const config = load('c.yaml');
  expect(config.listeners.map(({ port }) => port)).toEqual([49_199]);
  expect(config.workers.map(({ id }) => id)).toEqual([
    'iii-state',
    'iii-http',
    'iii-pubsub',
    'iii-cron',
  ]);
  expect(config.log).toEqual({ level: 'warn', format: 'default' });
  expect(config.warnings).toHaveLength(4);
});
