// SPDX-License-Identifier: Apache-2.0
import type { RunningWorker, WorkerContext } from '@iii-dev/worker-kit';
import { Payload } from 'iii-sdk/internal';
import type { TriggerConfig } from 'iii-sdk/trigger';
import * as v from 'valibot';
import type { PubsubConfig } from './config.ts';
import { Delivery } from './delivery.ts';
import { readMessage } from './publish.ts';
import { Subscriptions, type Target } from './subscriptions.ts';

const optionalText = v.nullish(v.string());
const bindingConfig = v.looseObject({
  topic: optionalText,
  pattern: optionalText,
  condition_function_id: optionalText,
});

/** Offers the trigger type `subscribe` and the function `publish`. */
export async function startPubsub(context: WorkerContext<PubsubConfig>): Promise<RunningWorker> {
  const subscriptions = new Subscriptions();
  context.iii.registerTriggerType(
    {
      id: 'subscribe',
      description: 'Fires for every message published to a topic.',
      trigger_request_format: CONFIG_FORMAT,
    },
    {
      registerTrigger: (binding) => subscribe(context, subscriptions, binding),
      unregisterTrigger: ({ id }) => subscriptions.remove(id),
    },
  );
  context.raw.registerFunction(
    'publish',
    (input) => {
      const { topic, data } = readMessage(input);
      subscriptions.publish(topic, data);
      return NOTHING;
    },
    { description: 'Publish a message to a topic', request_format: PUBLISH_FORMAT },
  );
  return {
    async close() {
      subscriptions.close();
    },
  };
}

const NOTHING = Payload.ofValue(null);

/** @throws Error on a config of the wrong shape */
function subscribe(
  { raw, log, config: limits }: WorkerContext<PubsubConfig>,
  subscriptions: Subscriptions,
  binding: TriggerConfig,
): void {
  const parsed = v.safeParse(bindingConfig, binding.config ?? {});
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const name = String(issue.path?.[0]?.key ?? 'config');
    throw new Error(`\`${name}\` of a subscribe trigger must be a text, got ${issue.received}`);
  }
  const target = targetOf(parsed.output.topic, parsed.output.pattern);
  if (target === undefined) {
    // Whatever this id listened to before, it no longer does.
    subscriptions.remove(binding.id);
    log.warn('Topic is not set for trigger', {
      trigger_id: binding.id,
      function_id: binding.function_id,
    });
    return;
  }
  const { metadata } = binding;
  const subscriber = {
    id: binding.id,
    functionId: binding.function_id,
    conditionId: parsed.output.condition_function_id || undefined,
    metadata: metadata === undefined ? undefined : Payload.ofValue(metadata),
    namespace: binding.namespace,
  };
  subscriptions.add(binding.id, target, new Delivery(subscriber, raw, log, limits));
}

/** @throws Error when both are given */
function targetOf(topic?: string | null, pattern?: string | null): Target | undefined {
  if (topic && pattern) {
    throw new Error(
      `a subscribe trigger takes \`topic\` or \`pattern\`, not both: got ${JSON.stringify(topic)} and ${JSON.stringify(pattern)}`,
    );
  }
  if (topic) return { kind: 'topic', topic };
  if (pattern) return { kind: 'pattern', pattern };
  return undefined;
}

const CONFIG_FORMAT = {
  type: 'object',
  anyOf: [{ required: ['topic'] }, { required: ['pattern'] }],
  properties: {
    topic: { type: 'string', description: 'Exactly this topic, whatever characters it has.' },
    pattern: {
      type: 'string',
      description:
        'In place of a topic: parts split by dots, `*` for one part, `**` for any number.',
    },
    condition_function_id: {
      type: 'string',
      description: 'Asked first, with the same payload; `false` skips the handler.',
    },
  },
};

const PUBLISH_FORMAT = {
  type: 'object',
  required: ['topic', 'data'],
  properties: { topic: { type: 'string' }, data: {} },
};
