// SPDX-License-Identifier: Apache-2.0
import type { IIIClient } from 'iii-sdk';
import { Payload } from 'iii-sdk/internal';
import type { Subscription } from './deliver.ts';
import type { QueueSettings } from './settings.ts';
import type { Topics } from './topics.ts';

/** One trigger of a topic. */
export interface Binding extends Subscription {
  readonly id: string;
  readonly topic: string;
  readonly functionId: string;
  readonly namespace: string;
  readonly settings: QueueSettings;
}

/** The name of the trigger type, and the one old clients use. */
const TRIGGER_TYPES = ['durable:subscriber', 'queue'] as const;

/** Offers the trigger types. */
export function provideTriggers(iii: IIIClient, topics: Topics, defaults: QueueSettings): void {
  for (const id of TRIGGER_TYPES) {
    iii.registerTriggerType(
      {
        id,
        description: 'Delivers every message of a topic, at least once.',
        trigger_request_format: CONFIG_FORMAT,
        call_request_format: { description: 'The published data.' },
      },
      {
        registerTrigger: (trigger) => topics.bind(readBinding(trigger, defaults)),
        unregisterTrigger: (trigger) => topics.unbind(trigger.id),
      },
    );
  }
}

interface TriggerConfig {
  readonly id: string;
  readonly function_id: string;
  readonly config: unknown;
  readonly metadata?: unknown;
  readonly namespace?: string | undefined;
}

/** Reads a trigger's config. @throws Error without a topic */
export function readBinding(trigger: TriggerConfig, defaults: QueueSettings): Binding {
  const config = asObject(trigger.config);
  const topic = config.topic ?? config.queue;
  if (typeof topic !== 'string' || topic === '') {
    throw new Error('queue is required for durable:subscriber trigger');
  }
  const condition = config.condition_function_id;
  return {
    id: trigger.id,
    topic,
    functionId: trigger.function_id,
    namespace: trigger.namespace || 'default',
    settings: readSettings(config, defaults),
    conditionId: typeof condition === 'string' && condition !== '' ? condition : undefined,
    metadata: trigger.metadata == null ? undefined : Payload.ofValue(trigger.metadata),
  };
}

/** Values that are not what they should be count as absent, as they always did. */
function readSettings(config: Record<string, unknown>, base: QueueSettings): QueueSettings {
  const queue = asObject(config.queue_config);
  const count = (...names: string[]): number | undefined =>
    names.map((name) => queue[name]).find(isCount);
  const text = (...names: string[]): string | undefined =>
    names.map((name) => queue[name]).find((value) => typeof value === 'string') as
      | string
      | undefined;
  const top = (name: string): number | undefined =>
    isCount(config[name]) ? config[name] : undefined;
  const retries = top('max_retries') ?? count('maxRetries', 'max_retries');
  const attempts = retries === undefined ? base.maxAttempts : retries + 1;
  const type = text('type');
  const visibility = count('visibilityTimeout', 'visibility_timeout');
  return {
    ...base,
    isFifo: type === undefined ? base.isFifo : type.toLowerCase() === 'fifo',
    concurrency: count('concurrency') ?? base.concurrency,
    maxAttempts: attempts,
    shownMaxAttempts: attempts,
    backoffMs:
      top('backoff_ms') ??
      count('backoffDelayMs', 'backoff_delay_ms', 'backoff_ms') ??
      base.backoffMs,
    isBackoffFixed: ['fixed', 'constant', 'linear'].includes(
      text('backoffType', 'backoff_type') ?? '',
    ),
    handlerTimeoutMs: visibility ? visibility * 1000 : base.handlerTimeoutMs,
    delayMs: (count('delaySeconds', 'delay_seconds') ?? 0) * 1000,
    groupField: text('messageGroupField', 'message_group_field') ?? base.groupField,
    priorityField: text('priorityField', 'priority_field') ?? base.priorityField,
    maxPriority: Math.min(count('maxPriority', 'max_priority') || 255, 255),
  };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

const CONFIG_FORMAT = {
  type: 'object',
  required: ['topic'],
  properties: {
    topic: { type: 'string', description: 'The topic to read.' },
    condition_function_id: {
      type: 'string',
      description: 'Asked first, with the same data; `false` skips the message.',
    },
    queue_config: { type: 'object', description: 'How messages are delivered and retried.' },
  },
};
