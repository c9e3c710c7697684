// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import type { RunningWorker, WorkerContext } from '@iii-dev/worker-kit';
import { Payload } from 'iii-sdk/internal';
import { createLmdbQueueStore } from './adapters/lmdb.ts';
import { createMemoryQueueStore } from './adapters/memory.ts';
import { Broker } from './broker.ts';
import type { QueueConfig } from './config.ts';
import { DeadLetters } from './dead-letter.ts';
import { DEAD_LETTER_FUNCTIONS } from './functions/dead-letters.ts';
import { enqueue } from './functions/enqueue.ts';
import { INSPECT_FUNCTIONS } from './functions/inspect.ts';
import { OPERATE_FUNCTIONS } from './functions/operate.ts';
import { publish } from './functions/publish.ts';
import type { QueueParts } from './functions/queue-function.ts';
import { Input } from './input.ts';
import type { QueueStore } from './store.ts';
import { Topics } from './topics.ts';
import { provideTriggers } from './triggers.ts';

const FUNCTIONS = [
  enqueue,
  publish,
  ...DEAD_LETTER_FUNCTIONS,
  ...INSPECT_FUNCTIONS,
  ...OPERATE_FUNCTIONS,
];
const NOTHING: Payload = Payload.ofText('null');
const ON_FUNCTIONS_ID = 'iii-queue::on-functions-change';

/** Opens the store, goes on with what is in it, and offers the functions and trigger types. */
export async function startQueue(context: WorkerContext<QueueConfig>): Promise<RunningWorker> {
  const { config, iii, log, raw } = context;
  const store = await openQueueStore(context);
  const broker = new Broker({ store, raw, log, config });
  const topics = new Topics(broker);
  const parts: QueueParts = { broker, topics, deadLetters: new DeadLetters(broker, topics) };
  for (const definition of FUNCTIONS) {
    const { description, ids, requestFormat } = definition;
    for (const id of ids) {
      raw.registerFunction(
        id,
        (data) =>
          definition.run(parts, new Input(id, requestFormat === undefined ? NOTHING : data)),
        {
          description,
          ...(requestFormat === undefined ? {} : { request_format: requestFormat }),
        },
      );
    }
  }
  provideTriggers(iii, topics, config.topicDefaults);
  watchFunctions(context, broker);
  return { close: () => broker.close() };
}

/** Jobs whose function was missing need not wait for their time when functions come. */
function watchFunctions({ iii }: WorkerContext<QueueConfig>, broker: Broker): void {
  iii.registerFunction(ON_FUNCTIONS_ID, () => broker.functionsChanged(), {
    metadata: { internal: true },
  });
  iii.registerTrigger({
    type: 'engine::functions-available',
    function_id: ON_FUNCTIONS_ID,
    config: {},
  });
}

async function openQueueStore({
  config,
  dataDir,
  log,
}: WorkerContext<QueueConfig>): Promise<QueueStore> {
  const { storage } = config;
  if (storage.kind === 'memory') {
    log.warn('messages are kept in memory and end with the process');
    return createMemoryQueueStore();
  }
  const folder = storage.folder === undefined ? dataDir : resolve(storage.folder);
  return createLmdbQueueStore({
    folder,
    onFailure: (error) => log.error('messages are no longer stored', { error: error.message }),
  });
}
