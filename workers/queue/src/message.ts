// SPDX-License-Identifier: Apache-2.0
import { memberTexts } from '@iii-dev/worker-kit';
import type { Input } from './input.ts';
import type { LaneRow } from './lane.ts';
import type { QueueSettings } from './settings.ts';
import type { NewJob } from './store.ts';

/** What may be asked for with one message. */
export interface MessageOptions {
  readonly dueMs: number | undefined;
  readonly idempotencyKey: string | undefined;
  readonly priority: number | undefined;
}

/** A message on its way into a queue. */
export interface Message extends MessageOptions {
  readonly id: string;
  readonly data: string;
  readonly traceparent: string | undefined;
  readonly baggage: string | undefined;
  readonly metadata: string | undefined;
}

/** A message cannot be taken; the text is part of the contract. */
export class MessageRefused extends Error {}

/** Reads the options of a message from the input of a call. */
export function readOptions(input: Input, nowMs: number): MessageOptions {
  const delaySeconds = input.optionalWhole('delaySeconds', 'delay_seconds');
  const delayMs = input.optionalWhole('delay_ms', 'delayMs') ?? (delaySeconds ?? 0) * 1000;
  const at = input.raw('deliver_at', 'deliverAt');
  let dueMs = delayMs > 0 ? nowMs + delayMs : undefined;
  if (at !== undefined && at !== 'null') {
    dueMs = new Date(JSON.parse(at) as string | number).getTime();
    if (Number.isNaN(dueMs)) throw input.refuse('invalid value for `deliver_at`, expected a time');
  }
  return {
    dueMs,
    idempotencyKey: input.optionalText('idempotency_key', 'idempotencyKey'),
    priority: input.optionalWhole('priority'),
  };
}

/** Tags of the call that sent the message; they say nothing about its delivery. */
const LOCAL_TAGS = new Set(['iii.tag.kind', 'iii.tag.display_name', 'iii.tag.hidden']);

/** Baggage for the delivery: without local tags, and with the function it goes to. */
export function deliveryBaggage(baggage: string | undefined): string | undefined {
  const kept = (baggage ?? '')
    .split(',')
    .filter((entry) => !LOCAL_TAGS.has((entry.split('=')[0] ?? '').trim()))
    .join(',');
  return kept.trim() === '' ? undefined : kept;
}

/** Makes the job that delivers a message to a function. @throws MessageRefused */
export function makeJob(
  message: Message,
  row: LaneRow,
  target: { readonly functionId: string; readonly namespace: string },
  settings: QueueSettings,
  nowMs: number,
): NewJob {
  const members = needsMembers(settings) ? memberTexts(message.data) : undefined;
  const dueMs = dueTime(message, settings, nowMs);
  return {
    id: message.id,
    lane: row.id,
    state: dueMs > nowMs ? 'delayed' : 'ready',
    ...(dueMs > nowMs ? { notBeforeMs: dueMs } : {}),
    ...target,
    data: message.data,
    createdAtMs: nowMs,
    attempts: 0,
    stops: 0,
    group: settings.isFifo ? groupOf(members, row, settings.groupField) : undefined,
    // Priority would break the order that a FIFO queue promises.
    priority: settings.isFifo ? undefined : priorityOf(message, members, settings),
    traceparent: message.traceparent,
    baggage: deliveryBaggage(message.baggage),
    metadata: message.metadata,
    debounceKey: debounceKeyOf(members, target.functionId, settings),
  };
}

function needsMembers({ isFifo, priorityField, debounce }: QueueSettings): boolean {
  return isFifo || priorityField !== undefined || debounce?.keyField !== undefined;
}

function dueTime(message: Message, settings: QueueSettings, nowMs: number): number {
  if (settings.debounce !== undefined) return nowMs + settings.debounce.waitMs;
  return message.dueMs ?? nowMs + settings.delayMs;
}

function groupOf(
  members: ReadonlyMap<string, string> | undefined,
  row: LaneRow,
  field: string | undefined,
): string {
  // A topic's messages need no group: they are then all of one.
  if (row.identity.kind !== 'named') return (field && members?.get(field)) || '';
  const { name } = row.identity;
  if (field === undefined) {
    throw new MessageRefused(
      `FIFO queue '${name}' requires 'message_group_field' to be configured`,
    );
  }
  const group = members?.get(field);
  if (group === undefined) {
    throw new MessageRefused(
      `FIFO queue '${name}' requires field '${field}' in data, but it was not found`,
    );
  }
  if (group === 'null') {
    throw new MessageRefused(`FIFO queue '${name}': field '${field}' must not be null`);
  }
  return group;
}

function priorityOf(
  { priority }: Message,
  members: ReadonlyMap<string, string> | undefined,
  { priorityField, maxPriority }: QueueSettings,
): number | undefined {
  const value = priority ?? (priorityField && Number(members?.get(priorityField)));
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) return undefined;
  return Math.min(value, maxPriority);
}

function debounceKeyOf(
  members: ReadonlyMap<string, string> | undefined,
  functionId: string,
  { debounce }: QueueSettings,
): string | undefined {
  if (debounce === undefined) return undefined;
  if (debounce.keyField === undefined) return functionId;
  return `${functionId} ${members?.get(debounce.keyField) ?? ''}`;
}
