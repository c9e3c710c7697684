// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { run } from './context.ts';

describe('root', () => {
  test.each([['--version'], ['-v'], ['version']])(
    '%s prints the bare version (cli:1)',
    async (flag) => {
      expect(await run([flag])).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^\d+\.\d+\.\d+\S*\n$/),
      });
    },
  );

  test('help names the commands, and no create or start (cli:2)', async () => {
    const { code, out } = await run(['--help']);
    expect(code).toBe(0);
    for (const word of ['trigger', 'console', 'cloud', 'worker', 'project', 'compose', 'update']) {
      expect(out).toMatch(new RegExp(`^ {2}${word} `, 'm'));
    }
    expect(out).not.toMatch(/^\s*(create|start) /m);
  });

  test.each([
    'nonexistent-command',
    'start',
    'install',
    'uninstall',
    'list',
    'info',
    'create',
    'sandbox',
  ])('%s is no command (cli:3, cli:8, config-file:28)', async (command) => {
    const { code, err } = await run([command]);
    expect(code).toBe(2);
    expect(err).toContain(`unrecognized subcommand '${command}'`);
    expect(err).not.toContain('iii-cli');
  });

  test('a slip is answered with the command that was meant', async () => {
    expect((await run(['trigegr'])).err).toContain("did you mean 'trigger'?");
  });

  test('the update check can be switched off in front of anything (cli:4)', async () => {
    expect((await run(['--no-update-check', '--version'])).code).toBe(0);
    expect((await run(['--no-update-check', 'worker', 'list'])).err).not.toContain(
      'unexpected argument',
    );
  });

  test('the default-config flag of old is refused (cli:5, config-file:28)', async () => {
    const { code, err } = await run(['--use-default-config', '--version']);
    expect(code).toBe(2);
    expect(err).toContain("unexpected argument '--use-default-config' found");
  });
});

describe('trigger', () => {
  test('without a path it fails and says so (cli:12)', async () => {
    const { code, err } = await run(['trigger']);
    expect(code).toBe(1);
    expect(err).toContain('missing FUNCTION_PATH');
  });

  test.each(['trigger', 't'])('%s --help is static (cli:13, cli:20)', async (command) => {
    const { code, out } = await run([command, '--help']);
    expect(code).toBe(0);
    expect(out).toContain('FUNCTION_PATH');
    expect(out).toContain('--json');
    expect(out).not.toContain('--function-id');
  });

  test.each(['--function-id', '--payload'])('%s of old is a usage error (cli:14)', async (flag) => {
    const { code, err } = await run(['trigger', 'test::fn', flag, 'legacy']);
    expect(code).toBe(2);
    expect(err).toContain(`unexpected argument '${flag}' found`);
  });

  test('nobody listening is said at once, and nothing else is complained of (cli:15)', async () => {
    const argv = [
      'trigger',
      'test::fn',
      '--json',
      '{"a":1}',
      'a=99',
      '--port',
      '19999',
      '--timeout-ms',
      '200',
    ];
    const { code, out, err } = await run(argv);
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toBe(
      'Error: WebSocket error: connection refused (ws://localhost:19999). Is the engine running at the given address and port?\n',
    );
  });

  test('help for a function of an engine that is down is the static one (cli:21)', async () => {
    const { code, out, err } = await run(['trigger', 'a::b', '--help', '--port', '19999']);
    expect(code).toBe(0);
    expect(out).toContain('FUNCTION_PATH');
    expect(err).toContain('warning: ');
  });

  test.each([
    [['f', 'tok'], 'expected key=value, got `tok`'],
    [['f', '=v'], 'payload key must not be empty (got `=v`)'],
    [['f', '--json', '{'], '--json: invalid JSON `{`'],
    [['f', '--json', '[1]', 'a=1'], '--json must be an object when combined with kv pairs'],
  ])('%j: %s (cli:17)', async (argv, message) => {
    const { code, err } = await run(['trigger', ...argv]);
    expect(code).toBe(1);
    expect(err).toContain(`Error: ${message}`);
  });
});
