// SPDX-License-Identifier: Apache-2.0
import * as v from 'valibot';

/** Names of the adapter inside the process; the second stands in config files of old engines. */
const LOCAL_NAMES = ['local', 'modules::pubsub::LocalAdapter'] as const;

/** Deliveries one subscription may have running: what a busy worker handles without being flooded. */
const DEFAULT_MAX_IN_FLIGHT = 256;
/** Messages one subscription may have waiting behind those. */
const DEFAULT_MAX_WAITING = 10_000;
/** When a handler that never answers gives its place back, ms. */
const DEFAULT_DELIVERY_TIMEOUT_MS = 3_600_000;
/** Longest time a timer takes, ms. */
const TIMER_LIMIT_MS = 2 ** 31 - 1;

const localAdapter = v.strictObject({
  name: v.picklist(
    LOCAL_NAMES,
    ({ received }) =>
      `"local" (PubSub adapter factory '${received.replaceAll('"', '')}' not found. Available: ["local"])`,
  ),
  config: v.nullish(v.strictObject({})),
});

const count = (max: number) =>
  v.pipe(
    v.number(),
    v.integer('a whole number'),
    v.minValue(1, 'at least 1'),
    v.maxValue(max, `at most ${max}`),
  );

/** The config as it stands in a file → settings with nothing left open. */
export const pubsubConfig: v.GenericSchema<unknown, PubsubConfig> = v.pipe(
  v.strictObject({
    adapter: v.nullish(localAdapter),
    max_in_flight: v.nullish(count(1_000_000)),
    max_waiting: v.nullish(count(10_000_000)),
    delivery_timeout_ms: v.nullish(count(TIMER_LIMIT_MS)),
  }),
  v.transform(
    (raw): PubsubConfig => ({
      given: raw,
      maxInFlight: raw.max_in_flight ?? DEFAULT_MAX_IN_FLIGHT,
      maxWaiting: raw.max_waiting ?? DEFAULT_MAX_WAITING,
      deliveryTimeoutMs: raw.delivery_timeout_ms ?? DEFAULT_DELIVERY_TIMEOUT_MS,
    }),
  ),
) as v.GenericSchema<unknown, PubsubConfig>;

/** What the worker runs with. */
export interface PubsubConfig {
  /** What was written, to be stored as the first settings. */
  readonly given: Readonly<Record<string, unknown>>;
  readonly maxInFlight: number;
  readonly maxWaiting: number;
  readonly deliveryTimeoutMs: number;
}
