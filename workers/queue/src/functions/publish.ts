// SPDX-License-Identifier: Apache-2.0
import { Payload } from 'iii-sdk/internal';
import { readOptions } from '../message.ts';
import { fail, objectFormat, type QueueFunction, TEXT } from './queue-function.ts';

/** `iii::durable::publish`, and the name old clients know it by. */
export const publish: QueueFunction = {
  ids: ['iii::durable::publish', 'enqueue'],
  description: 'Publish a message to a durable topic',
  requestFormat: objectFormat({ topic: TEXT, data: {} }, ['topic', 'data']),
  async run({ broker, topics }, input) {
    const topic = input.text('topic', 'queue');
    const data = input.requiredRaw('data');
    if (topic === '') throw fail('topic_not_set', 'Topic is not set');
    await topics.publish(topic, {
      id: broker.newReceipt(),
      data,
      traceparent: input.optionalText('__traceparent', 'traceparent'),
      baggage: input.optionalText('__baggage', 'baggage'),
      metadata: undefined,
      ...readOptions(input, broker.now()),
    });
    return Payload.ofText('null');
  },
};
