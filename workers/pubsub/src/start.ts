// SPDX-License-Identifier: Apache-2.0
import { followConfiguration, type RunningWorker, type WorkerContext } from '@iii-dev/worker-kit';
import { Payload } from 'iii-sdk/internal';
import type { TriggerConfig } from 'iii-sdk/trigger';
import * as v from 'valibot';
import { type PubsubConfig, pubsubConfig } from './config.ts';
import { CONFIG_FORMAT } from './config-format.ts';
import { Delivery, type PubsubSettings } from './delivery.ts';
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
  const settings: PubsubSettings = { current: context.config };
  context.iii.registerTriggerType(
    {
      id: 'subscribe',
      description: 'Fires for every message published to a topic.',
      trigger_request_format: TRIGGER_FORMAT,
    },
    {
      registerTrigger: (binding) => subscribe(context, settings, subscriptions, binding),
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
  const followed = followConfiguration(context, {
    id: 'iii-pubsub',
    name: 'PubSub',
    description: 'Fire-and-forget messages to every subscriber of a topic.',
    format: CONFIG_FORMAT,
    schema: pubsubConfig,
    initialValue: seedOf(context.config),
    apply(stored) {
      settings.current = stored;
    },
  });
  return {
    async close() {
      followed.close();
      subscriptions.close();
    },
  };
}

/** What was given, without gaps, and the adapter spelled out. */
function seedOf({ given }: PubsubConfig): Record<string, unknown> {
  const present = Object.entries(given).filter(([, value]) => value != null);
  // By the name it is looked for; old files have another.
  return { ...Object.fromEntries(present), adapter: { name: 'local' } };
}

const NOTHING = Payload.ofValue(null);

/** @throws Error on a config of the wrong shape */
function subscribe(
  { raw, log }: WorkerContext<PubsubConfig>,
  settings: PubsubSettings,
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
  subscriptions.add(binding.id, target, new Delivery(subscriber, raw, log, settings));
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

const TRIGGER_FORMAT = {
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
