// SPDX-License-Identifier: Apache-2.0
/** Runs the README: `sh background` blocks stay up, an `sh` block prints the `json` block after it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';

const folder = join(import.meta.dirname, '..');
const runFile = promisify(execFile);
const children: ChildProcess[] = [];
const temporary: string[] = [];

interface Block {
  kind: string;
  text: string;
}

afterEach(async () => {
  for (const child of children.splice(0)) await stop(child);
  for (const path of temporary.splice(0)) await rm(path, { recursive: true, force: true });
});

test('the commands of the README do what it says, also over an engine restart', async () => {
  const readme = await readFile(join(folder, 'README.md'), 'utf8');
  const blocks = parseBlocks(readme);
  const [build, ...steps] = blocks;
  expect(build?.text).toContain('build');
  // `pnpm test` has built already; a single test run says so instead of failing oddly.
  expect(existsSync(join(folder, 'dist/math.mjs')), 'run `pnpm build` first').toBe(true);

  const env = await makeEnvironment();
  const localise = (text: string) => text.replaceAll(':3111', `:${env.III_HTTP_PORT}`);
  const background = steps.filter((block) => block.kind === 'sh background');
  for (const block of background) start(block.text, env);

  const requests = steps.filter((block) => block.kind !== 'sh background');
  const last = requests.length - 2;
  for (let at = 0; at < requests.length; at += 2) {
    const [command, answer] = requests.slice(at, at + 2) as [Block, Block];
    expect([command.kind, answer.kind]).toEqual(['sh', 'json']);
    if (at === last) await restartEngine(background[0]!.text, env);
    // A request that counts is sent once the route is there, never twice.
    await waitForRoutes(env.III_HTTP_PORT!);
    expect(JSON.parse(await runShell(localise(command.text), env))).toEqual(
      JSON.parse(answer.text),
    );
  }
});

function parseBlocks(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\S.*)\n([\s\S]*?)\n```$/gm)].map((match) => ({
    kind: match[1]!,
    text: match[2]!,
  }));
}

async function makeEnvironment(): Promise<NodeJS.ProcessEnv> {
  const data = await mkdtemp(join(tmpdir(), 'iii-quickstart-'));
  temporary.push(data);
  const port = String(await freePort());
  return {
    ...process.env,
    III_PORT: port,
    III_HTTP_PORT: String(await freePort()),
    III_URL: `ws://127.0.0.1:${port}`,
    III_STATE_PATH: join(data, 'state_store.db'),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts a block; `exec` makes the child the command itself, so that a signal reaches it. */
function start(command: string, env: NodeJS.ProcessEnv): ChildProcess {
  const child = spawn('sh', ['-c', `exec ${command}`], { cwd: folder, env, stdio: 'ignore' });
  children.push(child);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGINT');
  await once(child, 'exit');
}

async function restartEngine(command: string, env: NodeJS.ProcessEnv): Promise<void> {
  const [engine] = children.splice(0, 1);
  await stop(engine!);
  children.unshift(start(command, env));
}

/** Adding nothing needs both workers, HTTP and state, and leaves the total as it is. */
async function waitForRoutes(port: string): Promise<void> {
  const add = () =>
    fetch(`http://127.0.0.1:${port}/math/add`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"a":0,"b":0}',
    }).then(
      (response) => response.status,
      () => 0, // Not listening yet.
    );
  await expect.poll(add, { timeout: 30_000, interval: 50 }).toBe(200);
}

async function runShell(command: string, env: NodeJS.ProcessEnv): Promise<string> {
  const { stdout } = await runFile('sh', ['-c', command], { cwd: folder, env });
  return stdout.trim();
}
