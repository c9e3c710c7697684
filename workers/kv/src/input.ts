// SPDX-License-Identifier: Apache-2.0
import { memberTexts } from '@iii-dev/worker-kit';
import { InvocationError } from 'iii-sdk';
import type { Payload } from 'iii-sdk/internal';

/** Longest time to live, ms: a hundred years. */
const MAX_TTL_MS = 3_155_760_000_000;

/** The input of one call, read field by field; values stay text. */
export class Input {
  readonly #functionId: string;
  readonly #members: ReadonlyMap<string, string>;

  /** @throws InvocationError `deserialization_error` when the payload is no object */
  constructor(functionId: string, data: Payload) {
    this.#functionId = functionId;
    const members = memberTexts(data.text);
    if (members === undefined) throw this.refuse('invalid type, expected an object');
    this.#members = members;
  }

  /** A field's JSON text. */
  raw(name: string): string {
    const text = this.#members.get(name);
    if (text === undefined) throw this.refuse(`missing field \`${name}\``);
    return text;
  }

  /** The index; users of the state worker call it a scope. */
  index(): string {
    const name = this.#members.has('index') || !this.#members.has('scope') ? 'index' : 'scope';
    return this.text(name);
  }

  text(name: string): string {
    const value: unknown = JSON.parse(this.raw(name));
    if (typeof value === 'string') return value;
    throw this.refuse(`invalid type for \`${name}\`, expected a string`);
  }

  optionalText(name: string): string | undefined {
    const raw = this.#members.get(name);
    return raw === undefined || raw === 'null' ? undefined : this.text(name);
  }

  /** The time to live in ms, where one is given. */
  ttlMs(): number | undefined {
    const raw = this.#members.get('ttl_ms');
    if (raw === undefined || raw === 'null') return undefined;
    const value: unknown = JSON.parse(raw);
    if (Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= MAX_TTL_MS) {
      return value as number;
    }
    throw this.refuse(
      `invalid value for \`ttl_ms\`, expected a whole number from 1 to ${MAX_TTL_MS}`,
    );
  }

  refuse(cause: string): InvocationError {
    return new InvocationError({
      code: 'deserialization_error',
      message: `Failed to deserialize input for ${this.#functionId}: ${cause}`,
    });
  }
}
