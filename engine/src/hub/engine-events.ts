// SPDX-License-Identifier: Elastic-2.0
import { DEFAULT_NAMESPACE, Payload } from '@iii-dev/protocol';
import type { EngineCall } from './route-call.ts';
import type { Trigger, TriggerProvider, TriggerRegistry } from './trigger-registry.ts';

export const FUNCTIONS_AVAILABLE = 'engine::functions-available';
export const WORKERS_AVAILABLE = 'engine::workers-available';

/** Changes within this time make one event: a worker registers its functions in one burst. */
const FUNCTIONS_DEBOUNCE_MS = 50;

/** What the engine itself tells the world: the trigger types only the registry can serve. */
export class EngineEvents {
  readonly #bindings = new Map<string, Set<Trigger>>([
    [FUNCTIONS_AVAILABLE, new Set()],
    [WORKERS_AVAILABLE, new Set()],
  ]);
  readonly #call: (call: EngineCall) => Promise<unknown>;
  #debounce: NodeJS.Timeout | undefined;
  /** Set by the introspection, which alone knows how a function row looks. */
  listFunctions: () => unknown[] = () => [];

  constructor(triggers: TriggerRegistry, call: (call: EngineCall) => Promise<unknown>) {
    this.#call = call;
    const provider: TriggerProvider = {
      kind: 'engine',
      register: (trigger) => {
        this.#bindings.get(trigger.typeId)?.add(trigger);
      },
      unregister: (trigger) => {
        this.#bindings.get(trigger.typeId)?.delete(trigger);
      },
    };
    for (const [id, description] of [
      [FUNCTIONS_AVAILABLE, 'Fires when functions come, go or change.'],
      [WORKERS_AVAILABLE, 'Fires when a worker connects, announces itself or leaves.'],
    ] as const) {
      triggers.addType({
        namespace: DEFAULT_NAMESPACE,
        id,
        description,
        triggerRequestFormat: undefined,
        callRequestFormat: undefined,
        connection: null,
        provider,
      });
    }
  }

  workerChanged(
    event: 'worker_connected' | 'worker_metadata_updated' | 'worker_disconnected',
    workerId: string,
  ): void {
    this.#fire(WORKERS_AVAILABLE, () => ({ event, worker_id: workerId }));
  }

  functionsChanged(): void {
    if (this.#debounce || this.#bindings.get(FUNCTIONS_AVAILABLE)?.size === 0) return;
    this.#debounce = setTimeout(() => {
      this.#debounce = undefined;
      this.#fire(FUNCTIONS_AVAILABLE, () => ({
        event: 'functions_changed',
        functions: this.listFunctions(),
      }));
    }, FUNCTIONS_DEBOUNCE_MS);
    this.#debounce.unref();
  }

  close(): void {
    clearTimeout(this.#debounce);
  }

  #fire(typeId: string, payload: () => unknown): void {
    const bindings = this.#bindings.get(typeId);
    if (!bindings || bindings.size === 0) return;
    const data = Payload.ofValue(payload());
    for (const trigger of bindings) {
      // The outcome concerns the handler alone: an event has nobody to tell.
      void this.#call({
        functionId: trigger.functionId,
        namespace: trigger.namespace,
        data,
        metadata: trigger.metadata,
      });
    }
  }
}
