// SPDX-License-Identifier: Elastic-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are what this is about
import { describe, expect, test } from 'vitest';
import { configValueOf, ENGINE_VERSION, messageOf, read } from './read.ts';

describe('placeholders (config-file:1)', () => {
  test.each([
    ['${A}', { A: 'x' }, 'x'],
    ['${A:d}', {}, 'd'],
    ['${A:d}', { A: 'set' }, 'set'],
    ['${A:d}', { A: '' }, null],
    ['"${A:d}"', { A: '' }, ''],
    ['${A:}', {}, null],
    ['"${A:}"', {}, ''],
    ['${U:redis://h:6379/0}', {}, 'redis://h:6379/0'],
    ['${A}${B}', { A: 'x', B: 'y' }, 'xy'],
    ['${A}-${A}', { A: 'x' }, 'x-x'],
    ['${A}${B}', { A: '80', B: '81' }, 8081],
    ['${A:-b}', {}, '-b'],
    ['$100', {}, '$100'],
    ['"${X"', {}, '${X'],
    ['a ${A} b', { A: '${B}', B: 'no' }, 'a ${B} b'],
  ])('%s with %o is %o', (text, env, expected) => {
    expect(configValueOf(text, env)).toEqual(expected);
  });

  test.each([
    ['${P:3112}', {}, 3112],
    ['"${P:3112}"', {}, '3112'],
    ['${P:true}', {}, true],
    ['${P:on}', {}, 'on'],
    ['${P}', { P: '1.5' }, 1.5],
    ['${P}', { P: '007' }, '007'],
    ['${P:[a, 2]}', {}, ['a', 2]],
    ['{ port: ${P:3112}, host: 0.0.0.0 }', {}, { port: 3112, host: '0.0.0.0' }],
  ])('%s with %o has the type YAML gives it: %o', (text, env, expected) => {
    expect(configValueOf(text, env)).toEqual(expected);
  });

  test.each(['a # b', 'a: b', 'x"y\'z', 'line\nother: line', '- a', '*anchor', 'p@ss}{word'])(
    'a variable that holds %j adds no structure',
    (value) => {
      expect(configValueOf('${A}', { A: value })).toBe(value);
      expect(configValueOf('"${A}"', { A: value })).toBe(value);
    },
  );

  test('text over several lines is filled in everywhere', () => {
    const file = read(
      'workers:\n  - name: ${A}\n    config: |\n      one ${A}\n      two ${B:b}\n',
      {
        A: 'x',
      },
    );
    expect(file.entries[0]?.name).toBe('x');
    expect(file.entries[0]?.config).toBe('one x\ntwo b\n');
  });

  test('the version sentinel is the engine version unless the variable is set (config-file:2)', () => {
    expect(configValueOf('${SERVICE_VERSION:__III_ENGINE_VERSION__}')).toBe(ENGINE_VERSION);
    expect(configValueOf('${V:__III_ENGINE_VERSION__}', { V: 'mine' })).toBe('mine');
  });

  test('a missing variable is named with its place (config-file:3, cli:10)', () => {
    expect(
      messageOf(() => read('# c\nworkers:\n  - name: x\n    config: { url: "${NO_URL}" }\n')),
    ).toBe(
      "Failed to parse config file 'config.yaml': Environment variable 'NO_URL' not set and no " +
        'default provided (config.yaml:4:21). Set it, or write ${NO_URL:default}.',
    );
  });

  test('a missing variable in a comment hurts nobody', () => {
    expect(read('# ${NOT_SET}\nworkers: [] # ${NOT_SET}\n').entries).toEqual([]);
  });
});
