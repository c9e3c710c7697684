// SPDX-License-Identifier: Apache-2.0
import type { FieldShape } from './frame-shapes.ts';
import type { ErrorBody, HttpInvocation, InvocationAction } from './frames.ts';
import { type MessageFields, slotOf } from './message-fields.ts';
import { Payload } from './payload.ts';

/** Reads one field in its form; `undefined` when it is absent, or refused by `fields.problem`. */
export function readField(fields: MessageFields, field: FieldShape): unknown {
  const { name, kind } = field;
  const slot = chooseSlot(fields, field);
  switch (kind) {
    case 'id':
      return fields.id(slot, name);
    case 'uuid':
      return fields.uuid(slot, name);
    case 'string':
      return readText(fields, slot, field);
    case 'context':
      return fields.context(slot, name);
    case 'payload':
      return fields.payload(slot);
    case 'error':
      return readError(fields, slot, name);
    case 'action':
      return readAction(fields, slot);
    case 'http':
      return readHttpInvocation(fields, slot);
    case 'strings':
      return readStrings(fields, slot, name);
    default:
      return kind satisfies never;
  }
}

/** What stands in for a required field that is absent; `undefined` when nothing may. */
export function readFallback(field: FieldShape): unknown {
  if (field.fallback === undefined) return undefined;
  return field.kind === 'payload' ? Payload.ofText(field.fallback) : field.fallback;
}

/** The slot of a field, or of its older name when only that is there. */
export function chooseSlot(fields: MessageFields, field: FieldShape): number {
  const slot = slotOf(field.name);
  return field.alias !== undefined && fields.isAbsentOrNull(slot) ? slotOf(field.alias) : slot;
}

function readText(fields: MessageFields, slot: number, field: FieldShape): string | undefined {
  const value = fields.string(slot, field.name);
  if (value === undefined || !field.oneOf || field.oneOf.includes(value)) return value;
  return fields.refuse(slot, field.name, `must be one of ${field.oneOf.join(', ')}`);
}

/**
 * An error object. Lenient, since an error half told is better than none: a text alone is taken
 * for the message, and missing parts are filled in.
 */
export function readError(
  fields: MessageFields,
  slot: number,
  name: string,
): ErrorBody | undefined {
  const value = readJson(fields, slot);
  if (value === undefined) return undefined;
  if (typeof value === 'string') return { code: 'invocation_failed', message: value };
  if (!isRecord(value)) return fields.refuse(slot, name, 'must be an object');
  const { code, message, stacktrace } = value;
  return {
    code: typeof code === 'string' && code !== '' ? code : 'invocation_failed',
    message: typeof message === 'string' ? message : message == null ? '' : JSON.stringify(message),
    ...(typeof stacktrace === 'string' && { stacktrace }),
  };
}

export function readAction(fields: MessageFields, slot: number): InvocationAction | undefined {
  const value = readJson(fields, slot);
  if (value === undefined) return undefined;
  if (!isRecord(value)) return fields.refuse(slot, 'action', 'must be an object');
  if (value.type === 'void') return { type: 'void' };
  if (value.type !== 'enqueue') {
    return fields.refuse(slot, 'action', 'must have type "void" or "enqueue"');
  }
  const { queue } = value;
  if (typeof queue === 'string') return { type: 'enqueue', queue };
  return fields.refuse(slot, 'action', 'must name its queue as a string');
}

function readHttpInvocation(fields: MessageFields, slot: number): HttpInvocation | undefined {
  const value = readJson(fields, slot);
  if (value === undefined) return undefined;
  const refuse = (demand: string) => fields.refuse(slot, 'invocation', demand);
  if (!isRecord(value)) return refuse('must be an object');
  const { url, method, timeout_ms, headers, auth } = value;
  if (typeof url !== 'string') return refuse('must have a url string');
  if (method != null && typeof method !== 'string') return refuse('must have a method string');
  if (timeout_ms != null && !isCount(timeout_ms)) {
    return refuse('must have a timeout_ms that is a whole number ≥ 0');
  }
  if (headers != null && !isStringRecord(headers)) return refuse('must have headers of strings');
  return {
    url,
    ...(method != null && { method }),
    ...(timeout_ms != null && { timeout_ms }),
    ...(headers != null && { headers }),
    ...(auth != null && { auth }),
  };
}

function readStrings(fields: MessageFields, slot: number, name: string): string[] | undefined {
  const value = readJson(fields, slot);
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  return fields.refuse(slot, name, 'must be a list of strings');
}

/** The parsed value of a field that is no payload; the scan has found it valid. */
function readJson(fields: MessageFields, slot: number): unknown {
  return fields.isAbsentOrNull(slot) ? undefined : JSON.parse(fields.raw(slot) as string);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStringRecord(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((item) => typeof item === 'string');
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}
