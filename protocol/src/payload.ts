// SPDX-License-Identifier: Apache-2.0

/**
 * A JSON value on its way through the system: the text it arrived in, or a value that nobody has
 * had to write yet. The other form is made on first use and kept, so a payload is parsed and
 * serialised at most once each, and text that is only forwarded stays byte-exact.
 */
export class Payload {
  #text: string | undefined;
  #value: unknown;
  #hasValue: boolean;

  private constructor(text: string | undefined, value: unknown, hasValue: boolean) {
    this.#text = text;
    this.#value = value;
    this.#hasValue = hasValue;
  }

  /** A payload from valid JSON text; the caller has checked it. */
  static ofText(text: string): Payload {
    return new Payload(text, undefined, false);
  }

  /** A payload from a value; `undefined` becomes `null`. */
  static ofValue(value: unknown): Payload {
    return new Payload(undefined, value === undefined ? null : value, true);
  }

  /**
   * The JSON text.
   * @throws TypeError when the value cannot be written as JSON (a cycle, a BigInt).
   */
  get text(): string {
    this.#text ??= JSON.stringify(this.#value) ?? 'null';
    return this.#text;
  }

  /** Whether the text is there already, so that reading it costs nothing. */
  get hasText(): boolean {
    return this.#text !== undefined;
  }

  /** The value; numbers beyond 2^53 lose digits here, and only here. */
  get value(): unknown {
    if (!this.#hasValue) {
      this.#value = JSON.parse(this.#text as string);
      this.#hasValue = true;
    }
    return this.#value;
  }

  /** Whether this is JSON `null`, found without parsing. */
  get isNull(): boolean {
    return this.#hasValue ? this.#value === null : this.#text === 'null';
  }

  /** Whether this is a JSON object, found without parsing. */
  get isObject(): boolean {
    if (this.#text !== undefined) return this.#text.charCodeAt(0) === 0x7b;
    return typeof this.#value === 'object' && this.#value !== null && !Array.isArray(this.#value);
  }
}
