// SPDX-License-Identifier: Apache-2.0
import { InvocationError } from 'iii-sdk';
import { Payload } from 'iii-sdk/internal';
import type { Broker } from '../broker.ts';
import type { DeadLetters } from '../dead-letter.ts';
import type { Input } from '../input.ts';
import type { Topics } from '../topics.ts';

/** What functions work on. */
export interface QueueParts {
  readonly broker: Broker;
  readonly topics: Topics;
  readonly deadLetters: DeadLetters;
}

/** One function of the worker. */
export interface QueueFunction {
  readonly ids: readonly string[];
  readonly description: string;
  /** Unset when the input does not matter. */
  readonly requestFormat: unknown;
  run(parts: QueueParts, input: Input): Promise<Payload | undefined>;
}

/** JSON Schema of an object. */
export function objectFormat(
  properties: Readonly<Record<string, unknown>>,
  required: readonly string[] = [],
): unknown {
  return { type: 'object', properties, required };
}

export const TEXT = { type: 'string' };
export const COUNT = { type: 'integer', minimum: 0 };

export function answer(value: unknown): Payload {
  return Payload.ofValue(value);
}

export function fail(code: string, message: string): InvocationError {
  return new InvocationError({ code, message });
}

/** Runs an action; what goes wrong in it, apart from refused input, gets a code and a beginning. */
export async function failingAs<T>(code: string, what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof InvocationError) throw error;
    throw fail(code, `${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The `queue` of an operator's call, which old ones name `topic`. */
export function readQueue(input: Input): string {
  const queue = input.text('queue', 'topic');
  if (queue === '') throw fail('queue_not_set', 'Queue name is required');
  return queue;
}

/** The `topic` of a call that looks at something. */
export function readTopic(input: Input): string {
  const topic = input.text('topic', 'queue');
  if (topic === '') throw fail('topic_required', 'topic is required');
  return topic;
}
