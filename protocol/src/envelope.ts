// SPDX-License-Identifier: Apache-2.0
import { readAction, readError, readFallback, readField } from './field-values.ts';
import { ENGINE_SHAPES, type FrameShape, WORKER_SHAPES } from './frame-shapes.ts';
import type {
  EngineFrame,
  Frame,
  InvocationResultFrame,
  InvokeFunctionFrame,
  WorkerFrame,
} from './frames.ts';
import { JsonScanner } from './json-scanner.ts';
import { MessageFields, quote, type RecoveredIds, slotOf } from './message-fields.ts';
import { Payload } from './payload.ts';

/** The outcome of reading one message. */
export type Decoded<F extends Frame> =
  | { readonly kind: 'frame'; readonly frame: F }
  /** Blank text, or a type this reader does not know. */
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'malformed'; readonly reason: string; readonly recovered: RecoveredIds };

type Unread = Exclude<Decoded<never>, { kind: 'frame' }>;
type Writable<T> = { -readonly [K in keyof T]: T[K] };

const SLOT = {
  type: slotOf('type'),
  invocationId: slotOf('invocation_id'),
  functionId: slotOf('function_id'),
  functionPath: slotOf('function_path'),
  data: slotOf('data'),
  result: slotOf('result'),
  error: slotOf('error'),
  traceparent: slotOf('traceparent'),
  baggage: slotOf('baggage'),
  action: slotOf('action'),
  metadata: slotOf('metadata'),
  namespace: slotOf('namespace'),
} as const;

const WORKER_SHAPE_OF: ReadonlyMap<string, FrameShape> = new Map(Object.entries(WORKER_SHAPES));
const ENGINE_SHAPE_OF: ReadonlyMap<string, FrameShape> = new Map(Object.entries(ENGINE_SHAPES));

/** Reads a message from a worker. */
export function decodeWorkerFrame(text: string): Decoded<WorkerFrame> {
  const fields = new MessageFields(text);
  const unread = scanMessage(fields);
  if (unread) return unread;
  const type = fields.string(SLOT.type, 'type');
  if (type === 'invokefunction') return readInvoke(fields, true);
  if (type === 'invocationresult') return readResult(fields);
  if (type === undefined) return refuseType(fields);
  const shape = WORKER_SHAPE_OF.get(type);
  if (shape) return readFrame<WorkerFrame>(fields, type, shape);
  if (ENGINE_SHAPE_OF.has(type)) return { kind: 'ignored', reason: `"${type}" is for workers` };
  return malformed(fields, `unknown message type ${quote(JSON.stringify(type))}`);
}

/** Reads a message from an engine. */
export function decodeEngineFrame(text: string): Decoded<EngineFrame> {
  const fields = new MessageFields(text);
  const unread = scanMessage(fields);
  if (unread) return unread;
  const type = fields.string(SLOT.type, 'type');
  if (type === 'invokefunction') return readInvoke(fields, false);
  if (type === 'invocationresult') return readResult(fields);
  if (type === undefined) return refuseType(fields);
  const shape = ENGINE_SHAPE_OF.get(type);
  if (shape) return readFrame<EngineFrame>(fields, type, shape);
  return { kind: 'ignored', reason: `unknown message type ${quote(JSON.stringify(type))}` };
}

/** Finds the fields of a message; what it returns is the outcome when there is nothing to read. */
function scanMessage(fields: MessageFields): Unread | undefined {
  const { text } = fields;
  const scanner = new JsonScanner(text);
  const start = scanner.skipSpace(0);
  if (text.charCodeAt(start) !== 0x7b) {
    if (text.trim() === '') return { kind: 'ignored', reason: 'blank message' };
    return malformed(fields, `a message must be a JSON object, got ${quote(text.slice(start))}`);
  }
  const end = scanner.scanObject(start, fields.note);
  const wrong = end < 0 ? ~end : scanner.skipSpace(end);
  if (end >= 0 && wrong === text.length) return undefined;
  const found = wrong < text.length ? `at ${quote(text.slice(wrong, wrong + 40))}` : 'at its end';
  return malformed(fields, `invalid JSON at offset ${wrong}, ${found}`);
}

/** A call; written out because it is most of what an engine reads. */
function readInvoke(fields: MessageFields, isFromWorker: boolean): Decoded<InvokeFunctionFrame> {
  const invocationId = isFromWorker
    ? fields.uuid(SLOT.invocationId, 'invocation_id')
    : fields.id(SLOT.invocationId, 'invocation_id');
  const functionId = readFunctionId(fields);
  const traceparent = fields.context(SLOT.traceparent, 'traceparent');
  const baggage = fields.context(SLOT.baggage, 'baggage');
  const action = readAction(fields, SLOT.action);
  const metadata = fields.payload(SLOT.metadata);
  const namespace = fields.string(SLOT.namespace, 'namespace');
  if (fields.problem !== undefined) return malformed(fields, fields.problem);
  const frame: Writable<InvokeFunctionFrame> = {
    type: 'invokefunction',
    function_id: functionId as string,
    data: Payload.ofText(fields.raw(SLOT.data) ?? 'null'),
  };
  if (invocationId !== undefined) frame.invocation_id = invocationId;
  if (traceparent !== undefined) frame.traceparent = traceparent;
  if (baggage !== undefined) frame.baggage = baggage;
  if (action !== undefined) frame.action = action;
  if (metadata !== undefined) frame.metadata = metadata;
  if (namespace !== undefined) frame.namespace = namespace;
  return { kind: 'frame', frame };
}

/** An answer; written out like the call, and because `null` is a result here. */
function readResult(fields: MessageFields): Decoded<InvocationResultFrame> {
  const invocationId = fields.uuid(SLOT.invocationId, 'invocation_id');
  if (invocationId === undefined) fields.refuse(SLOT.invocationId, 'invocation_id', 'is required');
  const functionId = readFunctionId(fields);
  const result = fields.raw(SLOT.result);
  const error = readError(fields, SLOT.error, 'error');
  const traceparent = fields.context(SLOT.traceparent, 'traceparent');
  const baggage = fields.context(SLOT.baggage, 'baggage');
  if (fields.problem !== undefined) return malformed(fields, fields.problem);
  const frame: Writable<InvocationResultFrame> = {
    type: 'invocationresult',
    invocation_id: invocationId as string,
    function_id: functionId as string,
  };
  if (error !== undefined) frame.error = error;
  else if (result !== undefined) frame.result = Payload.ofText(result);
  if (traceparent !== undefined) frame.traceparent = traceparent;
  if (baggage !== undefined) frame.baggage = baggage;
  return { kind: 'frame', frame };
}

function readFunctionId(fields: MessageFields): string | undefined {
  const slot = fields.isAbsentOrNull(SLOT.functionId) ? SLOT.functionPath : SLOT.functionId;
  return (
    fields.id(slot, 'function_id') ?? fields.refuse(SLOT.functionId, 'function_id', 'is required')
  );
}

/** Any other message, by its shape. */
function readFrame<F extends Frame>(
  fields: MessageFields,
  type: string,
  shape: FrameShape,
): Decoded<F> {
  const frame: Record<string, unknown> = { type };
  for (const field of shape) {
    const value = readField(fields, field) ?? readFallback(field);
    if (value !== undefined) frame[field.name] = value;
    else if (field.isRequired) fields.refuse(slotOf(field.name), field.name, 'is required');
  }
  if (fields.problem !== undefined) return malformed(fields, fields.problem);
  // The shape of a type and its interface in frames.ts say the same; the round-trip tests hold them together.
  return { kind: 'frame', frame: frame as unknown as F };
}

function refuseType(fields: MessageFields): Unread {
  fields.refuse(SLOT.type, 'type', 'is required');
  return malformed(fields, fields.problem as string);
}

function malformed(fields: MessageFields, reason: string): Unread {
  return { kind: 'malformed', reason, recovered: fields.recover() };
}
