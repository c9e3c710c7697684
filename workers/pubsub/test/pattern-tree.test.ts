// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { PatternTree } from '../src/pattern-tree.ts';

describe('a tree of patterns', () => {
  it.each([
    ['a', ['a'], ['b', 'a.b', '']],
    ['*', ['a', ''], ['a.b']],
    ['**', ['', 'a', 'a.b.c'], []],
    ['a.*.c', ['a.b.c', 'a..c'], ['a.c', 'a.b.b.c']],
    ['a.**.c', ['a.c', 'a.b.c', 'a.b.b.c', 'a.c.c'], ['a', 'c', 'a.b']],
    ['**.c', ['c', 'a.c'], ['a', 'c.a']],
    ['**.**', ['', 'a.b'], []],
    ['a*', ['a*'], ['ab', 'a']],
  ])('%s fits %j and not %j', (pattern, fitting, others) => {
    const tree = new PatternTree<number>();
    tree.add(pattern, 1);
    for (const topic of fitting) expect([topic, [...tree.find(topic)]]).toEqual([topic, [1]]);
    for (const topic of others) expect([topic, [...tree.find(topic)]]).toEqual([topic, []]);
  });

  it('gives each value once, and loses only what is removed', () => {
    const tree = new PatternTree<string>();
    tree.add('a.**', 'x');
    tree.add('**.b', 'x');
    tree.add('a.*', 'y');
    expect([...tree.find('a.b')].sort()).toEqual(['x', 'y']);
    tree.remove('a.*', 'y');
    tree.remove('a.*', 'y');
    tree.remove('never.there', 'y');
    expect([...tree.find('a.b')]).toEqual(['x']);
  });

  it('many stars do not multiply the work', () => {
    const tree = new PatternTree<number>();
    tree.add(Array.from({ length: 40 }, () => '**.a').join('.'), 1);
    expect([...tree.find(Array.from({ length: 60 }, () => 'a').join('.'))]).toEqual([1]);
  });
});
