// SPDX-License-Identifier: Apache-2.0
import type {
  RegisterFunctionFrame,
  RegisterTriggerFrame,
  RegisterTriggerTypeFrame,
  UnregisterTriggerFrame,
  WorkerFrame,
} from '@iii-dev/protocol';
import type {
  RawHandler,
  RegistrationOutcome,
  RegistrationReport,
  RemoteFunctionHandler,
  TriggerConfig,
  TriggerHandler,
} from './api.ts';

/** How a function is served. */
export type FunctionBody =
  | { readonly kind: 'values'; readonly handler: RemoteFunctionHandler }
  | { readonly kind: 'raw'; readonly handler: RawHandler }
  | { readonly kind: 'http' };

/** A promise of the engine's first word on a registration. */
class Outcome {
  readonly first: Promise<RegistrationOutcome>;
  #resolve!: (outcome: RegistrationOutcome) => void;

  constructor() {
    this.first = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  tell(outcome: RegistrationOutcome): void {
    this.#resolve(outcome);
  }
}

interface Kept<F extends WorkerFrame> {
  readonly frame: F;
  readonly outcome: Outcome;
}

/** A function with what serves it. */
export interface KeptFunction extends Kept<RegisterFunctionFrame> {
  readonly body: FunctionBody;
}

/** A trigger type with its provider and the bindings it was given. */
export interface KeptTriggerType extends Kept<RegisterTriggerTypeFrame> {
  readonly handler: TriggerHandler;
  /** The engine names only the id when a binding goes; the handler is told all of it. */
  readonly bindings: Map<string, TriggerConfig>;
}

/** What this worker offers, kept to be told again on every connection. */
export class Registrations {
  readonly functions: Map<string, KeptFunction> = new Map();
  readonly triggers: Map<string, Kept<RegisterTriggerFrame>> = new Map();
  readonly triggerTypes: Map<string, KeptTriggerType> = new Map();
  /** Bindings removed while offline; an engine that kept the worker through a reattach must learn. */
  #removedTriggers: UnregisterTriggerFrame[] = [];

  addFunction(frame: RegisterFunctionFrame, body: FunctionBody): Promise<RegistrationOutcome> {
    const outcome = new Outcome();
    this.functions.set(frame.id, { frame, body, outcome });
    return outcome.first;
  }

  addTrigger(frame: RegisterTriggerFrame): Promise<RegistrationOutcome> {
    const outcome = new Outcome();
    this.triggers.set(frame.id, { frame, outcome });
    return outcome.first;
  }

  addTriggerType(
    frame: RegisterTriggerTypeFrame,
    handler: TriggerHandler,
  ): Promise<RegistrationOutcome> {
    const outcome = new Outcome();
    this.triggerTypes.set(frame.id, { frame, handler, outcome, bindings: new Map() });
    return outcome.first;
  }

  rememberRemoved(frame: UnregisterTriggerFrame): void {
    this.#removedTriggers.push(frame);
  }

  /** Everything a fresh connection is told, in the order of the protocol. */
  *replay(): Generator<WorkerFrame> {
    for (const { frame } of this.triggerTypes.values()) yield frame;
    for (const { frame } of this.functions.values()) yield frame;
    for (const { frame } of this.triggers.values()) yield frame;
    const removed = this.#removedTriggers;
    this.#removedTriggers = [];
    yield* removed;
  }

  /** Passes the engine's word on one registration to whoever waits for it. */
  tell(report: RegistrationReport): void {
    const { outcome, reason } = report;
    const kept = this.#find(report.kind, report.id);
    kept?.outcome.tell(reason === undefined ? { outcome } : { outcome, reason });
  }

  /** Ends the waiting: this engine, or a client that has ended, will not say more. */
  tellAllUnknown(): void {
    for (const kept of [this.functions, this.triggers, this.triggerTypes]) {
      for (const { outcome } of kept.values()) outcome.tell({ outcome: 'unknown' });
    }
  }

  #find(kind: RegistrationReport['kind'], id: string): { readonly outcome: Outcome } | undefined {
    switch (kind) {
      case 'function':
        return this.functions.get(id);
      case 'trigger':
        return this.triggers.get(id);
      case 'trigger_type':
        return this.triggerTypes.get(id);
      default:
        return kind satisfies never;
    }
  }
}
