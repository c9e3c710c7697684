// SPDX-License-Identifier: Apache-2.0
import type { WorkerLog } from '@iii-dev/worker-kit';
import type { Payload, RawCalls } from 'iii-sdk/internal';
import type { PubsubConfig } from './config.ts';

/** Settings that may change while the worker runs. */
export interface PubsubSettings {
  current: PubsubConfig;
}

/** Who is told, and how. */
export interface Subscriber {
  readonly id: string;
  readonly functionId: string;
  readonly conditionId: string | undefined;
  readonly metadata: Payload | undefined;
  readonly namespace: string | undefined;
}

/**
 * The messages on their way to one subscription.
 *
 * I1  Messages are sent in the order they were published; handlers may overlap.
 * I2  What runs and what waits is bounded; beyond that messages are dropped, counted and reported.
 * I3  Failures reach nobody but the log: the first of a row, and the count when it is over.
 * I4  After `close` nothing is sent that has not been sent.
 */
export class Delivery {
  readonly #subscriber: Subscriber;
  readonly #raw: RawCalls;
  readonly #log: WorkerLog;
  readonly #settings: PubsubSettings;
  #waiting: Payload[] = [];
  /** First of `#waiting` that has not been sent; shifting a long array would move all of it. */
  #head = 0;
  #inFlight = 0;
  #isAsking = false;
  #isClosed = false;
  #dropped = 0;
  #failures = 0;

  constructor(subscriber: Subscriber, raw: RawCalls, log: WorkerLog, settings: PubsubSettings) {
    this.#subscriber = subscriber;
    this.#raw = raw;
    this.#log = log;
    this.#settings = settings;
  }

  /** Takes a message; returns at once and never throws. */
  push(data: Payload): void {
    if (this.#isClosed) return;
    if (this.#waiting.length - this.#head >= this.#settings.current.maxWaiting) {
      this.#drop();
      return;
    }
    this.#waiting.push(data);
    this.#pump();
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#head = 0;
  }

  #pump(): void {
    while (!this.#isAsking && this.#inFlight < this.#settings.current.maxInFlight) {
      const data = this.#take();
      if (data === undefined) return;
      this.#inFlight += 1;
      if (this.#subscriber.conditionId === undefined) void this.#send(data);
      else void this.#ask(this.#subscriber.conditionId, data);
    }
  }

  #take(): Payload | undefined {
    const data = this.#waiting[this.#head];
    if (data === undefined) return undefined;
    this.#head += 1;
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return data;
  }

  /** I1: no later message is sent while a condition is asked about an earlier one. */
  async #ask(conditionId: string, data: Payload): Promise<void> {
    this.#isAsking = true;
    let isWanted = false;
    try {
      const verdict = await this.#call(conditionId, data);
      isWanted = verdict?.text.trim() !== 'false';
    } catch (error) {
      this.#noteFailure(conditionId, error);
    }
    this.#isAsking = false;
    // I4
    if (isWanted && !this.#isClosed) void this.#send(data);
    else this.#inFlight -= 1;
    this.#pump();
  }

  async #send(data: Payload): Promise<void> {
    try {
      await this.#call(this.#subscriber.functionId, data);
      this.#noteSuccess();
    } catch (error) {
      this.#noteFailure(this.#subscriber.functionId, error);
    }
    this.#inFlight -= 1;
    this.#pump();
  }

  #call(functionId: string, payload: Payload): Promise<Payload | undefined> {
    const { metadata, namespace } = this.#subscriber;
    const timeoutMs = this.#settings.current.deliveryTimeoutMs;
    return this.#raw.trigger({
      function_id: functionId,
      payload,
      metadata,
      namespace,
      timeoutMs,
    });
  }

  #drop(): void {
    this.#dropped += 1;
    if (this.#dropped > 1) return;
    this.#log.warn('a subscriber is too slow, its messages are dropped', {
      trigger_id: this.#subscriber.id,
      function_id: this.#subscriber.functionId,
      limit: this.#settings.current.maxWaiting,
    });
  }

  #noteFailure(functionId: string, error: unknown): void {
    this.#failures += 1;
    if (this.#failures > 1 || this.#isClosed) return;
    this.#log.warn('a subscriber failed', {
      trigger_id: this.#subscriber.id,
      function_id: functionId,
      error: error instanceof Error ? error.message : String(error),
    });
  }

  #noteSuccess(): void {
    if (this.#failures > 1) {
      this.#log.info('a subscriber works again', {
        trigger_id: this.#subscriber.id,
        failures: this.#failures,
      });
    }
    this.#failures = 0;
    if (this.#dropped === 0 || this.#waiting.length > 0) return;
    this.#log.info('a subscriber has caught up', {
      trigger_id: this.#subscriber.id,
      dropped: this.#dropped,
    });
    this.#dropped = 0;
  }
}
