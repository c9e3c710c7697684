// SPDX-License-Identifier: Apache-2.0
import type { WorkerLog } from '@iii-dev/worker-kit';
import type { IIIClient } from 'iii-sdk';
import { Payload, type RawCalls } from 'iii-sdk/internal';
import * as v from 'valibot';

/**
 * Tells bound functions about changes of state.
 *
 * I1  A binding hears of the changes of one key one after another, in the order they were stored.
 * I2  Bindings do not wait for each other, nor do keys.
 * I3  Whoever wrote does not wait, and is not told of failures.
 * I4  What waits is bounded per binding; beyond that events are dropped, counted and reported.
 */

/** A change of one value; `undefined` is an absent one. */
export interface StateChange {
  readonly event_type: 'state:created' | 'state:updated' | 'state:deleted';
  readonly scope: string;
  readonly key: string;
  readonly oldText: string | undefined;
  readonly newText: string | undefined;
}

/** Events one binding may have waiting. */
const WAITING_LIMIT = 10_000;
/** How long closing waits for handlers that run, ms; well within an engine's own drain. */
const CLOSE_WAIT_MS = 3_000;

const optionalText = v.nullish(v.string());
const bindingConfig = v.looseObject({
  scope: optionalText,
  key: optionalText,
  condition_function_id: optionalText,
  condition_function_path: optionalText,
});

interface Binding {
  readonly id: string;
  readonly functionId: string;
  readonly scope: string | undefined;
  readonly key: string | undefined;
  readonly conditionId: string | undefined;
  readonly metadata: Payload | undefined;
  readonly namespace: string | undefined;
  /** The last event of each key, while there is one to wait for. */
  readonly lanes: Map<string, Promise<void>>;
  waiting: number;
  dropped: number;
}

/** The bindings of the `state` trigger type. */
export class StateTriggers {
  readonly #raw: RawCalls;
  readonly #log: WorkerLog;
  readonly #bindings = new Map<string, Binding>();
  #isEnabled: boolean;

  constructor(raw: RawCalls, log: WorkerLog, isEnabled: boolean) {
    this.#raw = raw;
    this.#log = log;
    this.#isEnabled = isEnabled;
  }

  /** Offers the trigger type. */
  provide(iii: IIIClient): void {
    iii.registerTriggerType(
      {
        id: 'state',
        description: 'Fires when a value in state is created, updated or deleted.',
        trigger_request_format: CONFIG_FORMAT,
        call_request_format: EVENT_FORMAT,
      },
      {
        registerTrigger: (config) => this.bind(config),
        unregisterTrigger: ({ id }) => {
          this.#bindings.delete(id);
        },
      },
    );
  }

  get count(): number {
    return this.#bindings.size;
  }

  enable(isEnabled: boolean): void {
    this.#isEnabled = isEnabled;
  }

  /** Adds a binding, or replaces the one of this id. @throws Error on a config of the wrong shape */
  bind(trigger: {
    id: string;
    function_id: string;
    config: unknown;
    metadata?: unknown;
    namespace?: string | undefined;
  }): void {
    const parsed = v.safeParse(bindingConfig, trigger.config ?? {});
    if (!parsed.success) {
      const [issue] = parsed.issues;
      const name = String(issue.path?.[0]?.key ?? 'config');
      throw new Error(
        `Failed to parse trigger config: \`${name}\` must be a string, got ${issue.received}`,
      );
    }
    const { scope, key, condition_function_id: id, condition_function_path: path } = parsed.output;
    this.#bindings.set(trigger.id, {
      id: trigger.id,
      functionId: trigger.function_id,
      scope: scope ?? undefined,
      key: key ?? undefined,
      conditionId: id ?? path ?? undefined,
      metadata: trigger.metadata === undefined ? undefined : Payload.ofValue(trigger.metadata),
      namespace: trigger.namespace,
      lanes: new Map(),
      waiting: 0,
      dropped: 0,
    });
  }

  /** Tells every binding the change fits; returns at once. */
  fire(change: StateChange): void {
    if (!this.#isEnabled) return;
    let payload: Payload | undefined;
    for (const binding of this.#bindings.values()) {
      if (binding.scope !== undefined && binding.scope !== change.scope) continue;
      if (binding.key !== undefined && binding.key !== change.key) continue;
      payload ??= eventPayload(change);
      this.#enqueue(binding, JSON.stringify([change.scope, change.key]), payload);
    }
  }

  /** Waits a while for handlers that run; later events go nowhere. */
  async close(): Promise<void> {
    this.#isEnabled = false;
    const running = [...this.#bindings.values()].flatMap((binding) => [...binding.lanes.values()]);
    this.#bindings.clear();
    if (running.length === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_WAIT_MS);
    });
    await Promise.race([Promise.all(running), deadline]);
    clearTimeout(timer);
  }

  #enqueue(binding: Binding, lane: string, payload: Payload): void {
    if (binding.waiting >= WAITING_LIMIT) {
      if (binding.dropped === 0) {
        this.#log.warn('a state trigger is too slow, its events are dropped', {
          function_id: binding.functionId,
          limit: WAITING_LIMIT,
        });
      }
      binding.dropped += 1;
      return;
    }
    binding.waiting += 1;
    const earlier = binding.lanes.get(lane);
    const told = (earlier ?? Promise.resolve()).then(() => this.#tell(binding, payload));
    binding.lanes.set(lane, told);
    void told.then(() => {
      binding.waiting -= 1;
      if (binding.lanes.get(lane) === told) binding.lanes.delete(lane);
      if (binding.waiting === 0 && binding.dropped > 0) {
        this.#log.warn('a state trigger has caught up', {
          function_id: binding.functionId,
          dropped: binding.dropped,
        });
        binding.dropped = 0;
      }
    });
  }

  /** Never rejects. */
  async #tell(binding: Binding, payload: Payload): Promise<void> {
    const { conditionId, functionId, metadata, namespace } = binding;
    let called = conditionId ?? functionId;
    try {
      if (conditionId !== undefined) {
        const verdict = await this.#raw.trigger({
          function_id: conditionId,
          payload,
          metadata,
          namespace,
        });
        if (verdict?.text.trim() === 'false') return;
      }
      called = functionId;
      await this.#raw.trigger({ function_id: functionId, payload, metadata, namespace });
    } catch (error) {
      this.#log.error(
        called === functionId
          ? 'a state trigger failed'
          : 'the condition of a state trigger failed',
        { trigger_id: binding.id, function_id: called, error: (error as Error).message },
      );
    }
  }
}

function eventPayload({ event_type, scope, key, oldText, newText }: StateChange): Payload {
  return Payload.ofText(
    `{"type":"state","event_type":"${event_type}","scope":${JSON.stringify(scope)},` +
      `"key":${JSON.stringify(key)},"old_value":${oldText ?? 'null'},"new_value":${newText ?? 'null'}}`,
  );
}

const nullableText = { type: ['string', 'null'] };

const CONFIG_FORMAT = {
  type: 'object',
  properties: {
    scope: { ...nullableText, description: 'Only this scope; any when left out.' },
    key: { ...nullableText, description: 'Only this key; any when left out.' },
    condition_function_id: {
      ...nullableText,
      description: 'Asked first, with the same payload; `false` skips the handler.',
    },
  },
};

const EVENT_FORMAT = {
  type: 'object',
  required: ['type', 'event_type', 'scope', 'key', 'old_value', 'new_value'],
  properties: {
    type: { const: 'state' },
    event_type: { enum: ['state:created', 'state:updated', 'state:deleted'] },
    scope: { type: 'string' },
    key: { type: 'string' },
    old_value: { description: 'The value before; null when there was none.' },
    new_value: { description: 'The value now; null when there is none.' },
  },
};
