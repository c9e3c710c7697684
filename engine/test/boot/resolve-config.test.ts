// SPDX-License-Identifier: Elastic-2.0
import { describe, expect, test } from 'vitest';
import { resolveConfigValue, STARTER_CONFIG } from '../../src/boot/load-config.ts';
import { messageOf, resolved } from './read.ts';

const LEGACY = `port: 49199
modules:
  - class: modules::stream::StreamModule
    config: { port: \${STREAMS_PORT:3112}, host: 0.0.0.0,
              adapter: { class: modules::stream::adapters::KvStore, config: { store_method: file_based, file_path: ./data/stream_store } } }
  - class: modules::api::RestApiModule
    config: { host: 0.0.0.0, port: 3199, default_timeout: 30000 }
  - class: modules::kv_server::KvServer
    config: { store_method: file_based, file_path: ./data/kv_store, save_interval_ms: 1000 }
  - class: modules::state::StateModule
    config: { adapter: { class: modules::state::adapters::KvStore, config: { store_method: file_based } } }
  - class: modules::pubsub::PubSubModule
  - class: modules::observability::OtelModule
  - class: modules::queue::QueueModule
  - class: modules::cron::CronModule
`;

describe('defaults', () => {
  test('an empty file opens the worker port on loopback and nothing else (config-file:23)', () => {
    const config = resolved(STARTER_CONFIG);
    expect(config.listeners).toEqual([
      { id: 'iii-worker-manager', host: '127.0.0.1', port: 49_134, handshakeTimeoutMs: 10_000 },
    ]);
    expect(config.workers).toEqual([]);
    expect(config.warnings).toEqual([]);
    expect(config).toMatchObject({
      dataDir: '/project/data',
      registrationNamespaceGraceMs: 5_000,
      providerPolicy: 'balance',
    });
  });

  test('without a file HTTP and durable state run', () => {
    const config = resolveConfigValue(undefined, { cwd: '/p', env: {}, engineVersion: '1' });
    expect(config.workers.map(({ id, dataDir }) => [id, dataDir])).toEqual([
      ['iii-http', '/p/data/iii-http'],
      ['iii-state', '/p/data/iii-state'],
    ]);
  });

  test('the environment beats the file for the grace period', () => {
    const env = { III_NAMESPACE_GRACE_MS: '7' };
    expect(resolved('registration_namespace_grace_ms: 9', env).registrationNamespaceGraceMs).toBe(
      7,
    );
  });
});

describe('names', () => {
  test('repetitions get a number, and a store of their own (config-file:10)', () => {
    const { workers } = resolved(
      'workers:\n  - name: iii-state\n  - name: iii-state\n  - name: http\n',
    );
    expect(workers.map(({ id, builtin, dataDir }) => [id, builtin, dataDir])).toEqual([
      ['iii-state', 'iii-state', '/project/data/iii-state'],
      ['iii-state#1', 'iii-state', '/project/data/iii-state-1'],
      ['http', 'iii-http', '/project/data/iii-http'],
    ]);
  });

  test.each(['http', 'state', 'cron', 'pubsub', 'queue'])(
    '%s next to its old name is refused, across both lists (config-file:8, cli:9)',
    (name) => {
      const message = messageOf(() =>
        resolved(`workers:\n  - name: ${name}\nmodules:\n  - name: iii-${name}\n`),
      );
      expect(message).toContain('Duplicate worker configurations:');
      expect(message).toContain(
        `- 'iii-${name}' is the deprecated name for '${name}', but both are present. Remove 'iii-${name}' from your configuration.`,
      );
    },
  );

  test('several such pairs are reported together (config-file:8)', () => {
    const names = ['http', 'iii-http', 'cron', 'iii-cron'].map((name) => `  - name: ${name}\n`);
    const message = messageOf(() => resolved(`workers:\n${names.join('')}`));
    expect(message).toContain("'iii-http'");
    expect(message).toContain("'iii-cron'");
  });

  test('an unknown name is refused with what was likely meant', () => {
    expect(messageOf(() => resolved('workers:\n  - name: iii-htpp\n'))).toContain(
      'unknown worker \'iii-htpp\' (config.yaml:2:5). Did you mean "iii-http"?',
    );
  });

  test('a built-in takes no image', () => {
    expect(messageOf(() => resolved('workers:\n  - name: iii-http\n    image: x\n'))).toContain(
      "Worker 'iii-http' is a built-in worker and cannot have an 'image' field (config.yaml:2:5). Remove 'image'",
    );
  });

  test('a known name without code in this build is one warning', () => {
    const { warnings } = resolved('workers:\n  - name: iii-stream\n  - name: configuration\n');
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toBe(
      "Worker 'iii-stream' is not part of this build yet: its triggers stay pending and its functions are not found; no stream port is opened (config.yaml:2:5)",
    );
  });
});

describe('files of older releases', () => {
  test('the fixture of the 0.2.1 and 0.3.0 clients resolves (config-file:29)', () => {
    const config = resolved(LEGACY);
    expect(config.listeners[0]).toMatchObject({ port: 49_199, host: '127.0.0.1' });
    expect(config.workers.map(({ id, config: raw }) => [id, raw])).toEqual([
      ['iii-http', { host: '0.0.0.0', port: 3199, default_timeout: 30_000 }],
      ['kv', { store_method: 'file_based', file_path: './data/kv_store', save_interval_ms: 1000 }],
      ['iii-state', { adapter: { name: 'kv', config: { store_method: 'file_based' } } }],
      ['iii-pubsub', null],
      ['iii-queue', null],
      ['iii-cron', null],
    ]);
  });

  test('each old spelling is one warning that shows the new one', () => {
    const { warnings } = resolved('modules:\n  - class: modules::api::RestApiModule\n');
    expect(warnings).toEqual([
      'modules[0]: `class: modules::api::RestApiModule` is deprecated (config.yaml:2:5). Write `name: iii-http`.',
    ]);
  });

  test('name and class that differ are refused', () => {
    const text = 'workers:\n  - name: iii-cron\n    class: modules::api::RestApiModule\n';
    expect(messageOf(() => resolved(text))).toContain('mean different workers');
  });
});

describe('worker ports', () => {
  test('two are opened; the first takes a top-level port', () => {
    const { listeners } = resolved(
      'port: 1\nworkers:\n  - name: iii-worker-manager\n  - name: iii-worker-manager\n    config: { port: 2, host: 0.0.0.0 }\n',
    );
    expect(listeners.map(({ id, host, port }) => [id, host, port])).toEqual([
      ['iii-worker-manager', '127.0.0.1', 1],
      ['iii-worker-manager#1', '0.0.0.0', 2],
    ]);
  });

  test('one with access rules stays closed rather than open to all', () => {
    const config = resolved(
      'workers:\n  - name: iii-worker-manager\n  - name: iii-worker-manager\n    config: { port: 49135, rbac: { expose_functions: [] } }\n',
    );
    expect(config.listeners).toHaveLength(1);
    expect(config.warnings[0]).toContain("Worker port 'iii-worker-manager#1' stays closed");
  });

  test('an unknown key is named with its place and the likely one', () => {
    const text = 'workers:\n  - name: iii-worker-manager\n    config:\n      prot: 1\n';
    expect(messageOf(() => resolved(text))).toContain(
      'workers[0].config.prot: unknown key "prot" (config.yaml:4:7). Did you mean "port"?',
    );
  });
});
