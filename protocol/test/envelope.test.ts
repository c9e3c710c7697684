import { describe, expect, test } from 'vitest';
import {
  decodeEngineFrame,
  decodeWorkerFrame,
  type EngineFrame,
  encodeFrame,
  type Frame,
  Payload,
  type WorkerFrame,
} from '../src/index.ts';

const ID = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
const BIG = '{"n":9007199254740993,"a":1,"a":2}';
const payload = () => Payload.ofText(BIG);
const error = { code: 'x', message: 'no "way"\n', stacktrace: 'at é' };

const BOTH = [
  { type: 'invokefunction', invocation_id: ID, function_id: 'a::b', data: payload() },
  {
    type: 'invokefunction',
    function_id: 'a::b',
    data: payload(),
    traceparent: '00-1',
    baggage: 'a=b',
    action: { type: 'enqueue', queue: 'q' },
    metadata: payload(),
    namespace: '',
  },
  { type: 'invokefunction', function_id: 'f', data: payload(), action: { type: 'void' } },
  { type: 'invocationresult', invocation_id: ID, function_id: 'f' },
  { type: 'invocationresult', invocation_id: ID, function_id: 'f', result: Payload.ofText('null') },
  { type: 'invocationresult', invocation_id: ID, function_id: 'f', error, traceparent: 't' },
  {
    type: 'registertrigger',
    id: 't',
    trigger_type: 'cron',
    function_id: 'f',
    config: payload(),
    metadata: payload(),
    namespace: 'n',
    trigger_namespace: 'm',
  },
  { type: 'unregistertrigger', id: 't' },
  { type: 'unregistertrigger', id: 't', trigger_type: 'cron' },
  { type: 'triggerregistrationresult', id: 't', trigger_type: 'cron', function_id: 'f', error },
  { type: 'cancelinvocation', invocation_id: ID },
  { type: 'ping' },
  { type: 'pong' },
] satisfies (WorkerFrame & EngineFrame)[];

const FROM_WORKER: WorkerFrame[] = [
  ...BOTH,
  {
    type: 'registerfunction',
    id: 'f',
    description: 'd\u2028',
    request_format: payload(),
    response_format: payload(),
    metadata: payload(),
    invocation: { url: 'http://x', method: 'PUT', timeout_ms: 5, headers: { a: 'b' }, auth: [1] },
  },
  { type: 'unregisterfunction', id: 'f' },
  {
    type: 'registertriggertype',
    id: 'cron',
    description: '',
    trigger_request_format: payload(),
    call_request_format: payload(),
    namespace: 'n',
  },
  { type: 'unregistertriggertype', id: 'cron', namespace: 'n' },
  { type: 'registerservice', id: 's', name: 'n', description: 'd', parent_service_id: 'p' },
  { type: 'reattach', previous_worker_id: 'w', reattach_token: 't' },
  { type: 'reattach', previous_worker_id: 'w' },
  { type: 'draining' },
];

const FROM_ENGINE: EngineFrame[] = [
  ...BOTH,
  { type: 'workerregistered', worker_id: 'w', reattach_token: 't', capabilities: ['a', 'b'] },
  { type: 'workerregistered', worker_id: 'w' },
  {
    type: 'registrationrejected',
    code: 'FUNCTION_NAMESPACE_CONFLICT',
    namespace: 'default',
    function_id: 'f',
    owner_worker_id: '',
  },
  { type: 'registrationoutcome', kind: 'trigger', id: 't', outcome: 'pending', reason: 'r' },
  { type: 'error', error: { code: 'AUTH_ERROR', message: 'm' } },
];

/** Payloads as their text, so that frames compare by what is on the wire. */
function plain(frame: Frame): unknown {
  const show = (value: unknown) => (value instanceof Payload ? `text ${value.text}` : value);
  return Object.fromEntries(Object.entries(frame).map(([key, value]) => [key, show(value)]));
}

function worker(message: unknown) {
  return decodeWorkerFrame(typeof message === 'string' ? message : JSON.stringify(message));
}

function frameOf(message: unknown): WorkerFrame {
  const decoded = worker(message);
  if (decoded.kind !== 'frame') throw new Error(decoded.reason);
  return decoded.frame;
}

function invoke(more: string): string {
  return `{"type":"invokefunction","function_id":"f"${more}}`;
}

describe('round trips', () => {
  test.each(FROM_WORKER.map((frame) => [frame.type, frame] as const))('worker %s', (_, frame) => {
    expect(plain(frameOf(encodeFrame(frame)))).toEqual(plain(frame));
  });

  test.each(FROM_ENGINE.map((frame) => [frame.type, frame] as const))('engine %s', (_, frame) => {
    const decoded = decodeEngineFrame(encodeFrame(frame));
    expect(decoded.kind === 'frame' && plain(decoded.frame)).toEqual(plain(frame));
  });
});

describe('writing', () => {
  test('a call puts ids first, then its payload, then the rest', () => {
    expect(encodeFrame(FROM_WORKER[1] as WorkerFrame)).toBe(
      `{"type":"invokefunction","function_id":"a::b","data":${BIG},"traceparent":"00-1","baggage":"a=b","action":{"type":"enqueue","queue":"q"},"metadata":${BIG},"namespace":""}`,
    );
    const call = { type: 'invokefunction', function_id: 'f', data: Payload.ofValue(1) } as const;
    expect(encodeFrame(call)).toBe('{"type":"invokefunction","function_id":"f","data":1}');
  });

  test('an error wins over a result', () => {
    const both = { function_id: 'f', result: payload(), error: { code: 'c', message: 'm' } };
    expect(encodeFrame({ type: 'invocationresult', invocation_id: ID, ...both })).toBe(
      `{"type":"invocationresult","invocation_id":"${ID}","function_id":"f","error":{"code":"c","message":"m"}}`,
    );
  });

  test('lone surrogates and control characters are escaped', () => {
    expect(encodeFrame({ type: 'unregisterfunction', id: '\ud800\n' })).toBe(
      '{"type":"unregisterfunction","id":"\\ud800\\n"}',
    );
  });
});

describe('reading', () => {
  test.each<[string, unknown, unknown]>([
    ['missing data is null', invoke(''), { data: 'text null' }],
    ['space around a payload is cut', invoke(',"data" : \n [1, 2] '), { data: 'text [1, 2]' }],
    ['the last of a repeated key counts', invoke(',"data":1,"data":2'), { data: 'text 2' }],
    ['escaped keys are known', invoke(',"\\u0064ata":3'), { data: 'text 3' }],
    ['__proto__ is only a key', invoke(',"__proto__":{"data":1},"data":4'), { data: 'text 4' }],
    [
      'a path stands in for an id',
      '{"type":"invokefunction","function_path":"p"}',
      { function_id: 'p' },
    ],
    [
      'an own path stands in for an id',
      { type: 'registerfunction', function_path: 'p' },
      { id: 'p' },
    ],
    ['ids beat paths', invoke(',"function_path":"p"'), { function_id: 'f' }],
    [
      'a missing description is empty',
      { type: 'registertriggertype', id: 't' },
      { description: '' },
    ],
    [
      'a missing config is null',
      { type: 'registertrigger', id: 't', trigger_type: 'c', function_id: 'f' },
      { config: 'text null' },
    ],
    [
      'a bare error text is a message',
      { type: 'invocationresult', invocation_id: ID, function_id: 'f', error: 'e' },
      { error: { code: 'invocation_failed', message: 'e' } },
    ],
    [
      'an empty error is filled in',
      { type: 'invocationresult', invocation_id: ID, function_id: 'f', error: {} },
      { error: { code: 'invocation_failed', message: '' } },
    ],
  ])('%s', (_, message, expected) => {
    expect(plain(frameOf(message))).toMatchObject(expected as object);
  });

  test('null means absent', () => {
    const fields = ['invocation_id', 'traceparent', 'baggage', 'action', 'metadata', 'namespace'];
    const nulls = fields.map((name) => `,"${name}":null`).join('');
    expect(Object.keys(frameOf(invoke(nulls)))).toEqual(['type', 'function_id', 'data']);
    expect(Object.keys(frameOf(invoke(',"traceparent":"","baggage":""')))).toHaveLength(3);
  });

  test('a null result is a result, and an error drops it', () => {
    const result = { type: 'invocationresult', invocation_id: ID, function_id: 'f', result: null };
    expect(plain(frameOf(result))).toMatchObject({ result: 'text null' });
    expect(frameOf({ ...result, error: null })).toHaveProperty('result');
    expect(frameOf({ ...result, error: {} })).not.toHaveProperty('result');
  });

  test.each<[string, RegExp, object]>([
    [invoke(',"data":[1,}'), /invalid JSON at offset 53, at }}$/, { function_id: 'f' }],
    [invoke(',"data":1}'), /invalid JSON at offset 52, at }$/, { function_id: 'f' }],
    [invoke(',"data":[').slice(0, -1), /at its end/, { function_id: 'f' }],
    [
      invoke(',"invocation_id":"x"'),
      /"invocation_id" must be a UUID, got "x"/,
      { invocation_id: 'x' },
    ],
    [invoke(',"namespace":5'), /"namespace" must be a string, got 5/, {}],
    [invoke(',"action":{"type":"later"}'), /"action" must have type/, {}],
    [invoke(',"action":{"type":"enqueue"}'), /"action" must name its queue/, {}],
    ['{"type":"invokefunction","function_id":""}', /"function_id" must not be empty/, {}],
    ['{"type":"invokefunction"}', /"function_id" is required, got nothing/, {}],
    ['{"type":"invocationresult","function_id":"f"}', /"invocation_id" is required/, {}],
    [
      '{"type":"registerfunction","id":"f","invocation":{"url":"u","timeout_ms":-1}}',
      /timeout_ms/,
      { id: 'f' },
    ],
    ['{"type":"later","id":"f"}', /^unknown message type "later"$/, { type: 'later', id: 'f' }],
    ['{"type":7}', /"type" must be a string, got 7/, {}],
    ['{}', /"type" is required/, {}],
    ['[]', /must be a JSON object/, {}],
    ['\ufeff{}', /must be a JSON object/, {}],
  ])('%s is malformed', (text, reason, recovered) => {
    const decoded = decodeWorkerFrame(text);
    expect(decoded).toMatchObject({ kind: 'malformed', recovered });
    expect(decoded.kind === 'malformed' && decoded.reason).toMatch(reason);
  });

  test('a reason quotes no more than a short piece', () => {
    const decoded = worker(invoke(`,"action":"${'x'.repeat(10_000)}"`));
    expect(decoded.kind === 'malformed' && decoded.reason.length).toBeLessThan(130);
  });

  test('blank text and what is not meant for the reader is ignored', () => {
    expect(worker('').kind).toBe('ignored');
    expect(worker(' \n ').kind).toBe('ignored');
    expect(worker({ type: 'workerregistered' }).kind).toBe('ignored');
    expect(worker({ type: 'registrationrejected' }).kind).toBe('ignored');
    expect(decodeEngineFrame('{"type":"draining"}').kind).toBe('ignored');
    expect(decodeEngineFrame('{"type":"novel"}').kind).toBe('ignored');
  });

  test('a client takes ids of any form from its engine', () => {
    expect(decodeEngineFrame(invoke(',"invocation_id":"1"')).kind).toBe('frame');
  });
});
