// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registerWorker } from 'iii-sdk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { FakeContext, run, until } from './context.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iii-cli-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const FREE_PORT = 'workers:\n  - name: iii-worker-manager\n    config: { port: 0 }\n';

/** Runs the engine on a free port while `use` does its part. */
async function whileRunning(
  use: (port: string, context: FakeContext) => Promise<void>,
): Promise<FakeContext> {
  await writeFile(join(folder, 'config.yaml'), FREE_PORT);
  const context = new FakeContext(folder);
  const ended = runCli([], context);
  await until(() => context.err.includes('Engine listening on address: '), 'the engine listens');
  const port = /Engine listening on address: 127\.0\.0\.1:(\d+)/.exec(context.err)?.[1] ?? '';
  try {
    await use(port, context);
  } finally {
    context.send('SIGTERM');
    expect(await ended).toBe(0);
  }
  return context;
}

describe('the config file of a first run', () => {
  test('on a terminal a "no" writes nothing', async () => {
    const context = new FakeContext(folder);
    context.isTTY = true;
    context.answer = 'n';
    const { code, err } = await run([], context);
    expect(code).toBe(1);
    expect(err).toContain(
      `No config.yaml found in ${folder}. Create it and start the engine? [Y/n] `,
    );
    expect(err).toContain('Aborted.');
    await expect(readFile(join(folder, 'config.yaml'))).rejects.toThrow();
  });

  test('a folder that is not there is an error', async () => {
    const { code, err } = await run(['--config', 'none/config.yaml'], new FakeContext(folder));
    expect(code).toBe(1);
    expect(err).toContain("Error: failed to create config file 'none/config.yaml': ");
  });
});

describe('a start that fails', () => {
  test('names what is wrong with the file, and where', async () => {
    await writeFile(join(folder, 'c.yml'), 'wokers: []\n');
    const { code, err } = await run(['-c', 'c.yml'], new FakeContext(folder));
    expect(code).toBe(1);
    expect(err).toBe(
      'Error: Failed to parse config file \'c.yml\': unknown key "wokers" (c.yml:1:1). Did you mean "workers"?\n',
    );
  });

  test('names the port that is taken, who wants it and how to change it (config-file:25)', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await until(() => server.listening, 'the port is taken');
    const { port } = server.address() as { port: number };
    await writeFile(join(folder, 'config.yaml'), FREE_PORT.replace('port: 0', `port: ${port}`));
    const { code, err } = await run([], new FakeContext(folder));
    server.close();
    expect(code).toBe(1);
    expect(err).toContain(`address 127.0.0.1:${port} is already in use`);
    expect(err).toContain('`port` of iii-worker-manager');
  });
});

describe('trigger against a running engine', () => {
  test('prints the result, nothing for null, and errors as JSON on stderr (cli:18, cli:19, cli:22)', async () => {
    await whileRunning(async (port) => {
      const iii = registerWorker(`ws://127.0.0.1:${port}`, {
        otel: { enabled: false },
        enableMetricsReporting: false,
        namespace: 'shop',
      });
      iii.registerFunction(
        'math::add',
        async ({ a, b }: { a: number; b: number }) => ({ c: a + b }),
        {
          request_format: {
            type: 'object',
            properties: {
              a: { type: 'number', description: 'the one\u001b[31m' },
              b: { type: 'number' },
            },
            required: ['a'],
          },
        },
      );
      iii.registerFunction('math::nothing', async () => null);
      iii.registerFunction('math::fail', async () => {
        throw new Error('boom');
      });
      await iii.trigger({ function_id: 'math::nothing', payload: {}, namespace: 'shop' });
      const at = ['--port', port, '-n', 'shop'];
      expect(await run(['trigger', 'math::add', 'a=2', 'b=3', ...at])).toEqual({
        code: 0,
        out: '{\n  "c": 5\n}\n',
        err: '',
      });
      expect(await run(['trigger', 'math::nothing', ...at])).toEqual({ code: 0, out: '', err: '' });
      const failed = await run(['trigger', 'math::fail', ...at]);
      expect(failed).toMatchObject({ code: 1, out: '' });
      expect(JSON.parse(failed.err.replace('Error: ', ''))).toMatchObject({
        code: 'invocation_failed',
        message: expect.stringContaining('boom'),
      });
      const elsewhere = await run(['trigger', 'math::add', 'a=1', '--port', port]);
      expect(elsewhere.code).toBe(1);
      expect(JSON.parse(elsewhere.err.replace('Error: ', ''))).toMatchObject({
        code: 'function_not_found',
        message: expect.stringMatching(/^Function math::add not found.*shop/),
      });
      const help = await run(['trigger', 'math::add', '--help', ...at]);
      expect(help.code).toBe(0);
      expect(help.out).toMatch(/a +number +required +the one/);
      expect(help.out).not.toContain('\u001b');
      const unknown = await run(['trigger', 'no::such', '--help', ...at]);
      expect(unknown.code).toBe(1);
      expect(unknown.err).toContain('error: function `no::such` not found in engine registry.');
      await iii.shutdown();
    });
  });
});

test('a second signal ends the process at once', async () => {
  await whileRunning(async (_port, context) => {
    context.send('SIGINT');
    context.send('SIGINT');
    expect(context.exits).toEqual([130]);
  });
});
