// SPDX-License-Identifier: Apache-2.0
import { parseExact, type WorkerLog, writeExact } from '@iii-dev/worker-kit';
import { InvocationError } from 'iii-sdk';
import type { StateConfig } from './config.ts';
import type { Decision, StateStore, StoredValue } from './store.ts';
import type { StateTriggers } from './triggers.ts';

/** What a change hands to its caller and its event. */
export interface Outcome<Result> {
  readonly decision: Decision;
  readonly result: Result;
  /** Whether bindings hear of it. */
  readonly isEvent: boolean;
}

/** Settings that may change while the worker runs. */
export type LiveSettings = Pick<
  StateConfig,
  'areTriggersEnabled' | 'maxValueBytes' | 'maxUpdateOps' | 'ignoresNoop'
>;

/** How often values whose time is over are removed, ms. They are absent from the first moment on. */
const SWEEP_INTERVAL_MS = 1_000;
const SWEEP_BATCH = 1_000;

/** The values, their limits and their events: what the functions work on. */
export class State {
  readonly store: StateStore;
  readonly now: () => number;
  readonly #triggers: StateTriggers;
  readonly #log: WorkerLog;
  readonly #sweeper: NodeJS.Timeout;
  #settings: LiveSettings;
  #sweeping: Promise<void> | undefined;

  constructor(parts: {
    store: StateStore;
    triggers: StateTriggers;
    settings: LiveSettings;
    log: WorkerLog;
    now?: () => number;
  }) {
    this.store = parts.store;
    this.now = parts.now ?? Date.now;
    this.#triggers = parts.triggers;
    this.#settings = parts.settings;
    this.#log = parts.log;
    this.#sweeper = setInterval(() => {
      this.#sweeping ??= this.sweep().finally(() => {
        this.#sweeping = undefined;
      });
    }, SWEEP_INTERVAL_MS);
    this.#sweeper.unref();
  }

  get settings(): LiveSettings {
    return this.#settings;
  }

  /** Takes new settings for the calls that come from here on. */
  apply(settings: LiveSettings): void {
    this.#settings = settings;
    this.#triggers.enable(settings.areTriggersEnabled);
  }

  /** Reads, decides and stores in one step nothing comes between, then tells the bindings. */
  async change<Result>(
    scope: string,
    key: string,
    decide: (current: StoredValue | undefined) => Outcome<Result>,
  ): Promise<Result> {
    const { outcome, current } = await this.store.change(scope, key, (before) => {
      const decided = decide(before);
      return { decision: decided.decision, result: { outcome: decided, current: before } };
    });
    if (outcome.isEvent) this.#tell(scope, key, current?.text, outcome.decision);
    return outcome.result;
  }

  /** @throws InvocationError `VALUE_TOO_LARGE` */
  checkSize(text: string): void {
    const limit = this.#settings.maxValueBytes;
    // A character takes at most three bytes, so most values need no counting.
    if (limit === undefined || text.length * 3 <= limit) return;
    let size = Buffer.byteLength(text);
    // The limit speaks of compact JSON; some clients write spaces.
    if (size > limit) size = Buffer.byteLength(writeExact(parseExact(text)));
    if (size <= limit) return;
    throw new InvocationError({
      code: 'VALUE_TOO_LARGE',
      message: `value of ${size} bytes exceeds the configured max_value_bytes limit of ${limit}`,
    });
  }

  /** Removes what is over; every one of them is an event, as if it had been deleted. */
  async sweep(): Promise<void> {
    try {
      const due = await this.store.expired(SWEEP_BATCH);
      await Promise.all(
        due.map(async (expired) => {
          const text = await this.store.sweep(expired);
          if (text !== undefined) {
            this.#tell(expired.scope, expired.key, text, { kind: 'remove' });
          }
        }),
      );
    } catch (error) {
      // A failed store refuses everything from now on and has said why; sweeping has no more to do.
      clearInterval(this.#sweeper);
      this.#log.error('expired values are no longer removed', { error: (error as Error).message });
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    await this.#sweeping;
    await this.#triggers.close();
    await this.store.close();
  }

  #tell(scope: string, key: string, oldText: string | undefined, decision: Decision): void {
    const newText = decision.kind === 'put' ? decision.value.text : undefined;
    const created = oldText === undefined ? 'state:created' : 'state:updated';
    this.#triggers.fire({
      event_type: decision.kind === 'put' ? created : 'state:deleted',
      scope,
      key,
      oldText,
      newText,
    });
  }
}

/** Runs what touches the store; what goes wrong there gets the function's own code. */
export async function storing<Result>(
  code: string,
  message: string,
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof InvocationError) throw error;
    const cause = error instanceof Error ? error.message : String(error);
    throw new InvocationError({ code, message: `${message}: ${cause}`, cause: error });
  }
}
