// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { EVERY_SECOND, IN_MEMORY, start } from './start-cron.ts';

describe('the trigger type cron', () => {
  it('cron:C01 cron:C19 calls the function with the times and the metadata', async () => {
    await using cron = await start();
    const calls = cron.serve('jobs::x');
    await cron.bind('a', EVERY_SECOND, { metadata: { team: 'x' } });
    await cron.clock.advance(500);
    await cron.engine.waitFor(() => calls.length === 1, 'the run');
    expect(calls[0]).toMatchObject({
      data: {
        trigger: 'cron',
        job_id: 'a',
        scheduled_time: '2026-03-04T10:15:31+00:00',
        actual_time: '2026-03-04T10:15:31+00:00',
      },
      metadata: { team: 'x' },
    });
  });

  it('cron:C02 function and condition are those of the namespace; the condition gets no metadata', async () => {
    await using cron = await start();
    const calls = cron.serve('jobs::x');
    const asked = cron.serve('jobs::if', () => null);
    const config = { ...EVERY_SECOND, condition_function_id: 'jobs::if' };
    await cron.bind('a', config, { namespace: 'orders', metadata: 1 });
    await cron.clock.advance(500);
    await cron.engine.waitFor(() => calls.length === 1, 'the run');
    expect(asked).toEqual([{ data: calls[0]?.data, metadata: undefined, namespace: 'orders' }]);
    expect(calls[0]).toMatchObject({ namespace: 'orders', metadata: 1 });
  });

  it.each([
    [{}, 'Cron expression is required'],
    [null, 'Cron expression is required'],
    [{ expression: '' }, 'Cron expression is required'],
    [{ expression: 5 }, 'Cron expression is required'],
    [{ expression: 'nonsense' }, "Invalid cron expression 'nonsense'"],
    [{ ...EVERY_SECOND, timezone: 'Mars/Base' }, "Unknown timezone 'Mars/Base'"],
    [{ ...EVERY_SECOND, overlap: 'x' }, '`overlap` of a cron trigger must be \\"skip\\"'],
    [{ ...EVERY_SECOND, jitter_ms: -1 }, '`jitter_ms` of a cron trigger must be at least 0'],
  ])('cron:C03 refuses %j', async (config, message) => {
    await using cron = await start();
    expect(JSON.stringify(await cron.bind('a', config))).toContain(message);
    expect(await cron.engine.call('cron::list')).toEqual({ jobs: [] });
  });

  it('cron:C05 a condition that answers false or fails skips; the next run is asked for again', async () => {
    await using cron = await start();
    const calls = cron.serve('jobs::x');
    let count = 0;
    const asked = cron.serve('jobs::if', () => {
      count += 1;
      if (count === 1) return false;
      if (count === 2) throw new Error('broken');
      return undefined;
    });
    await cron.bind('a', { ...EVERY_SECOND, overlap: 'queue', condition_function_id: 'jobs::if' });
    await cron.clock.advance(3_000);
    await cron.engine.waitFor(() => calls.length === 1, 'the third run');
    expect(asked).toHaveLength(3);
    expect(cron.log.records.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('cron:C07 a handler that fails is told, and the next run comes', async () => {
    await using cron = await start();
    const calls = cron.serve('jobs::x', () => {
      throw new Error('no');
    });
    await cron.bind('a', { ...EVERY_SECOND, overlap: 'queue' });
    await cron.clock.advance(2_000);
    await cron.engine.waitFor(() => calls.length === 2, 'the second run');
    expect(cron.log.records).toContainEqual({
      level: 'error',
      message: 'Cron job execution failed',
      fields: { job_id: 'a', function_id: 'jobs::x', error: expect.stringContaining('no') },
    });
  });

  it('cron:C32 a handler that hangs counts as ended after its limit', async () => {
    await using cron = await start();
    const calls = cron.serve('jobs::x', () => new Promise(() => {}));
    await cron.bind('a', { ...EVERY_SECOND, timeout_ms: 1 });
    await cron.clock.advance(500);
    await cron.engine.waitFor(
      () => cron.log.records.some(({ level }) => level === 'error'),
      'the timeout',
    );
    await cron.clock.advance(1_000);
    await cron.engine.waitFor(() => calls.length === 2, 'the second run');
  });

  it('cron:C04 cron:C20 an id registered twice has one schedule, and none once unregistered', async () => {
    await using cron = await start();
    const calls = cron.serve('jobs::x');
    await cron.bind('a', EVERY_SECOND);
    await cron.bind('a', EVERY_SECOND);
    const connection = cron.engine.connection;
    connection.send({ type: 'unregistertrigger', id: 'unknown', trigger_type: 'cron' });
    expect(await cron.settled()).toMatchObject({ jobs: [{ job_id: 'a', trigger_ids: ['a'] }] });
    connection.send({ type: 'unregistertrigger', id: 'a', trigger_type: 'cron' });
    expect(await cron.settled()).toEqual({ jobs: [] });
    await cron.clock.advance(5_000);
    await cron.settled();
    expect(calls).toEqual([]);
  });

  it('cron:C09 it is offered without a namespace of its own', async () => {
    await using cron = await start();
    const frame = await cron.engine.waitForFrame('registertriggertype');
    expect([frame.id, frame.namespace]).toEqual(['cron', undefined]);
  });

  it('numbers of weekdays are explained once per expression', async () => {
    await using cron = await start({ ...IN_MEMORY, weekdays: 'quartz' });
    for (const id of ['a', 'b']) await cron.bind(id, { expression: '0 0 9 * * 2' });
    const warnings = cron.log.records.filter(({ fields }) => fields?.read_as !== undefined);
    expect(warnings.map(({ fields }) => fields?.read_as)).toEqual(['1 is Sunday, 7 is Saturday']);
    const { jobs } = (await cron.settled()) as { jobs: { next_run: string }[] };
    expect(jobs[0]?.next_run).toBe('2026-03-09T09:00:00+00:00');
  });
});

describe('functions', () => {
  it('cron::list tells what is scheduled, and what became of it', async () => {
    await using cron = await start();
    const calls = cron.serve('jobs::x');
    await cron.bind('a', EVERY_SECOND);
    await cron.clock.advance(500);
    await cron.engine.waitFor(() => calls.length === 1, 'the run');
    expect(await cron.engine.call('cron::list')).toMatchObject({
      jobs: [
        {
          job_id: 'a',
          function_id: 'jobs::x',
          expression: '* * * * * *',
          timezone: 'UTC',
          last_run: '2026-03-04T10:15:31+00:00',
          next_run: '2026-03-04T10:15:32+00:00',
          counts: { runs: 1, failures: 0, skipped: 0, missed: 0 },
        },
      ],
    });
  });

  it('cron::next_runs lists times of an expression or a job', async () => {
    await using cron = await start();
    const runs = await cron.engine.call('cron::next_runs', {
      expression: '0 30 2 * * *',
      timezone: 'Europe/Berlin',
      from: '2026-03-28T12:00:00Z',
      count: 2,
    });
    expect(runs).toEqual({ runs: ['2026-03-29T01:00:00+00:00', '2026-03-30T00:30:00+00:00'] });
    await cron.bind('a', { expression: '@daily' });
    expect(await cron.engine.call('cron::next_runs', { job_id: 'a', count: 1 })).toEqual({
      runs: ['2026-03-05T00:00:00+00:00'],
    });
    await expect(cron.engine.call('cron::next_runs', {})).rejects.toMatchObject({
      code: 'deserialization_error',
    });
    await expect(cron.engine.call('cron::next_runs', { job_id: 'x' })).rejects.toMatchObject({
      code: 'cron_job_not_found',
    });
  });

  it('cron::run calls at once, with the usual payload, and answers with the result', async () => {
    await using cron = await start();
    const calls = cron.serve('jobs::x', () => ({ ok: true }));
    await cron.bind('a', { expression: '@yearly' }, { metadata: 1 });
    expect(await cron.engine.call('cron::run', { job_id: 'a' })).toEqual({
      trigger_id: 'a',
      function_id: 'jobs::x',
      result: { ok: true },
    });
    expect(calls[0]?.data).toEqual({
      trigger: 'cron',
      job_id: 'a',
      scheduled_time: '2026-03-04T10:15:30+00:00',
      actual_time: '2026-03-04T10:15:30.500+00:00',
      manual: true,
    });
    await expect(cron.engine.call('cron::run', { job_id: 'x' })).rejects.toThrow('not found');
  });
});
