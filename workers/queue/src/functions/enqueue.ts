// SPDX-License-Identifier: Apache-2.0

import { Payload } from 'iii-sdk/internal';
import { Input } from '../input.ts';
import { type MessageOptions, MessageRefused, readOptions } from '../message.ts';
import { answer, fail, objectFormat, type QueueFunction, TEXT } from './queue-function.ts';

/** `engine::queue::enqueue`: what the engine hands `TriggerAction.Enqueue` over to. */
export const enqueue: QueueFunction = {
  ids: ['engine::queue::enqueue'],
  description: 'Queue a call of a function',
  requestFormat: objectFormat(
    { queue: TEXT, function_id: TEXT, data: {}, messageReceiptId: TEXT },
    ['queue', 'function_id', 'data'],
  ),
  async run({ broker }, input) {
    const given = input.optionalText('messageReceiptId', 'message_receipt_id');
    const metadata = input.raw('metadata');
    const nowMs = broker.now();
    const target = {
      functionId: input.text('function_id'),
      namespace: input.optionalText('namespace') || 'default',
    };
    const message = {
      id: given ?? broker.newReceipt(),
      data: input.requiredRaw('data'),
      traceparent: input.optionalText('traceparent'),
      baggage: input.optionalText('baggage'),
      metadata: metadata === 'null' ? undefined : metadata,
      ...withMetadata(readOptions(input, nowMs), metadata, nowMs),
    };
    try {
      const { receipt, isRepeated } = await broker.enqueue(input.text('queue'), target, message);
      // The engine hands out the receipt it made; only who called directly needs to be told.
      if (given !== undefined && !isRepeated) return Payload.ofText('null');
      return answer({ messageReceiptId: receipt, ...(isRepeated ? { deduplicated: true } : {}) });
    } catch (error) {
      if (error instanceof MessageRefused) throw fail('enqueue_error', error.message);
      throw error;
    }
  },
};

/** A caller of `TriggerAction.Enqueue` has no fields but metadata, so options may stand there. */
function withMetadata(
  options: MessageOptions,
  metadata: string | undefined,
  nowMs: number,
): MessageOptions {
  if (!metadata?.includes('"iii_queue"')) return options;
  const inner = new Input('engine::queue::enqueue', Payload.ofText(metadata)).raw('iii_queue');
  if (inner === undefined) return options;
  const more = readOptions(new Input('engine::queue::enqueue', Payload.ofText(inner)), nowMs);
  return {
    dueMs: options.dueMs ?? more.dueMs,
    idempotencyKey: options.idempotencyKey ?? more.idempotencyKey,
    priority: options.priority ?? more.priority,
  };
}
