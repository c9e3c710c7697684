// SPDX-License-Identifier: Apache-2.0
import { Payload } from 'iii-sdk/internal';
import type { DeadFilter } from '../dead-letter.ts';
import { Input } from '../input.ts';
import {
  answer,
  COUNT,
  fail,
  failingAs,
  objectFormat,
  type QueueFunction,
  readQueue,
  readTopic,
  TEXT,
} from './queue-function.ts';

const MESSAGE_FORMAT = objectFormat({ queue: TEXT, message_id: TEXT }, ['queue', 'message_id']);
const FILTER_FORMAT = objectFormat({
  function_id: TEXT,
  error_contains: TEXT,
  failed_before: COUNT,
  failed_after: COUNT,
});
const ALL_FORMAT = objectFormat({ queue: TEXT, filter: FILTER_FORMAT }, ['queue']);
/** Messages of a page when nothing is said. */
const DEFAULT_LIMIT = 50;

const redrive: QueueFunction = {
  ids: ['iii::queue::redrive'],
  description: 'Queue dead messages again: all, or those that fit a filter',
  requestFormat: ALL_FORMAT,
  async run({ deadLetters }, input) {
    const queue = readQueue(input);
    const filter = readFilter(input);
    const what = `Failed to redrive DLQ for queue '${queue}'`;
    const redriven = await failingAs('redrive_failed', what, () =>
      deadLetters.redrive(queue, filter),
    );
    return answer({ queue, redriven });
  },
};

const discard: QueueFunction = {
  ids: ['iii::queue::discard'],
  description: 'Throw dead messages away: all, or those that fit a filter',
  requestFormat: ALL_FORMAT,
  async run({ deadLetters }, input) {
    const queue = readQueue(input);
    const filter = readFilter(input);
    const what = `Failed to discard DLQ for queue '${queue}'`;
    const discarded = await failingAs('discard_failed', what, () =>
      deadLetters.discard(queue, filter),
    );
    return answer({ queue, discarded });
  },
};

const redriveMessage: QueueFunction = {
  ids: ['iii::queue::redrive_message'],
  description: 'Queue one dead message again',
  requestFormat: MESSAGE_FORMAT,
  async run({ deadLetters }, input) {
    const { queue, id } = readMessage(input);
    const what = `Failed to redrive DLQ message '${id}' for queue '${queue}'`;
    const isDone = await failingAs('redrive_message_failed', what, () =>
      deadLetters.redriveOne(queue, id),
    );
    return answer({ queue, message_id: id, redriven: isDone ? 1 : 0 });
  },
};

const discardMessage: QueueFunction = {
  ids: ['iii::queue::discard_message'],
  description: 'Throw one dead message away',
  requestFormat: MESSAGE_FORMAT,
  async run({ deadLetters }, input) {
    const { queue, id } = readMessage(input);
    const isDone = await failingAs('discard_message_failed', 'Failed to discard DLQ message', () =>
      deadLetters.discardOne(queue, id),
    );
    return answer({ queue, message_id: id, redriven: isDone ? 1 : 0 });
  },
};

const dlqTopics: QueueFunction = {
  ids: ['engine::queue::dlq_topics'],
  description: 'List queues and topics with dead messages',
  requestFormat: undefined,
  async run({ broker, deadLetters, topics }) {
    const names = new Set([...broker.names, ...topics.names()]);
    for (const { identity } of broker.store.lanes()) names.add(identity.name);
    const listed = [...names].map((topic) => ({
      topic,
      broker_type: 'builtin',
      message_count: deadLetters.count(topic),
    }));
    return answer(listed.filter((entry) => entry.message_count > 0));
  },
};

const dlqMessages: QueueFunction = {
  ids: ['engine::queue::dlq_messages'],
  description: 'Look at dead messages, newest failure first',
  requestFormat: objectFormat({ topic: TEXT, offset: COUNT, limit: COUNT }, ['topic']),
  async run({ deadLetters }, input) {
    const topic = readTopic(input);
    const offset = input.optionalWhole('offset') ?? 0;
    const limit = input.optionalWhole('limit') ?? DEFAULT_LIMIT;
    const found = await failingAs('dlq_messages_failed', 'Failed to browse DLQ messages', () =>
      deadLetters.browse(topic, offset, limit),
    );
    const texts = found.map(({ payload, ...rest }) => {
      const head = JSON.stringify(rest);
      return `${head.slice(0, -1)},"payload":${payload}}`;
    });
    return Payload.ofText(`[${texts.join(',')}]`);
  },
};

function readMessage(input: Input): { queue: string; id: string } {
  const queue = readQueue(input);
  const id = input.text('message_id');
  if (id === '') throw fail('message_id_not_set', 'Message ID is required');
  return { queue, id };
}

function readFilter(input: Input): DeadFilter {
  const text = input.raw('filter');
  if (text === undefined || text === 'null') return {};
  const filter = new Input('iii::queue', Payload.ofText(text));
  return {
    functionId: filter.optionalText('function_id'),
    errorContains: filter.optionalText('error_contains'),
    failedBefore: filter.optionalWhole('failed_before'),
    failedAfter: filter.optionalWhole('failed_after'),
  };
}

export const DEAD_LETTER_FUNCTIONS: readonly QueueFunction[] = [
  redrive,
  discard,
  redriveMessage,
  discardMessage,
  dlqTopics,
  dlqMessages,
];
