// SPDX-License-Identifier: Apache-2.0
import { memberTexts } from '@iii-dev/worker-kit';
import { InvocationError } from 'iii-sdk';
import type { Payload } from 'iii-sdk/internal';

/** Names old clients use for a field. */
const ALIASES: Readonly<Record<string, string>> = { scope: 'group_id', key: 'item_id' };

/** The input of one call, read field by field; values stay text unless asked for. */
export class Input {
  readonly #functionId: string;
  readonly #members: ReadonlyMap<string, string>;
  readonly #takesAliases: boolean;

  /** @throws InvocationError `deserialization_error` when the payload is no object */
  constructor(functionId: string, data: Payload, takesAliases: boolean) {
    this.#functionId = functionId;
    this.#takesAliases = takesAliases;
    const members = data.isNull ? new Map<string, string>() : memberTexts(data.text);
    if (members === undefined) throw this.refuse('invalid type, expected an object');
    this.#members = members;
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  /** A field's JSON text. */
  raw(name: string): string | undefined {
    const text = this.#members.get(name);
    if (text !== undefined || !this.#takesAliases) return text;
    const alias = ALIASES[name];
    return alias === undefined ? undefined : this.#members.get(alias);
  }

  requiredText(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined) throw this.refuse(`missing field \`${name}\``);
    return value;
  }

  optionalText(name: string): string | undefined {
    const raw = this.raw(name);
    if (raw === undefined || (raw === 'null' && this.#isOptional(name))) return undefined;
    const value: unknown = JSON.parse(raw);
    if (typeof value === 'string') return value;
    throw this.refuse(`invalid type for \`${name}\`: ${short(raw)}, expected a string`);
  }

  /** A whole number within bounds, or nothing. */
  optionalWhole(name: string, min: number, max: number): number | undefined {
    const raw = this.raw(name);
    if (raw === undefined || raw === 'null') return undefined;
    const value: unknown = JSON.parse(raw);
    if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) {
      return value as number;
    }
    throw this.refuse(
      `invalid value for \`${name}\`: ${short(raw)}, expected a whole number from ${min} to ${max}`,
    );
  }

  flag(name: string): boolean {
    const raw = this.raw(name) ?? 'false';
    if (raw === 'true') return true;
    if (raw === 'false' || raw === 'null') return false;
    throw this.refuse(`invalid type for \`${name}\`: ${short(raw)}, expected a boolean`);
  }

  choice<Name extends string>(name: string, names: readonly Name[]): Name | undefined {
    const value = this.optionalText(name);
    if (value === undefined) return undefined;
    const found = names.find((each) => each === value);
    if (found !== undefined) return found;
    throw this.refuse(
      `unknown variant \`${short(value)}\` for \`${name}\`, expected one of ${names.map((each) => `\`${each}\``).join(', ')}`,
    );
  }

  refuse(cause: string): InvocationError {
    return new InvocationError({
      code: 'deserialization_error',
      message: `Failed to deserialize input for ${this.#functionId}: ${cause}`,
    });
  }

  #isOptional(name: string): boolean {
    return name !== 'scope' && name !== 'key';
  }
}

const SHOWN_LENGTH = 40;

function short(text: string): string {
  return text.length <= SHOWN_LENGTH ? text : `${text.slice(0, SHOWN_LENGTH)}…`;
}
