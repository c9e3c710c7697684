// SPDX-License-Identifier: Apache-2.0
import * as v from 'valibot';
import type { Job } from '../job.ts';
import { entryProblem, queueEntry } from '../queue-entry.ts';
import {
  answer,
  fail,
  objectFormat,
  type QueueFunction,
  type QueueParts,
  readQueue,
  TEXT,
} from './queue-function.ts';

const QUEUE_FORMAT = objectFormat({ queue: TEXT }, ['queue']);
/** Jobs thrown away in one go. */
const AT_ONCE = 500;

const pause: QueueFunction = {
  ids: ['engine::queue::pause'],
  description: 'Stop delivering from a queue or topic; what comes in waits',
  requestFormat: QUEUE_FORMAT,
  run: (parts, input) => setPaused(parts, readQueue(input), true),
};

const resume: QueueFunction = {
  ids: ['engine::queue::resume'],
  description: 'Deliver again from a paused queue or topic',
  requestFormat: QUEUE_FORMAT,
  run: (parts, input) => setPaused(parts, readQueue(input), false),
};

async function setPaused({ broker, deadLetters }: QueueParts, queue: string, isPaused: boolean) {
  const rows = deadLetters.rows(queue);
  if (rows.length === 0) throw fail('queue_not_found', `Queue '${queue}' not found`);
  for (const row of rows) row.isPaused = isPaused;
  await Promise.all(rows.map((row) => broker.store.saveLane(row)));
  for (const row of rows) broker.queue(row.id)?.pump();
  return answer({ queue, paused: isPaused });
}

const purge: QueueFunction = {
  ids: ['engine::queue::purge'],
  description: 'Throw away what waits in a queue or topic; dead and running messages stay',
  requestFormat: QUEUE_FORMAT,
  async run({ broker, deadLetters }, input) {
    const queue = readQueue(input);
    let purged = 0;
    for (const { id } of deadLetters.rows(queue)) {
      for (let after = ''; ; ) {
        await broker.store.settled();
        const places = broker.store.ready(id, after, AT_ONCE);
        const jobs = places.flatMap(({ order }) => broker.store.read(id, order) ?? []);
        purged += await removeAll(broker, jobs);
        if (places.length < AT_ONCE) break;
        after = places.at(-1)?.order ?? after;
      }
      purged += await removeAll(broker, broker.store.delayed(id, Number.MAX_SAFE_INTEGER));
    }
    return answer({ queue, purged });
  },
};

async function removeAll(broker: QueueParts['broker'], jobs: readonly Job[]): Promise<number> {
  const waiting = jobs.filter((job) => !broker.queue(job.lane)?.isRunning(job.id));
  const removed = await Promise.all(waiting.map((job) => broker.store.move(job, undefined)));
  return removed.filter(Boolean).length;
}

const cancel: QueueFunction = {
  ids: ['engine::queue::cancel'],
  description: 'Take a message that has not started out of its queue, by its receipt',
  requestFormat: objectFormat({ messageReceiptId: TEXT }, ['messageReceiptId']),
  async run({ broker }, input) {
    const id = input.text('messageReceiptId', 'message_receipt_id', 'message_id');
    const job = broker.store.find(id);
    const isWaiting = job !== undefined && job.state !== 'dead';
    const cancelled = isWaiting && (await removeAll(broker, [job])) === 1;
    return answer({ messageReceiptId: id, cancelled });
  },
};

const ensure: QueueFunction = {
  ids: ['engine::queue::ensure'],
  description: 'Make the queue of a function, or change it',
  requestFormat: objectFormat({ function_id: TEXT, config: { type: 'object' } }, ['function_id']),
  async run({ broker }, input) {
    const id = input.text('function_id');
    if (id.trim() === '') throw fail('invalid_config', 'function_id is required');
    const parsed = v.safeParse(queueEntry, JSON.parse(input.raw('config') ?? '{}') ?? {});
    if (!parsed.success) {
      const [issue] = parsed.issues;
      const path = v.getDotPath(issue) ?? 'config';
      throw fail('invalid_config', `Queue '${id}': ${path}: ${issue.message}`);
    }
    const problem = entryProblem(id, parsed.output);
    if (problem !== undefined) throw fail('invalid_config', problem);
    const changed = await broker.ensure(id, parsed.output);
    return answer({ function_id: id, queue: id, changed });
  },
};

const forget: QueueFunction = {
  ids: ['engine::queue::forget_subscriber'],
  description: 'Stop collecting messages for a subscriber that will not come back',
  requestFormat: objectFormat({ topic: TEXT, function_id: TEXT, namespace: TEXT }, [
    'topic',
    'function_id',
  ]),
  async run({ topics }, input) {
    const topic = input.text('topic', 'queue');
    const functionId = input.text('function_id');
    const namespace = input.optionalText('namespace') ?? 'default';
    return answer({ topic, forgotten: await topics.forget(topic, functionId, namespace) });
  },
};

export const OPERATE_FUNCTIONS: readonly QueueFunction[] = [
  pause,
  resume,
  purge,
  cancel,
  ensure,
  forget,
];
