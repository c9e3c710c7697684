// SPDX-License-Identifier: Apache-2.0
import type { EngineFrame, WorkerFrame } from './frames.ts';

/**
 * How a field is read and written:
 * - `id`: text that is not empty; `uuid`: an id in UUID form
 * - `string`: any text; `context`: text whose empty form means absent
 * - `payload`: JSON that stays text
 * - `error`, `action`, `http`, `strings`: small structures, see `field-values.ts`
 */
export type FieldKind =
  | 'id'
  | 'uuid'
  | 'string'
  | 'context'
  | 'payload'
  | 'error'
  | 'action'
  | 'http'
  | 'strings';

/** One field of a message. */
export interface FieldShape {
  readonly name: string;
  readonly kind: FieldKind;
  readonly isRequired: boolean;
  /** Stands in for a missing field: JSON text of a payload, else the value. */
  readonly fallback?: string;
  /** An older name, read when the field itself is absent. */
  readonly alias?: string;
  /** The only values allowed. */
  readonly oneOf?: readonly string[];
}

/** The fields of a message, in the order in which they are written after `type`. */
export type FrameShape = readonly FieldShape[];

function required(name: string, kind: FieldKind, more: Partial<FieldShape> = {}): FieldShape {
  return { name, kind, isRequired: true, ...more };
}

function optional(name: string, kind: FieldKind): FieldShape {
  return { name, kind, isRequired: false };
}

/** Hand-written clients follow documentation that called function ids paths. */
const FUNCTION_ID: FieldShape = required('function_id', 'id', { alias: 'function_path' });
const FUNCTION_OWN_ID: FieldShape = required('id', 'id', { alias: 'function_path' });
const ID: FieldShape = required('id', 'id');
const TRIGGER_TYPE: FieldShape = required('trigger_type', 'id');
const NAMESPACE: FieldShape = optional('namespace', 'string');

const INVOKE_REST: FrameShape = [
  FUNCTION_ID,
  required('data', 'payload', { fallback: 'null' }),
  optional('traceparent', 'context'),
  optional('baggage', 'context'),
  optional('action', 'action'),
  optional('metadata', 'payload'),
  NAMESPACE,
];

const COMMON_SHAPES = {
  invocationresult: [
    required('invocation_id', 'uuid'),
    FUNCTION_ID,
    optional('result', 'payload'),
    optional('error', 'error'),
    optional('traceparent', 'context'),
    optional('baggage', 'context'),
  ],
  registertrigger: [
    ID,
    TRIGGER_TYPE,
    FUNCTION_ID,
    required('config', 'payload', { fallback: 'null' }),
    optional('metadata', 'payload'),
    NAMESPACE,
    optional('trigger_namespace', 'string'),
  ],
  unregistertrigger: [ID, optional('trigger_type', 'string')],
  triggerregistrationresult: [ID, TRIGGER_TYPE, FUNCTION_ID, optional('error', 'error')],
  cancelinvocation: [required('invocation_id', 'id')],
  ping: [],
  pong: [],
} as const satisfies Record<string, FrameShape>;

/** What a worker may send. */
export const WORKER_SHAPES: Readonly<Record<WorkerFrame['type'], FrameShape>> = {
  ...COMMON_SHAPES,
  invokefunction: [optional('invocation_id', 'uuid'), ...INVOKE_REST],
  registerfunction: [
    FUNCTION_OWN_ID,
    optional('description', 'string'),
    optional('request_format', 'payload'),
    optional('response_format', 'payload'),
    optional('metadata', 'payload'),
    optional('invocation', 'http'),
  ],
  unregisterfunction: [FUNCTION_OWN_ID],
  registertriggertype: [
    ID,
    required('description', 'string', { fallback: '' }),
    optional('trigger_request_format', 'payload'),
    optional('call_request_format', 'payload'),
    NAMESPACE,
  ],
  unregistertriggertype: [ID, NAMESPACE],
  registerservice: [
    ID,
    optional('name', 'string'),
    optional('description', 'string'),
    optional('parent_service_id', 'string'),
  ],
  reattach: [required('previous_worker_id', 'id'), optional('reattach_token', 'string')],
  draining: [],
};

/** What an engine may send. */
export const ENGINE_SHAPES: Readonly<Record<EngineFrame['type'], FrameShape>> = {
  ...COMMON_SHAPES,
  // A client answers whatever id its engine chose; only the engine insists on the form.
  invokefunction: [optional('invocation_id', 'id'), ...INVOKE_REST],
  workerregistered: [
    required('worker_id', 'id'),
    optional('reattach_token', 'string'),
    optional('capabilities', 'strings'),
  ],
  registrationrejected: [
    required('code', 'id'),
    required('namespace', 'string', { fallback: '' }),
    optional('worker_name', 'string'),
    optional('function_id', 'string'),
    required('owner_worker_id', 'string', { fallback: '' }),
  ],
  registrationoutcome: [
    required('kind', 'string', { oneOf: ['function', 'trigger', 'trigger_type'] }),
    ID,
    required('outcome', 'string', { oneOf: ['accepted', 'pending', 'refused'] }),
    optional('reason', 'string'),
  ],
  error: [required('error', 'error')],
};

/** Ids a sender can be told when its message is not valid. */
export const RECOVERABLE_FIELDS = [
  'type',
  'id',
  'invocation_id',
  'function_id',
  'trigger_type',
] as const;
