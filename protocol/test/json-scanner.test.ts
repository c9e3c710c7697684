import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonScanner } from '../src/json-scanner.ts';

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function scans(text: string): boolean {
  const scanner = new JsonScanner(text);
  const end = scanner.skipValue(scanner.skipSpace(0));
  return end >= 0 && scanner.skipSpace(end) === text.length;
}

function expectSameVerdict(text: string): void {
  if (scans(text) !== parses(text)) {
    throw new Error(`scanner says ${scans(text)} to ${JSON.stringify(text.slice(0, 500))}`);
  }
}

/** Pieces from which hostile text is glued. */
const PIECES = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    '"a"',
    '"a":',
    '1',
    '-',
    '0',
    '.5',
    'e9',
    'E+',
    '01',
  ],
  ...['true', 'false', 'null', 'nul', ' ', '\n', '\t', '\r', '\0', '\u001f', '\u007f', '\u2028'],
  ...['\\"', '\\\\', '\\u0041', '\\u00', '\\x', '\\n', '\ud800', '\udc00', '\ufeff', '\u00a0', 'é'],
  ...['"\\\\"', '"\\""', `"${'x'.repeat(300)}`, `"${'\\"q'.repeat(100)}"`, '"__proto__":', '9e999'],
];

describe('the scanner', () => {
  test('says what JSON.parse says to glued fragments', () => {
    const glued = fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((p) => p.join(''));
    fc.assert(fc.property(glued, expectSameVerdict), { numRuns: 30_000 });
  });

  test('says what JSON.parse says inside strings', () => {
    const inner = fc.array(fc.constantFrom(...PIECES), { maxLength: 30 }).map((p) => p.join(''));
    const quoted = inner.map((text) => `["${text}","tail"]`);
    fc.assert(fc.property(quoted, expectSameVerdict), { numRuns: 20_000 });
  });

  test('says what JSON.parse says to mutations of valid JSON', () => {
    const mutated = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom(...PIECES), fc.nat(3), fc.boolean())
      .map(([json, at, piece, cut, isPretty]) => {
        const text = isPretty ? JSON.stringify(JSON.parse(json), null, 2) : json;
        const i = at % (text.length + 1);
        return text.slice(0, i) + piece + text.slice(i + cut);
      });
    fc.assert(fc.property(mutated, expectSameVerdict), { numRuns: 20_000 });
  });

  test('agrees on every single character inside and outside a string', () => {
    for (let code = 0; code <= 0xffff; code += code < 0x300 ? 1 : 97) {
      const c = String.fromCharCode(code);
      for (const text of [`"${c}"`, `"\\${c}"`, `[${c}1]`, `"\\u00${c}0"`, `1${c}`, `-${c}`]) {
        expectSameVerdict(text);
        expectSameVerdict(`[${text},"${'x'.repeat(5000)}"]`);
      }
    }
  });

  test('agrees on control characters and escapes at the end of long strings', () => {
    for (const tail of ['\n', '\0', '\\', '\\\\', '\\"', '\\u12', '\\x', '']) {
      for (const length of [10, 31, 32, 33, 191, 192, 4095, 4096, 70_000]) {
        expectSameVerdict(`{"a":"${'x'.repeat(length)}${tail}","b":1}`);
        expectSameVerdict(`{\n"a":"${'\\"'.repeat(length)}${tail}" ,\n"b":1}`);
        expectSameVerdict(`["${'\\\\'.repeat(length)}${tail}","b"]`);
      }
    }
  });

  test('keeps its stack however deep the text nests', () => {
    const depth = 100_000;
    expect(scans('['.repeat(depth) + ']'.repeat(depth))).toBe(true);
    expect(scans(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)).toBe(true);
    expect(scans('['.repeat(depth))).toBe(false);
    expect(scans(`${'['.repeat(depth)}}`)).toBe(false);
  });

  test('stands strings of 16 MiB', () => {
    const size = 16 * 1024 * 1024;
    expect(scans(`"${'x'.repeat(size)}"`)).toBe(true);
    expect(scans(`"${'x'.repeat(size)}\n"`)).toBe(false);
    expect(scans(`"${'\\\\'.repeat(size / 2)}"`)).toBe(true);
    expect(scans(`"${'\\\\'.repeat(size / 2)}\\"`)).toBe(false);
    expect(scans(`"${'\\"'.repeat(size / 2)}"`)).toBe(true);
  });
});
