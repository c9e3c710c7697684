// SPDX-License-Identifier: Elastic-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: files hold placeholders
import { describe, expect, test } from 'vitest';
import { ConfigFileError } from '../../src/boot/config-file-error.ts';
import { configValueOf, messageOf, read } from './read.ts';

describe('what parses', () => {
  test.each([
    '',
    '{}',
    'workers:\n',
    'workers: []',
    'modules: []',
    '# only a comment\n',
    '{"workers": []}',
  ])('%j has no entries (config-file:5, cli:11)', (text) => {
    expect(read(text).entries).toEqual([]);
  });

  test('both lists load, workers first (config-file:5)', () => {
    const file = read(
      'modules:\n  - class: modules::cron::CronModule\nworkers:\n  - name: iii-http\n',
    );
    expect(file.entries.map((entry) => entry.name ?? entry.className)).toEqual([
      'iii-http',
      'modules::cron::CronModule',
    ]);
  });

  test('the grace period is read (config-file:6)', () => {
    expect(read('registration_namespace_grace_ms: 10000').registrationNamespaceGraceMs).toBe(
      10_000,
    );
  });

  test('an entry has an image or not, may carry foreign keys, keeps nested config (config-file:7)', () => {
    const { entries, warnings } = read(
      'workers:\n  - name: a\n    image: docker.io/a:1\n    env: { X: 1 }\n  - name: b\n    config: { c: { d: [1, { e: f }] } }\n',
    );
    expect(entries[0]?.image).toBe('docker.io/a:1');
    expect(entries[1]?.image).toBeNull();
    expect(entries[1]?.config).toEqual({ c: { d: [1, { e: 'f' }] } });
    expect(warnings).toEqual([]);
  });

  test.each([
    ['on', 'on'],
    ['no', 'no'],
    ['007', '007'],
    ['~', null],
    ['match("test::ew::public::*")', 'match("test::ew::public::*")'],
  ])('%s is %o', (text, expected) => {
    expect(configValueOf(text)).toEqual(expected);
  });

  test('anchors are followed', () => {
    const file = read(
      'workers:\n  - name: a\n    config: &c { x: 1 }\n  - name: b\n    config: *c\n',
    );
    expect(file.entries[1]?.config).toEqual({ x: 1 });
  });
});

describe('what is wrong is said with its place', () => {
  test.each([
    [
      '# c\n\nwokers: []\n',
      'Failed to parse config file \'config.yaml\': unknown key "wokers" (config.yaml:3:1). Did you mean "workers"?',
    ],
    [
      'workers: []\nworkers: []\n',
      'Failed to parse config file \'config.yaml\': duplicate key "workers" (config.yaml:2:1). Keep one of them.',
    ],
    [
      'workers:\n  - config: {}\n',
      "Failed to parse config file 'config.yaml': workers[0]: missing field `name` (config.yaml:2:5). Write `- name: iii-state`.",
    ],
    [
      'port: ${P:http}\n',
      'Failed to parse config file \'config.yaml\': port must be a whole number from 0 to 65535, got "http" (config.yaml:1:7)',
    ],
    [
      'workers:\n  - name: a\n    config: { 1: x }\n',
      "Failed to parse config file 'config.yaml': a key must be text, got 1 (config.yaml:3:15). Put it in quotes.",
    ],
    [
      'workers:\n  - name: a\n    placement: thread\n',
      'Failed to parse config file \'config.yaml\': workers[0].placement must be one of inline, process, got "thread" (config.yaml:3:16)',
    ],
  ])('%j', (text, message) => {
    expect(messageOf(() => read(text))).toBe(message);
  });

  test('broken YAML names line and column', () => {
    expect(messageOf(() => read('workers:\n  - name: [a\n'))).toMatch(/config\.yaml:\d+:\d+/);
  });

  test('every problem of a file is found in one go', () => {
    try {
      read('wokers: []\nport: x\nworkers:\n  - name: ${NO_NAME}\n');
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigFileError);
      expect((error as ConfigFileError).problems.map((problem) => problem.place?.line)).toEqual([
        1, 2, 4,
      ]);
    }
  });

  test('a key of an entry that is nearly ours is pointed out', () => {
    const [warning] = read('workers:\n  - name: a\n    confg: {}\n').warnings;
    expect(warning).toMatchObject({
      place: { line: 3, column: 5 },
      hint: 'Did you mean "config"?',
    });
  });

  test('an alias that leads into itself ends', () => {
    expect(messageOf(() => read('workers:\n  - name: a\n    config: &c { x: *c }\n'))).toContain(
      'circle',
    );
  });
});
