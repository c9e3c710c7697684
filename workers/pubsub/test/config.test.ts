// SPDX-License-Identifier: Apache-2.0
import { resolveConfig } from '@iii-dev/worker-kit';
import { describe, expect, it } from 'vitest';
import { pubsubWorker } from '../src/index.ts';
import { startPubsub } from './start-pubsub.ts';

describe('settings while it runs', () => {
  it('pubsub:P16 pubsub:P17 pubsub:P18 stores the first, follows edits, and keeps subscriptions', async () => {
    const values: { stored?: unknown; registered?: unknown } = {};
    await using pubsub = await startPubsub({ max_waiting: 5 });
    const { engine } = pubsub;
    engine.serve('configuration::get', () => ({ value: values.stored ?? null }));
    engine.serve('configuration::register', (data) => {
      values.registered = data;
      values.stored ??= (data as { initial_value: unknown }).initial_value;
    });
    await engine.waitFor(() => values.registered !== undefined, 'the registration');
    expect(values.registered).toMatchObject({
      id: 'iii-pubsub',
      name: 'PubSub',
      initial_value: { adapter: { name: 'local' }, max_waiting: 5 },
    });
    const heard = await pubsub.listen('a', { topic: 't' });
    for (const stored of [{ max_in_flight: 1 }, { adapter: { name: 'nope' } }]) {
      values.stored = stored;
      expect(await engine.call('iii-pubsub::on-config-change', {})).toEqual({ ok: true });
      await pubsub.publish('t', 1);
    }
    await pubsub.settled();
    expect(heard).toHaveLength(2);
    // What does not fit leaves the last good settings.
    expect(pubsub.log.records.filter(({ level }) => level === 'error')).toHaveLength(1);
  });
});

describe('config', () => {
  const read = (config: unknown) =>
    resolveConfig(pubsubWorker.config, config, { worker: 'iii-pubsub' });

  it.each([
    {},
    null,
    { adapter: null },
    { adapter: { name: 'local' } },
    { adapter: { name: 'local', config: null } },
    { adapter: { name: 'modules::pubsub::LocalAdapter' } },
  ])('takes %j', (config) => {
    expect(read(config)).toMatchObject({
      maxInFlight: 256,
      maxWaiting: 10_000,
      deliveryTimeoutMs: 3_600_000,
    });
  });

  it.each([
    { adapter: { name: 'nope' } },
    { adapter: { name: 'local', config: { x: 1 } } },
    { adapter: { name: 'local', x: 1 } },
    { x: 1 },
    { max_waiting: 0 },
  ])('pubsub:P20 pubsub:P23 refuses %j', (config) => {
    expect(() => read(config)).toThrow();
  });

  it('names what is wrong with an adapter', () => {
    expect(() => read({ adapter: { name: 'nope' } })).toThrow(
      "PubSub adapter factory 'nope' not found",
    );
  });
});
