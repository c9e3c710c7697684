// SPDX-License-Identifier: Apache-2.0
import {
  decodeEngineFrame,
  encodeFrame,
  type Transport,
  type TransportEvents,
  type WorkerFrame,
} from '@iii-dev/protocol';
import { Payload, rawCalls, registerWorkerOver } from 'iii-sdk/internal';
import { describe, expect, test } from 'vitest';

/** A link in memory that keeps what was sent and answers calls of `echo`. */
function createMemoryTransport() {
  const sent: WorkerFrame[] = [];
  let events: TransportEvents | undefined;
  const transport: Transport = {
    address: 'ws://127.0.0.1:1',
    open(opened) {
      events = opened;
      queueMicrotask(() => {
        opened.onOpen();
        opened.onFrame({ type: 'workerregistered', worker_id: 'w', capabilities: [] });
      });
      return {
        send: (frame) => {
          sent.push(frame);
          if (frame.type !== 'invokefunction' || frame.function_id !== 'echo') return;
          const { invocation_id = '', function_id, data } = frame;
          const text = encodeFrame({
            type: 'invocationresult',
            invocation_id,
            function_id,
            result: data,
          });
          const decoded = decodeEngineFrame(text);
          if (decoded.kind === 'frame') queueMicrotask(() => opened.onFrame(decoded.frame));
        },
        sendBinary: () => {},
        ping: () => {},
        close: () => {},
        terminate: () => {},
      };
    },
  };
  return { transport, sent, events: () => events as TransportEvents };
}

describe('a worker over a link in memory', () => {
  test('is a client like any other', async () => {
    const { transport, sent, events } = createMemoryTransport();
    const iii = registerWorkerOver(transport, { workerName: 'inline' });
    iii.registerFunction('double', (data: number) => data * 2);
    await iii.ready();
    expect(sent.map((frame) => frame.type)).toEqual(['invokefunction', 'registerfunction']);
    expect(await iii.trigger({ function_id: 'echo', payload: { a: 1 } })).toEqual({ a: 1 });
    const invocation_id = '1e769fdf-de6d-4ba2-a4f6-b69577a9226e';
    events().onFrame({
      type: 'invokefunction',
      invocation_id,
      function_id: 'double',
      data: Payload.ofValue(21),
    });
    await expect.poll(() => sent.at(-1)).toMatchObject({ invocation_id });
    const answer = sent.at(-1);
    expect(answer?.type === 'invocationresult' && answer.result?.value).toBe(42);
    await iii.shutdown();
  });

  test('passes JSON text through without parsing it', async () => {
    const { transport } = createMemoryTransport();
    const iii = registerWorkerOver(transport);
    const text = '{"n":9007199254740993,"s": "x"}';
    const result = await rawCalls(iii).trigger({
      function_id: 'echo',
      payload: Payload.ofText(text),
      timeoutMs: 1_000,
    });
    expect(result?.text).toBe(text);
    await iii.shutdown();
  });

  test('sends a payload a handler returns as it is', async () => {
    const { transport, sent, events } = createMemoryTransport();
    const iii = registerWorkerOver(transport);
    iii.registerFunction('raw', () => Payload.ofText('9007199254740993'));
    await iii.ready();
    events().onFrame({
      type: 'invokefunction',
      invocation_id: '1e769fdf-de6d-4ba2-a4f6-b69577a9226e',
      function_id: 'raw',
      data: Payload.ofValue(null),
    });
    const answer = sent.at(-1);
    expect(answer?.type === 'invocationresult' && answer.result?.text).toBe('9007199254740993');
    await iii.shutdown();
  });
});

test('rawCalls refuses a client of another making', () => {
  expect(() => rawCalls({} as never)).toThrow('was not made by registerWorker');
});
