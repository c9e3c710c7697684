// SPDX-License-Identifier: Apache-2.0
import { memberTexts } from '@iii-dev/worker-kit';
import { InvocationError } from 'iii-sdk';
import type { Payload } from 'iii-sdk/internal';

/** The input of one call, read field by field; values stay text unless asked for. */
export class Input {
  readonly #functionId: string;
  readonly #members: ReadonlyMap<string, string>;

  /** @throws InvocationError `deserialization_error` when the payload is no object */
  constructor(functionId: string, data: Payload) {
    this.#functionId = functionId;
    const members = data.isNull ? new Map<string, string>() : memberTexts(data.text);
    if (members === undefined) throw this.refuse('invalid type, expected an object');
    this.#members = members;
  }

  /** A field's JSON text, under the first of its names that is there. */
  raw(...names: readonly string[]): string | undefined {
    for (const name of names) {
      const text = this.#members.get(name);
      if (text !== undefined) return text;
    }
    return undefined;
  }

  requiredRaw(...names: readonly string[]): string {
    const text = this.raw(...names);
    if (text === undefined) throw this.refuse(`missing field \`${names[0]}\``);
    return text;
  }

  text(...names: readonly string[]): string {
    const value = this.optionalText(...names);
    if (value === undefined) throw this.refuse(`missing field \`${names[0]}\``);
    return value;
  }

  optionalText(...names: readonly string[]): string | undefined {
    const raw = this.raw(...names);
    if (raw === undefined || raw === 'null') return undefined;
    const value: unknown = JSON.parse(raw);
    if (typeof value === 'string') return value;
    throw this.refuse(`invalid type for \`${names[0]}\`, expected a string`);
  }

  optionalWhole(name: string, ...aliases: readonly string[]): number | undefined {
    const raw = this.raw(name, ...aliases);
    if (raw === undefined || raw === 'null') return undefined;
    const value: unknown = JSON.parse(raw);
    if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
    throw this.refuse(`invalid value for \`${name}\`, expected a whole number of at least 0`);
  }

  refuse(cause: string): InvocationError {
    return new InvocationError({
      code: 'deserialization_error',
      message: `Failed to deserialize input for ${this.#functionId}: ${cause}`,
    });
  }
}
