// SPDX-License-Identifier: Apache-2.0
import { ENGINE_SHAPES, type FieldShape, type FrameShape, WORKER_SHAPES } from './frame-shapes.ts';
import type { ErrorBody, Frame, InvocationResultFrame, InvokeFunctionFrame } from './frames.ts';
import type { Payload } from './payload.ts';

const SHAPE_OF: ReadonlyMap<string, FrameShape> = new Map(
  Object.entries({ ...ENGINE_SHAPES, ...WORKER_SHAPES }),
);

/** Text that needs no escapes: printable ASCII but `"` and `\`. */
const PLAIN = /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/;

/**
 * Writes a message; fields that are unset are left out, payload text is copied unread.
 * @throws TypeError when a payload value cannot be written as JSON (a cycle, a BigInt).
 */
export function encodeFrame(frame: Frame): string {
  if (frame.type === 'invokefunction') return writeInvoke(frame);
  if (frame.type === 'invocationresult') return writeResult(frame);
  let text = `{"type":"${frame.type}"`;
  for (const field of SHAPE_OF.get(frame.type) ?? []) {
    const value = (frame as unknown as Record<string, unknown>)[field.name];
    if (value != null) text += `,"${field.name}":${writeField(field, value)}`;
  }
  return `${text}}`;
}

function writeInvoke(frame: InvokeFunctionFrame): string {
  let text = '{"type":"invokefunction"';
  if (frame.invocation_id !== undefined) {
    text += `,"invocation_id":${writeString(frame.invocation_id)}`;
  }
  text += `,"function_id":${writeString(frame.function_id)},"data":${frame.data.text}`;
  text += writeContext(frame);
  if (frame.action !== undefined) text += `,"action":${JSON.stringify(frame.action)}`;
  if (frame.metadata !== undefined) text += `,"metadata":${frame.metadata.text}`;
  if (frame.namespace !== undefined) text += `,"namespace":${writeString(frame.namespace)}`;
  return `${text}}`;
}

function writeResult(frame: InvocationResultFrame): string {
  let text = `{"type":"invocationresult","invocation_id":${writeString(frame.invocation_id)},"function_id":${writeString(frame.function_id)}`;
  if (frame.error !== undefined) text += `,"error":${writeError(frame.error)}`;
  else if (frame.result !== undefined) text += `,"result":${frame.result.text}`;
  return `${text}${writeContext(frame)}}`;
}

function writeContext(frame: { traceparent?: string; baggage?: string }): string {
  let text = '';
  if (frame.traceparent) text += `,"traceparent":${writeString(frame.traceparent)}`;
  if (frame.baggage) text += `,"baggage":${writeString(frame.baggage)}`;
  return text;
}

function writeField(field: FieldShape, value: unknown): string {
  switch (field.kind) {
    case 'payload':
      return (value as Payload).text;
    case 'id':
    case 'uuid':
    case 'string':
    case 'context':
      return writeString(value as string);
    case 'error':
      return writeError(value as ErrorBody);
    case 'action':
    case 'http':
    case 'strings':
      return JSON.stringify(value);
    default:
      return field.kind satisfies never;
  }
}

/** Only the parts an error has on the wire, whatever else the object carries. */
function writeError({ code, message, stacktrace }: ErrorBody): string {
  return JSON.stringify({ code, message, stacktrace });
}

/** A string as JSON. */
export function writeString(value: string): string {
  return PLAIN.test(value) ? `"${value}"` : JSON.stringify(value);
}
