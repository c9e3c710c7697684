// SPDX-License-Identifier: Elastic-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: files hold placeholders
import { describe, expect, test } from 'vitest';
import { addWorkerEntry, removeWorkerEntry } from '../../src/boot/config-edit.ts';
import { STARTER_CONFIG } from '../../src/boot/load-config.ts';
import { read } from './read.ts';

const FULL = `# ours
port: \${PORT:1}   # the port

workers:
  # web
  - name: "iii-http" # quoted
    config:
      port: \${HTTP:3111}
      # inside

  # data
  - name: iii-state
# the end
`;

const names = (text: string) => read(text).entries.map((entry) => entry.name);

describe('an edit leaves every other byte alone', () => {
  test('an entry is added behind the last one', () => {
    const edit = addWorkerEntry(FULL, 'iii-cron');
    expect(edit).toEqual({
      kind: 'changed',
      text: FULL.replace('  - name: iii-state\n', '  - name: iii-state\n  - name: iii-cron\n'),
    });
  });

  test('an entry is cut with its config and nothing else', () => {
    const edit = removeWorkerEntry(FULL, 'iii-state');
    expect(edit).toEqual({ kind: 'changed', text: FULL.replace('  - name: iii-state\n', '') });
  });

  test('comments around a cut entry stay', () => {
    const edit = removeWorkerEntry(FULL, 'iii-http');
    if (edit.kind !== 'changed') throw new Error(edit.kind);
    for (const comment of ['# ours', '# the port', '# web', '# data', '# the end']) {
      expect(edit.text).toContain(comment);
    }
    expect(names(edit.text)).toEqual(['iii-state']);
  });
});

test.each([
  STARTER_CONFIG,
  'workers:\n',
  'workers: [] # none yet\n',
  'workers: []',
  '',
  '# c\n',
  'port: 1',
])('the first worker is added to %j and can be removed again (config-file:23)', (text) => {
  const added = addWorkerEntry(text, 'iii-http');
  if (added.kind !== 'changed') throw new Error(added.kind);
  expect(names(added.text)).toEqual(['iii-http']);
  for (const line of text.split('\n').filter((each) => each.startsWith('#'))) {
    expect(added.text).toContain(line);
  }
  const removed = removeWorkerEntry(added.text, 'iii-http');
  if (removed.kind !== 'changed') throw new Error(removed.kind);
  expect(names(removed.text)).toEqual([]);
});

test('adding what is there and removing what is not change nothing', () => {
  expect(addWorkerEntry(FULL, 'iii-http')).toEqual({ kind: 'unchanged' });
  expect(removeWorkerEntry(FULL, 'iii-cron')).toEqual({ kind: 'unchanged' });
});

test('a list in one line is left to the user', () => {
  expect(addWorkerEntry('workers: [{ name: a }]\n', 'b').kind).toBe('refused');
});
