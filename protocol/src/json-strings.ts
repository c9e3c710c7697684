// SPDX-License-Identifier: Apache-2.0

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** From this length on, 32 native single-character searches beat one regular expression. */
const LONG_TEXT_CHARS = 4096;
/** From this length on, `JSON.parse` of one string beats hopping from escape to escape. */
const LONG_STRING_CHARS = 192;

/** Up to this length, looking at each character beats a regular expression. */
export const SHORT_STRING_CHARS = 32;

const CONTROL_CHARACTERS = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code));
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these in strings.
const ANY_CONTROL = /[\x00-\x1f]/;

/** The value of the valid JSON string in `[start, end)`, quotes included. */
export function readString(text: string, start: number, end: number): string {
  const inner = text.slice(start + 1, end - 1);
  return inner.includes('\\') ? (JSON.parse(text.slice(start, end)) as string) : inner;
}

/** A quote that is not escaped, or that an even or odd run of two and more backslashes precedes. */
const LIKELY_CLOSING_QUOTE = /[^\\]"|\\\\"/g;

/** The first quote from `quote` on that no backslash escapes, or -1. */
export function closingQuote(text: string, start: number, quote: number): number {
  let end = quote;
  for (let tries = 0; end >= 0; tries++) {
    let i = end;
    while (i > start && text.charCodeAt(i - 1) === BACKSLASH) i--;
    if ((end - i) % 2 === 0) return end;
    if (tries < 4) end = text.indexOf('"', end + 1);
    else {
      // JSON within JSON: one pass over many escaped quotes is cheaper than a search for each.
      LIKELY_CLOSING_QUOTE.lastIndex = end;
      end = LIKELY_CLOSING_QUOTE.test(text) ? LIKELY_CLOSING_QUOTE.lastIndex - 1 : -1;
    }
  }
  return -1;
}

/** The offset of the first invalid escape of a string, or -1. */
export function wrongEscape(text: string, first: number, start: number, end: number): number {
  if (end - start >= LONG_STRING_CHARS && parses(text.slice(start - 1, end + 1))) return -1;
  let i = first;
  while (i >= 0 && i < end) {
    const c = text.charCodeAt(i + 1);
    if (c === 0x75) {
      if (!/^[0-9a-fA-F]{4}$/.test(text.slice(i + 2, i + 6))) return i;
    } else if (!isSimpleEscape(c)) return i;
    // An escaped backslash must not be taken for the start of another escape.
    i = text.indexOf('\\', i + 2);
  }
  return -1;
}

/** One of `" \\ / b f n r t`. */
function isSimpleEscape(c: number): boolean {
  return (
    c === QUOTE ||
    c === 0x6e ||
    c === BACKSLASH ||
    c === 0x2f ||
    c === 0x62 ||
    c === 0x66 ||
    c === 0x72 ||
    c === 0x74
  );
}

function parses(json: string): boolean {
  try {
    JSON.parse(json);
    return true;
  } catch {
    return false;
  }
}

export function hasControlCharacter(text: string): boolean {
  if (text.length < LONG_TEXT_CHARS) return ANY_CONTROL.test(text);
  for (const character of CONTROL_CHARACTERS) if (text.includes(character)) return true;
  return false;
}

export function search(text: string, character: string, from: number): number {
  const found = text.indexOf(character, from);
  return found < 0 ? Number.POSITIVE_INFINITY : found;
}

export function searchControl(text: string, from: number): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
  const control = /[\x00-\x1f]/g;
  control.lastIndex = from;
  const found = control.exec(text);
  return found ? found.index : Number.POSITIVE_INFINITY;
}
