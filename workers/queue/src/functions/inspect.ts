// SPDX-License-Identifier: Apache-2.0
import { laneId } from '../lane.ts';
import {
  answer,
  objectFormat,
  type QueueFunction,
  type QueueParts,
  readTopic,
  TEXT,
} from './queue-function.ts';

const listTopics: QueueFunction = {
  ids: ['engine::queue::list_topics'],
  description: 'List topics with subscribers, and queues',
  requestFormat: undefined,
  async run({ broker, topics }) {
    const named = broker.names.map((name) => ({
      name,
      broker_type: 'builtin',
      subscriber_count: broker.settingsOfNamed(name)?.concurrency ?? 0,
    }));
    const live = [...topics.live()].map(([name, subscriber_count]) => ({
      name,
      broker_type: 'builtin',
      subscriber_count,
    }));
    return answer([...live, ...named]);
  },
};

const topicStats: QueueFunction = {
  ids: ['engine::queue::topic_stats'],
  description: 'Count what waits in a topic or queue',
  requestFormat: objectFormat({ topic: TEXT }, ['topic']),
  async run(parts, input) {
    const topic = readTopic(input);
    const { broker, deadLetters, topics } = parts;
    const settings = broker.settingsOfNamed(topic);
    const rows = deadLetters.rows(topic);
    const sum = (count: 'ready' | 'delayed' | 'dead'): number =>
      rows.reduce((total, row) => total + row[count], 0);
    const active = rows.reduce((total, { id }) => total + (broker.queue(id)?.active ?? 0), 0);
    return answer({
      depth: sum('ready'),
      consumer_count: settings?.concurrency ?? topics.live().get(topic) ?? 0,
      dlq_depth: sum('dead'),
      config: settings === undefined ? null : shownConfig(settings),
      waiting: Math.max(0, sum('ready') - active),
      active,
      delayed: sum('delayed'),
      paused: rows.length > 0 && rows.every((row) => row.isPaused),
    });
  },
};

function shownConfig(settings: NonNullable<ReturnType<QueueParts['broker']['settingsOfNamed']>>) {
  return {
    type: settings.isFifo ? 'fifo' : 'standard',
    concurrency: settings.concurrency,
    max_retries: settings.shownMaxAttempts,
    backoff_ms: settings.backoffMs,
    ...(settings.groupField === undefined ? {} : { message_group_field: settings.groupField }),
  };
}

const job: QueueFunction = {
  ids: ['engine::queue::job'],
  description: 'Tell where a message is, by its receipt',
  requestFormat: objectFormat({ messageReceiptId: TEXT }, ['messageReceiptId']),
  async run({ broker }, input) {
    const id = input.text('messageReceiptId', 'message_receipt_id', 'message_id');
    const found = broker.store.find(id);
    if (found === undefined) {
      const finished = broker.finished.find(id);
      if (finished === undefined) return answer(null);
      const queue = nameOf(broker, finished.lane);
      const { attempts } = finished;
      return answer({ messageReceiptId: id, queue, status: 'succeeded', attempts });
    }
    const isRunning = broker.queue(found.lane)?.isRunning(id) ?? false;
    const waits = found.attempts > 0 ? 'retrying' : 'queued';
    const status = found.state === 'dead' ? 'dead' : isRunning ? 'running' : waits;
    return answer({
      messageReceiptId: id,
      queue: nameOf(broker, found.lane),
      function_id: found.functionId,
      status,
      attempts: found.attempts,
      ...(found.error === undefined ? {} : { last_error: JSON.parse(found.error) as unknown }),
      ...(found.state === 'delayed' ? { due_at: found.notBeforeMs } : {}),
    });
  },
};

function nameOf(broker: QueueParts['broker'], lane: string): string {
  return broker.store.lane(lane)?.identity.name ?? laneId({ kind: 'topic', name: lane });
}

export const INSPECT_FUNCTIONS: readonly QueueFunction[] = [listTopics, topicStats, job];
