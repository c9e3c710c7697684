// SPDX-License-Identifier: Apache-2.0

/** A JSON value whose integers beyond 2^53 are `bigint`, so that no digit is lost. */
export type ExactValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | ExactValue[]
  | { [key: string]: ExactValue };

/** A JSON object with exact values. */
export type ExactObject = { [key: string]: ExactValue };

/** Below this many digits in a row every integer fits a double, and the built-in parser will do. */
const LONG_DIGITS = /\d{16}/;

/** Parses valid JSON text without rounding integers. @throws SyntaxError */
export function parseExact(text: string): ExactValue {
  if (!LONG_DIGITS.test(text)) return JSON.parse(text) as ExactValue;
  return new ExactReader(text).readAll();
}

/** Writes what {@link parseExact} reads, compact. */
export function writeExact(value: ExactValue): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  try {
    return JSON.stringify(value);
  } catch (error) {
    // The built-in writer refuses bigints; everything else parseExact makes it can write.
    if (!(error instanceof TypeError)) throw error;
    return writeSlowly(value);
  }
}

function writeSlowly(value: ExactValue): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(writeSlowly).join(',')}]`;
  const members = Object.entries(value).map(
    ([key, member]) => `${JSON.stringify(key)}:${writeSlowly(member)}`,
  );
  return `{${members.join(',')}}`;
}

/** Sets a member as plain data, whatever its name; `__proto__` is a name like any other. */
export function setOwn(target: ExactObject, key: string, value: ExactValue): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  } else {
    target[key] = value;
  }
}

/**
 * The members of a JSON object with their values still as text, so that a value can be stored as it
 * came; `undefined` when the text is no object. Of equal names the last counts.
 */
export function memberTexts(text: string): Map<string, string> | undefined {
  const members = new Map<string, string>();
  let at = skipSpace(text, 0);
  if (text[at] !== '{') return undefined;
  at = skipSpace(text, at + 1);
  while (text[at] !== '}') {
    const keyEnd = skipString(text, at);
    const key = JSON.parse(text.slice(at, keyEnd)) as string;
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = skipValue(text, start);
    members.set(key, text.slice(start, end));
    at = skipSpace(text, end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
    else if (text[at] !== '}') throw unexpected(text, at);
  }
  return members;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function skipSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at += 1;
  }
}

/** The place after the string that starts at `from`. */
function skipString(text: string, from: number): number {
  if (text.charCodeAt(from) !== QUOTE) throw unexpected(text, from);
  let end = text.indexOf('"', from + 1);
  while (end !== -1) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end + 1;
    end = text.indexOf('"', end + 1);
  }
  throw unexpected(text, text.length);
}

/** The place after the value that starts at `from`. */
function skipValue(text: string, from: number): number {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const character = text[at];
    if (character === '"') at = skipString(text, at);
    else if (character === '{' || character === '[') {
      depth += 1;
      at += 1;
      continue;
    } else if (character === '}' || character === ']') {
      if (depth === 0) return at;
      depth -= 1;
      at += 1;
    } else if (depth > 0) {
      at += 1;
      continue;
    } else at = skipScalar(text, at);
    if (depth === 0) return at;
  }
  throw unexpected(text, at);
}

function skipScalar(text: string, from: number): number {
  let at = from;
  while (at < text.length && !' \n\r\t,]}'.includes(text[at] as string)) at += 1;
  if (at === from) throw unexpected(text, at);
  return at;
}

function unexpected(text: string, at: number): SyntaxError {
  const found = at >= text.length ? 'the end' : JSON.stringify(text[at]);
  return new SyntaxError(`unexpected ${found} at position ${at}`);
}

class ExactReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readAll(): ExactValue {
    const value = this.#value();
    if (this.#peek() !== undefined) throw unexpected(this.#text, this.#at);
    return value;
  }

  #peek(): string | undefined {
    this.#at = skipSpace(this.#text, this.#at);
    return this.#text[this.#at];
  }

  #value(): ExactValue {
    switch (this.#peek()) {
      case '{':
        return this.#object();
      case '[':
        return this.#array();
      case '"':
        return this.#string();
      default:
        return this.#scalar();
    }
  }

  #string(): string {
    const start = this.#at;
    this.#at = skipString(this.#text, start);
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  #scalar(): ExactValue {
    const start = this.#at;
    this.#at = skipScalar(this.#text, start);
    const token = this.#text.slice(start, this.#at);
    const value = JSON.parse(token) as null | boolean | number;
    const isWhole =
      typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(token);
    return isWhole ? BigInt(token) : value;
  }

  #array(): ExactValue[] {
    const items: ExactValue[] = [];
    this.#at += 1;
    if (this.#endsWith(']')) return items;
    do items.push(this.#value());
    while (this.#goesOn(']'));
    return items;
  }

  #object(): ExactObject {
    const members: ExactObject = {};
    this.#at += 1;
    if (this.#endsWith('}')) return members;
    do {
      this.#peek();
      const key = this.#string();
      if (this.#peek() !== ':') throw unexpected(this.#text, this.#at);
      this.#at += 1;
      setOwn(members, key, this.#value());
    } while (this.#goesOn('}'));
    return members;
  }

  #endsWith(bracket: string): boolean {
    if (this.#peek() !== bracket) return false;
    this.#at += 1;
    return true;
  }

  #goesOn(bracket: string): boolean {
    if (this.#endsWith(bracket)) return false;
    if (this.#peek() !== ',') throw unexpected(this.#text, this.#at);
    this.#at += 1;
    return true;
  }
}
