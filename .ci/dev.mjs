// SPDX-License-Identifier: Apache-2.0
/**
 * `pnpm dev`: the built engine on its usual ports with the workers of `examples/quickstart`
 * connected, and what to try next. Ctrl-C or SIGTERM ends all of it; the end of any part, too.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const quickstart = join(root, 'examples/quickstart');
const port = process.env.III_PORT || '49134';
const httpPort = process.env.III_HTTP_PORT || '3111';
const http = `http://127.0.0.1:${httpPort}`;
const env = {
  ...process.env,
  III_PORT: port,
  III_HTTP_PORT: httpPort,
  III_URL: `ws://127.0.0.1:${port}`,
};
/** Longest wait for the first answer: a cold start on a small machine takes a few seconds. */
const READY_MS = 30_000;
/** How long parts may take to stop before they are killed; the engine drains calls in flight. */
const STOP_MS = 12_000;

const children = new Map();
let stopping = false;

function start(name, args) {
  const child = spawn(process.execPath, args, {
    cwd: quickstart,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  children.set(name, child);
  child.on('exit', (code, signal) => {
    children.delete(name);
    if (stopping) return;
    console.error(`${name} ended (${signal ?? `exit code ${code}`}); stopping the rest`);
    void stop(code || 1);
  });
}

async function stop(code) {
  if (stopping) return;
  stopping = true;
  for (const child of children.values()) child.kill('SIGTERM');
  const deadline = Date.now() + STOP_MS;
  while (children.size > 0 && Date.now() < deadline) await delay(20);
  for (const child of children.values()) child.kill('SIGKILL');
  process.exit(code);
}

/** Adding nothing needs the engine, both workers, HTTP and state, and changes nothing. */
async function isReady() {
  try {
    const answer = await fetch(`${http}/math/add`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"a":0,"b":0}',
    });
    return answer.ok;
  } catch {
    return false; // Nothing listens yet.
  }
}

function accepts(toPort) {
  return new Promise((resolve) => {
    const socket = connect(toPort, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

process.on('SIGINT', () => void stop(0));
process.on('SIGTERM', () => void stop(0));

if (!existsSync(join(quickstart, 'dist/math.mjs'))) {
  console.error('examples/quickstart is not built; run `pnpm build`, then this again');
  process.exit(1);
}
start('engine', [join(root, 'engine/bin/iii.js'), '--config', 'config.yaml']);
const deadline = Date.now() + READY_MS;
// Workers may start first and wait, but then a first run begins with lines about refused connections.
while (!stopping && !(await accepts(Number(port))) && Date.now() < deadline) await delay(20);
if (!stopping) {
  start('math worker', ['dist/math.mjs']);
  start('caller worker', ['dist/caller.mjs']);
}
while (!stopping && !(await isReady())) {
  if (Date.now() > deadline) {
    console.error(`no answer from ${http}/math/add within ${READY_MS / 1000} s`);
    await stop(1);
  }
  await delay(50);
}
if (!stopping) {
  console.log(`
iii is running: workers at ws://127.0.0.1:${port}, HTTP at ${http}
Two example workers are connected (examples/quickstart/src). Try:

  curl -X POST ${http}/math/add -H 'content-type: application/json' -d '{"a":2,"b":3}'
  curl ${http}/math/total
  curl -X POST ${http}/math/reset

Write your own: README.md has a first worker in ten lines. Ctrl-C stops everything.
`);
}
