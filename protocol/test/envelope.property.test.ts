import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeEngineFrame, decodeWorkerFrame, encodeFrame, Payload } from '../src/index.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const ID = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';

/** Whether a call is valid, by way of `JSON.parse`; the oracle for the decoder. */
function isCall(text: string): boolean {
  let message: Record<string, unknown>;
  try {
    message = JSON.parse(text);
  } catch {
    return false;
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return false;
  const { type, invocation_id, function_id, function_path, action } = message;
  const texts = [message.traceparent, message.baggage, message.namespace];
  const id = function_id ?? function_path;
  const { type: kind, queue } = (action ?? { type: 'void' }) as { type: unknown; queue: unknown };
  return (
    type === 'invokefunction' &&
    (invocation_id == null || (typeof invocation_id === 'string' && UUID.test(invocation_id))) &&
    typeof id === 'string' &&
    id !== '' &&
    texts.every((value) => value == null || typeof value === 'string') &&
    (kind === 'void' || (kind === 'enqueue' && typeof queue === 'string'))
  );
}

function expectSameVerdict(text: string): void {
  const decoded = decodeWorkerFrame(text);
  const isFrame = decoded.kind === 'frame' && decoded.frame.type === 'invokefunction';
  expect(isFrame, JSON.stringify(text)).toBe(isCall(text));
  if (decoded.kind !== 'frame' || decoded.frame.type !== 'invokefunction') return;
  const { data, metadata } = decoded.frame;
  const whole = JSON.parse(text);
  expect(JSON.parse(data.text)).toEqual(whole.data ?? null);
  expect(metadata ? JSON.parse(metadata.text) : null).toEqual(whole.metadata ?? null);
  expect(text).toContain(whole.data === undefined ? '' : data.text);
}

/** JSON text as various writers produce it, numbers beyond doubles and repeated keys included. */
const json = fc.oneof(
  fc.json(),
  fc.json().map((text) => JSON.stringify(JSON.parse(text), null, 2)),
  fc.constantFrom('9007199254740993', '1e400', '-0', '{"a":1,"a":2}', '"\\ud800"', '[ ]', '""'),
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
);

const space = fc.constantFrom('', '', '', ' ', '\n', '\t ', '\r\n');
const member = fc.oneof(
  fc.tuple(fc.constantFrom('"data"', '"\\u0064ata"', '"metadata"', '"x"', '"__proto__"'), json),
  fc.tuple(
    fc.constantFrom('"namespace"', '"traceparent"', '"function_path"'),
    fc.constantFrom('"n"', 'null', '""', '1', '"\\u0041"'),
  ),
  fc.tuple(fc.constant('"invocation_id"'), fc.constantFrom(`"${ID}"`, 'null', '"x"', '{}')),
  fc.tuple(fc.constant('"function_id"'), fc.constantFrom('"f"', '"a::b"', '""', 'null')),
  fc.tuple(
    fc.constant('"action"'),
    fc.constantFrom('{"type":"void"}', 'null', '{"type":"enqueue","queue":"q"}', '{}', '1'),
  ),
);

const call = fc
  .tuple(fc.array(member, { maxLength: 8 }), space, fc.nat())
  .map(([members, gap, at]) => {
    const fixed = ['"type":"invokefunction"', '"function_id":"f"'];
    const parts = members.map(([key, value]) => `${key}${gap}:${gap}${value}`);
    const i = at % (parts.length + 1);
    return `${gap}{${gap}${[...parts.slice(0, i), ...fixed, ...parts.slice(i)].join(`${gap},${gap}`)}${gap}}${gap}`;
  });

test('calls in any key order get the verdict of JSON.parse and exact slices', () => {
  fc.assert(fc.property(call, expectSameVerdict), { numRuns: 5_000 });
});

test('flipped, inserted, cut and truncated calls get the verdict of JSON.parse', () => {
  const piece = fc.constantFrom(
    '',
    '"',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '0',
    '\0',
    '\n',
    'u',
    'é',
  );
  const mutated = fc
    .tuple(call, fc.nat(), piece, fc.nat(2), fc.nat(9))
    .map(([text, at, inserted, cut, truncate]) => {
      const i = at % (text.length + 1);
      return text.slice(0, i) + inserted + (truncate === 0 ? '' : text.slice(i + cut));
    });
  fc.assert(fc.property(mutated, expectSameVerdict), { numRuns: 12_000 });
});

test('payload text passes both ways byte for byte', () => {
  fc.assert(
    fc.property(json, fc.string({ unit: 'binary', minLength: 1 }), (text, id) => {
      const data = Payload.ofText(text);
      const sent = encodeFrame({ type: 'invokefunction', function_id: id, data, metadata: data });
      const decoded = decodeEngineFrame(sent);
      if (decoded.kind !== 'frame' || decoded.frame.type !== 'invokefunction')
        throw new Error(sent);
      expect(decoded.frame.data.text).toBe(text);
      expect(decoded.frame.metadata?.text).toBe(text === 'null' ? undefined : text);
      expect(decoded.frame.function_id).toBe(id);
      if (text !== 'null') expect(encodeFrame(decoded.frame)).toBe(sent);
    }),
    { numRuns: 5_000 },
  );
});

test('arbitrary text never throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.json(), (text, json) => {
      for (const message of [
        text,
        json,
        `{"type":"${text}`,
        `{"type":"registerfunction",${json}}`,
      ]) {
        decodeWorkerFrame(message);
        decodeEngineFrame(message);
      }
    }),
    { numRuns: 3_000 },
  );
});

test('a deeply nested or very long payload is taken as it is', () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  const long = `"${'x'.repeat(16 * 1024 * 1024)}"`;
  for (const data of [deep, long]) {
    const decoded = decodeWorkerFrame(`{"type":"invokefunction","data":${data},"function_id":"f"}`);
    expect(decoded.kind).toBe('frame');
    const isExact =
      decoded.kind === 'frame' &&
      decoded.frame.type === 'invokefunction' &&
      decoded.frame.data.text === data;
    expect(isExact).toBe(true);
  }
  const action = `{"type":"invokefunction","function_id":"f","action":${deep}}`;
  expect(decodeWorkerFrame(action).kind).toBe('malformed');
});
