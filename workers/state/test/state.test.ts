// SPDX-License-Identifier: Apache-2.0
import { runWorker } from '@iii-dev/worker-kit';
import {
  type FakeEngine,
  makeTempDir,
  recordingLog,
  startFakeEngine,
} from '@iii-dev/worker-kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stateWorker } from '../src/index.ts';

interface Running {
  readonly engine: FakeEngine;
  readonly log: ReturnType<typeof recordingLog>;
  close(): Promise<void>;
}

async function startState(config: unknown, dataDir: string): Promise<Running> {
  const engine = await startFakeEngine();
  const log = recordingLog();
  const worker = await runWorker(stateWorker, {
    connect: { url: engine.address },
    config,
    dataDir,
    log,
    configPath: 'config.yaml: workers[0].config',
  });
  return {
    engine,
    log,
    async close() {
      await worker.close();
      await engine.close();
    },
  };
}

const MEMORY = { adapter: { name: 'kv', config: { store_method: 'in_memory' } } };

for (const [setting, base] of [
  ['in memory', MEMORY],
  ['on disk', {}],
] as const) {
  describe(`the state worker ${setting}`, () => {
    let dir: Awaited<ReturnType<typeof makeTempDir>>;
    let state: Running;

    beforeEach(async () => {
      dir = await makeTempDir();
      state = await startState({ ...base, max_value_bytes: 100_000 }, dir.path);
    });
    afterEach(async () => {
      await state.close();
      await dir[Symbol.asyncDispose]();
    });

    const call = (id: string, data?: unknown) => state.engine.call(id, data);
    const at = { scope: 's', key: 'k' };

    it('state:S01 set answers with the value before and after', async () => {
      expect(await call('state::set', { ...at, value: 1 })).toEqual({
        old_value: null,
        new_value: 1,
      });
      expect(await call('state::set', { ...at, value: 2 })).toEqual({ old_value: 1, new_value: 2 });
    });

    it('state:S02 set takes data for value, but not both', async () => {
      await call('state::set', { ...at, data: { a: 1 } });
      expect(await call('state::get', at)).toEqual({ a: 1 });
      await expect(call('state::set', { ...at, data: 1, value: 1 })).rejects.toMatchObject({
        code: 'deserialization_error',
      });
    });

    it('state:S03 get of what is not there has no result, of null has null', async () => {
      const frame = await state.engine.callOn(state.engine.connection, 'state::get', at);
      expect('result' in frame && frame.result !== undefined).toBe(false);
      expect(frame.error).toBeUndefined();
      await call('state::set', { ...at, value: null });
      const stored = await state.engine.callOn(state.engine.connection, 'state::get', at);
      expect(stored.result?.text).toBe('null');
    });

    it('state:S04 state:S05 delete answers with the bare value, then with nothing', async () => {
      await call('state::set', { ...at, value: 'v' });
      expect(await call('state::delete', at)).toBe('v');
      expect(await call('state::get', at)).toBeUndefined();
      expect(await call('state::delete', at)).toBeUndefined();
    });

    it('state:S06 state:S07 list has the values in the order they came', async () => {
      for (const key of ['c', 'a', 'b']) await call('state::set', { scope: 's', key, value: key });
      expect(await call('state::list', { scope: 's' })).toEqual(['c', 'a', 'b']);
      expect(await call('state::list', { scope: 'none' })).toEqual([]);
    });

    it('state:S08 list_groups is sorted, and takes no input too', async () => {
      for (const scope of ['b', 'a', 'é', 'Z'])
        await call('state::set', { scope, key: 'k', value: 1 });
      expect(await call('state::list_groups', {})).toEqual({ groups: ['Z', 'a', 'b', 'é'] });
      expect(await call('state::list_groups', null)).toEqual({ groups: ['Z', 'a', 'b', 'é'] });
    });

    it('state:S09 state:S10 state:S12 update keeps what its ops do not name', async () => {
      await call('state::set', { ...at, value: { count: 0, name: 'n', list: [], text: 'a' } });
      const ops = [
        { type: 'set', path: 'count', value: 5 },
        { type: 'append', path: 'list', value: 1 },
        { type: 'append', path: 'text', value: 'b' },
      ];
      const updated = await call('state::update', { ...at, ops });
      expect(updated).toEqual({
        old_value: { count: 0, name: 'n', list: [], text: 'a' },
        new_value: { count: 5, name: 'n', list: [1], text: 'ab' },
      });
    });

    it('state:S11 update makes what is missing', async () => {
      const ops = [{ type: 'increment', path: 'counter', by: 1 }];
      expect(await call('state::update', { ...at, ops })).toEqual({
        old_value: null,
        new_value: { counter: 1 },
      });
    });

    it('state:S14 update-ops:41 loses none of 500 updates at once', async () => {
      const increment = { ...at, ops: [{ type: 'increment', path: 'n', by: 2 }] };
      const append = { ...at, ops: [{ type: 'append', path: 'list', value: 1 }] };
      await Promise.all([
        ...Array.from({ length: 500 }, () => call('state::update', increment)),
        ...Array.from({ length: 100 }, () => call('state::update', append)),
      ]);
      expect(await call('state::get', at)).toEqual({ n: 1000, list: Array(100).fill(1) });
    });

    it('update-ops:42 applies both ops of each call', async () => {
      const calls = Array.from({ length: 500 }, (_, n) =>
        call('state::update', {
          ...at,
          ops: [
            { type: 'increment', path: 'n', by: 1 },
            { type: 'set', path: 'name', value: `v${n}` },
          ],
        }),
      );
      await Promise.all(calls);
      expect(await call('state::get', at)).toMatchObject({ n: 500, name: 'v499' });
    });

    it('a failed or empty update leaves no litter, and its errors stay in the answer', async () => {
      const ops = [{ type: 'append', path: ['safe', '__proto__', 'x'], value: 1 }];
      expect(await call('state::update', { ...at, ops })).toMatchObject({
        old_value: null,
        new_value: {},
        errors: [{ op_index: 0, code: 'append.path.proto_polluted', doc_url: expect.any(String) }],
      });
      await call('state::update', { ...at, ops: [] });
      expect(await call('state::get', at)).toBeUndefined();
    });

    it('an atomic update stores all or nothing', async () => {
      const ops = [
        { type: 'set', path: 'a', value: 1 },
        { type: 'increment', path: 'bad', by: 1 },
      ];
      await call('state::set', { ...at, value: { bad: 'x' } });
      const refused = await call('state::update', { ...at, ops, atomic: true });
      expect(refused).toMatchObject({ new_value: { bad: 'x' }, errors: [{ op_index: 1 }] });
      expect(await call('state::get', at)).toEqual({ bad: 'x' });
    });

    it('update-ops:40 a malformed op fails the call and applies nothing', async () => {
      const ops = [{ type: 'set', path: 'a', value: 1 }, { type: 'push' }];
      await expect(call('state::update', { ...at, ops })).rejects.toMatchObject({
        code: 'deserialization_error',
        message: expect.stringContaining('Failed to deserialize input for state::update: '),
      });
      expect(await call('state::get', at)).toBeUndefined();
    });

    it('integers keep all their digits from set to get and through updates', async () => {
      const { connection } = state.engine;
      connection.sendText(
        '{"type":"invokefunction","function_id":"state::set","data":{"scope":"s","key":"k","value":{"n":9223372036854775807}}}',
      );
      const ops = [{ type: 'increment', path: 'n', by: 1 }];
      const updated = await state.engine.callOn(connection, 'state::update', { ...at, ops });
      expect(updated.result?.text).toBe(
        '{"old_value":{"n":9223372036854775807},"new_value":{"n":9223372036854775808}}',
      );
      const got = await state.engine.callOn(connection, 'state::get', at);
      expect(got.result?.text).toBe('{"n":9223372036854775808}');
    });

    it('wrong input is told what is wrong with it', async () => {
      const cases: [string, unknown, string][] = [
        ['state::get', null, 'missing field `scope`'],
        ['state::get', 'text', 'expected an object'],
        ['state::get', { scope: 1, key: 'k' }, 'invalid type for `scope`'],
        ['state::set', at, 'missing field `value`'],
        ['state::set', { ...at, value: 1, ttl_ms: 0 }, 'invalid value for `ttl_ms`'],
        ['state::update', at, 'missing field `ops`'],
      ];
      for (const [id, data, cause] of cases) {
        await expect(call(id, data)).rejects.toMatchObject({
          code: 'deserialization_error',
          message: expect.stringContaining(cause),
        });
      }
    });

    it('state:S17 state:S18 a value over the limit is refused, by set and by update', async () => {
      const value = 'x'.repeat(100_000);
      await expect(call('state::set', { ...at, value })).rejects.toMatchObject({
        code: 'VALUE_TOO_LARGE',
        message: expect.stringContaining(
          'value of 100002 bytes exceeds the configured max_value_bytes limit of 100000',
        ),
      });
      const ops = [{ type: 'append', path: 'a', value }];
      await expect(call('state::update', { ...at, ops })).rejects.toMatchObject({
        code: 'VALUE_TOO_LARGE',
      });
      expect(await call('state::set', { ...at, value: 1 })).toMatchObject({ new_value: 1 });
    });

    it('lists keys and entries page by page', async () => {
      for (let n = 0; n < 5; n += 1)
        await call('state::set', { scope: 's', key: `k${n}`, value: n });
      expect(await call('state::list_keys', { scope: 's' })).toEqual({
        keys: ['k0', 'k1', 'k2', 'k3', 'k4'],
      });
      const first = (await call('state::list_entries', { scope: 's', limit: 3 })) as {
        next_cursor: string;
      };
      expect(first).toMatchObject({
        entries: [
          ['k0', 0],
          ['k1', 1],
          ['k2', 2],
        ],
        done: false,
        offset: 0,
        total: 5,
      });
      expect(
        await call('state::list_entries', { scope: 's', limit: 3, cursor: first.next_cursor }),
      ).toEqual({
        entries: [
          ['k3', 3],
          ['k4', 4],
        ],
        next_cursor: null,
        done: true,
        offset: 3,
        total: 5,
      });
      expect(await call('state::count', { scope: 's' })).toEqual({ count: 5 });
      await expect(call('state::list_entries', { scope: 's', cursor: 'x' })).rejects.toMatchObject({
        code: 'INVALID_CURSOR',
      });
    });

    it('compare-and-set lets one of many through', async () => {
      const attempts = Array.from({ length: 10 }, (_, n) =>
        call('state::compare-and-set', { ...at, value: n }),
      );
      const swapped = (await Promise.all(attempts)).filter(
        (each) => (each as { swapped: boolean }).swapped,
      );
      expect(swapped).toHaveLength(1);
      const miss = { ...at, expected: 'no', value: 1 };
      expect(await call('state::compare-and-set', miss)).toEqual({ swapped: false, current: 0 });
      const hit = { ...at, expected: 0, value: { a: 1 } };
      expect(await call('state::compare-and-set', hit)).toEqual({
        swapped: true,
        current: { a: 1 },
      });
    });

    it('a value with a time to live ends and fires state:deleted', async () => {
      const events = await recordEvents(state.engine, {});
      await call('state::set', { ...at, value: 1, ttl_ms: 300 });
      expect(await call('state::get', at)).toBe(1);
      const deleted = await state.engine.waitFor(() => events[1]);
      expect(deleted).toMatchObject({ event_type: 'state:deleted', old_value: 1, new_value: null });
      expect(await call('state::get', at)).toBeUndefined();
    });

    it('the oldest clients reach it by dotted ids and their own field names', async () => {
      await call('state.set', { group_id: 's', item_id: 'k', data: 1 });
      expect(await call('state.get', { group_id: 's', item_id: 'k' })).toBe(1);
      await expect(call('state::get', { group_id: 's', item_id: 'k' })).rejects.toMatchObject({
        code: 'deserialization_error',
      });
    });

    it('answers with less when asked to', async () => {
      expect(await call('state::set', { ...at, value: 1, return: 'none' })).toEqual({
        existed: false,
      });
      expect(await call('state::set', { ...at, value: 2, return: 'new' })).toEqual({
        new_value: 2,
        existed: true,
      });
    });

    it('state:S29 a binding hears of what its scope and key fit', async () => {
      const heard: Record<string, unknown[]> = {
        any: await recordEvents(state.engine, {}),
        scope: await recordEvents(state.engine, { scope: 's' }),
        key: await recordEvents(state.engine, { key: 'k', scope: null }),
        both: await recordEvents(state.engine, { scope: 's', key: 'k' }),
        empty: await recordEvents(state.engine, { scope: '' }),
      };
      for (const [scope, key] of [
        ['s', 'k'],
        ['s', 'x'],
        ['t', 'k'],
        ['t', 'x'],
      ]) {
        await call('state::set', { scope, key, value: 1 });
      }
      await state.engine.waitFor(() => heard.any?.length === 4 && heard.key?.length === 2);
      await state.engine.waitFor(() => heard.scope?.length === 2 && heard.both?.length === 1);
      expect(heard.empty).toEqual([]);
    });

    it('state:S30 state:S36 events say what was and what is, in order', async () => {
      const events = await recordEvents(state.engine, at);
      await call('state::set', { ...at, value: null });
      await call('state::set', { ...at, value: 2 });
      await call('state::update', { ...at, ops: [{ type: 'increment', path: '', by: 1 }] });
      await call('state::delete', at);
      await call('state::delete', at);
      await state.engine.waitFor(() => events.length === 5);
      const event = { type: 'state', ...at };
      expect(events).toEqual([
        { ...event, event_type: 'state:created', old_value: null, new_value: null },
        { ...event, event_type: 'state:updated', old_value: null, new_value: 2 },
        { ...event, event_type: 'state:updated', old_value: 2, new_value: 3 },
        { ...event, event_type: 'state:deleted', old_value: 3, new_value: null },
        { ...event, event_type: 'state:deleted', old_value: null, new_value: null },
      ]);
    });

    it('a hundred events of one key arrive in the order they were stored', async () => {
      const events = await recordEvents(state.engine, at);
      const writes = Array.from({ length: 100 }, (_, value) =>
        call('state::set', { ...at, value }),
      );
      await Promise.all(writes);
      await state.engine.waitFor(() => events.length === 100);
      expect(events.map(({ new_value }) => new_value)).toEqual([...Array(100).keys()]);
    });

    it('state:S31 a binding whose scope is no text is refused', async () => {
      const answer = await state.engine.bind({
        trigger_type: 'state',
        function_id: 'f',
        config: { scope: 1 },
      });
      expect(answer.error).toMatchObject({ code: 'trigger_registration_failed' });
      expect(answer.error?.message).toMatch(/^Failed to parse trigger config/);
    });

    it('state:S32 an unbound function hears nothing more; a rebound one hears once', async () => {
      const gone = await recordEvents(state.engine, {}, { id: 'gone' });
      const twice = await recordEvents(state.engine, {}, { id: 'twice' });
      await state.engine.bind({
        trigger_type: 'state',
        function_id: 'test::twice',
        id: 'twice',
        config: {},
      });
      state.engine.connection.send({
        type: 'unregistertrigger',
        id: 'gone',
        trigger_type: 'state',
      });
      await call('state::set', { ...at, value: 1 });
      await call('state::set', { ...at, value: 2 });
      await state.engine.waitFor(() => twice.length === 2);
      expect(gone).toEqual([]);
    });

    it('state:S33 state:S34 a condition blocks by false or by failing, and by nothing else', async () => {
      const verdicts: Record<string, () => unknown> = {
        nothing: () => undefined,
        nil: () => null,
        zero: () => 0,
        text: () => 'false',
        no: () => false,
        fails: () => {
          throw new Error('broken condition');
        },
      };
      const heard: Record<string, unknown[]> = {};
      for (const [id, verdict] of Object.entries(verdicts)) {
        state.engine.serve(`test::if-${id}`, verdict);
        heard[id] = await recordEvents(
          state.engine,
          { condition_function_id: `test::if-${id}` },
          { id },
        );
      }
      state.engine.serve('test::broken', () => {
        throw new Error('broken handler');
      });
      await state.engine.bind({ trigger_type: 'state', function_id: 'test::broken', config: {} });
      await call('state::set', { ...at, value: 1 });
      await call('state::set', { ...at, value: 2 });
      for (const id of ['nothing', 'nil', 'zero', 'text']) {
        await state.engine.waitFor(() => heard[id]?.length === 2, id);
      }
      await state.engine.waitFor(
        () => state.log.records.filter(({ level }) => level === 'error').length === 4,
      );
      expect([heard.no, heard.fails]).toEqual([[], []]);
    });

    it('state:S35 condition and handler are called in the namespace of the binding, with its metadata', async () => {
      const frames: unknown[] = [];
      for (const id of ['test::cond', 'test::handler']) {
        state.engine.serve(id, (_data, metadata, frame) => {
          frames.push([id, frame.namespace, metadata]);
        });
      }
      await state.engine.bind({
        trigger_type: 'state',
        function_id: 'test::handler',
        config: { condition_function_id: 'test::cond' },
        namespace: 'orders',
        metadata: { tag: 1 },
      });
      await call('state::set', { ...at, value: 1 });
      await state.engine.waitFor(() => frames.length === 2);
      expect(frames).toEqual([
        ['test::cond', 'orders', { tag: 1 }],
        ['test::handler', 'orders', { tag: 1 }],
      ]);
    });

    it('a handler that hangs holds up neither the writer nor other bindings', async () => {
      state.engine.serve('test::hangs', () => new Promise(() => {}));
      await state.engine.bind({ trigger_type: 'state', function_id: 'test::hangs', config: {} });
      const events = await recordEvents(state.engine, {});
      await call('state::set', { ...at, value: 1 });
      await call('state::set', { ...at, value: 2 });
      await state.engine.waitFor(() => events.length === 2);
    });
  });
}

describe('the state worker', () => {
  it('kv:4 keeps everything over a restart, in order', async () => {
    await using dir = await makeTempDir();
    const first = await startState({}, dir.path);
    for (const [index, key] of ['z', 'a', 'm'].entries()) {
      await first.engine.call('state::set', { scope: 's', key, value: index + 1 });
    }
    await first.close();
    const second = await startState({}, dir.path);
    expect(await second.engine.call('state::list', { scope: 's' })).toEqual([1, 2, 3]);
    await second.close();
  });

  it('state:S20 fires nothing when triggers are off', async () => {
    await using dir = await makeTempDir();
    const state = await startState({ ...MEMORY, triggers_enabled: false }, dir.path);
    const events = await recordEvents(state.engine, {});
    await state.engine.call('state::set', { scope: 's', key: 'k', value: 1 });
    await state.engine.call('state::get', { scope: 's', key: 'k' });
    expect(events).toEqual([]);
    await state.close();
  });

  it('does not fire for deleting nothing when told so', async () => {
    await using dir = await makeTempDir();
    const state = await startState({ ...MEMORY, ignore_noop: true }, dir.path);
    const events = await recordEvents(state.engine, {});
    await state.engine.call('state::delete', { scope: 's', key: 'k' });
    await state.engine.call('state::set', { scope: 's', key: 'k', value: 1 });
    await state.engine.waitFor(() => events.length === 1);
    expect(events[0]).toMatchObject({ event_type: 'state:created' });
    await state.close();
  });

  it('state:S24 refuses a config that does not fit, and says how to mend it', async () => {
    await using dir = await makeTempDir();
    const cases: [unknown, string][] = [
      [{ max_value_byte: 1 }, 'unknown key "max_value_byte"; did you mean "max_value_bytes"?'],
      [{ max_value_bytes: 'x' }, 'max_value_bytes must be a number, got "x"'],
      [{ adapter: { name: 'redis' } }, `Adapter factory 'redis' not found. Available: ["kv"]`],
      [
        { adapter: { name: 'kv', config: { store_method: 'disk' } } },
        '"file_based" or "in_memory"',
      ],
      [{ adapter: { name: 'kv', config: { path: '' } } }, 'unknown key "adapter.config.path"'],
    ];
    for (const [config, text] of cases) {
      const started = startState(config, dir.path);
      await expect(started).rejects.toThrow(text);
      await expect(started).rejects.toThrow('config.yaml: workers[0].config');
    }
  });

  it('state:S25 takes zero and out-of-range knobs as unset, and says when nothing is kept', async () => {
    await using dir = await makeTempDir();
    const knobs = { max_value_bytes: 0, save_interval_ms: 10, triggers_enabled: null };
    const state = await startState({ ...MEMORY, ...knobs }, dir.path);
    await state.engine.call('state::set', { scope: 's', key: 'k', value: 'x'.repeat(1000) });
    expect(state.log.records[0]?.message).toContain('DO NOT USE IN_MEMORY');
    await state.close();
  });

  it('offers its functions and its trigger type with descriptions and schemas', async () => {
    await using dir = await makeTempDir();
    const state = await startState(MEMORY, dir.path);
    const set = await state.engine.waitForFrame(
      'registerfunction',
      ({ id }) => id === 'state::set',
    );
    expect(set.description).toBe('Set a value in state');
    expect(set.request_format?.value).toMatchObject({ required: ['scope', 'key', 'value'] });
    expect(state.engine.functionIds.every((id) => /^(iii-)?state(::|\.)/.test(id))).toBe(true);
    await state.engine.waitForFrame('registertriggertype', ({ id }) => id === 'state');
    await state.close();
  });
});

describe('the settings of a running state worker', () => {
  it('state:S15 state:S17 state:S20 state:S26 are seeded once, and follow edits that fit', async () => {
    await using dir = await makeTempDir();
    const engine = await startFakeEngine();
    let stored: unknown = null;
    engine.serve('configuration::get', () => ({ id: 'iii-state', value: stored }));
    engine.serve('configuration::register', (data) => {
      stored = (data as { initial_value?: unknown }).initial_value ?? stored;
    });
    const log = recordingLog();
    const connect = { url: engine.address };
    const config = { ...MEMORY, max_value_bytes: 256 };
    const worker = await runWorker(stateWorker, { connect, config, dataDir: dir.path, log });
    await engine.waitFor(() => stored !== null);
    expect(stored).toEqual({ ...MEMORY, triggers_enabled: true, max_value_bytes: 256 });
    const set = (value: unknown) => engine.call('state::set', { scope: 's', key: 'k', value });
    const edit = (value: unknown) => {
      stored = value;
      return engine.call('iii-state::on-config-change', {});
    };
    const events = await recordEvents(engine, {});
    expect(await edit({ max_value_bytes: 8, triggers_enabled: false })).toEqual({ ok: true });
    await expect(set('far too long')).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE' });
    await set(1);
    await edit({ max_value_bytes: 'nonsense' });
    await expect(set('far too long')).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE' });
    expect(log.records.some(({ level }) => level === 'error')).toBe(true);
    await edit({});
    await set('far too long');
    await engine.waitFor(() => events.length === 1);
    expect(events[0]?.new_value).toBe('far too long');
    await worker.close();
    await engine.close();
  });
});

interface Event {
  readonly event_type: string;
  readonly new_value: unknown;
}

/** Binds a function of its own to the trigger type and keeps what it is called with. */
async function recordEvents(
  engine: FakeEngine,
  config: object,
  { id }: { id?: string } = {},
): Promise<Event[]> {
  const events: Event[] = [];
  const functionId = `test::${id ?? Math.random().toString(36).slice(2)}`;
  engine.serve(functionId, (data) => {
    events.push(data as Event);
  });
  const binding = { trigger_type: 'state', function_id: functionId, config };
  const answer = await engine.bind(id === undefined ? binding : { ...binding, id });
  expect(answer.error).toBeUndefined();
  return events;
}
