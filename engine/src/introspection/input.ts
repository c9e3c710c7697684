// SPDX-License-Identifier: Elastic-2.0
import { EngineFunctionError } from '../hub/route-call.ts';

/** The input object of an engine function. */
export type Input = Record<string, unknown>;

/** A string field; null counts as absent. @throws deserialization_error on another type */
export function stringOf(input: Input, field: string, functionId: string): string | undefined {
  const value = input[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw badInput(functionId, `field \`${field}\` must be a string, got ${JSON.stringify(value)}`);
}

/** A string field that must be there. @throws deserialization_error */
export function requiredString(input: Input, field: string, functionId: string): string {
  const value = stringOf(input, field, functionId);
  if (value !== undefined) return value;
  throw badInput(functionId, `missing field \`${field}\``);
}

/** A list of strings; null counts as absent. @throws deserialization_error on another type */
export function stringsOf(input: Input, field: string, functionId: string): string[] | undefined {
  const value = input[field];
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw badInput(functionId, `field \`${field}\` must be a list of strings`);
}

/** Whether rows the engine keeps to itself are asked for too. */
export function includesInternal(input: Input): boolean {
  return input.include_internal === true;
}

export function badInput(functionId: string, detail: string): EngineFunctionError {
  return new EngineFunctionError(
    'deserialization_error',
    `Failed to deserialize input for ${functionId}: ${detail}`,
  );
}

export function notFound(message: string): EngineFunctionError {
  return new EngineFunctionError('NOT_FOUND', message);
}

export function invalidArguments(message: string): EngineFunctionError {
  return new EngineFunctionError('INVALID_ARGUMENTS', message);
}
