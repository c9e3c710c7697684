// SPDX-License-Identifier: Apache-2.0
/** Starting what is measured, and reading from /proc what it cost. Linux only. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const here = import.meta.dirname;
/** USER_HZ; the kernel reports CPU in these ticks on every platform Node runs on. */
const TICKS_PER_SECOND = 100;

/** CPU seconds (user and system) a process has used. */
export async function cpuSeconds(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name in brackets may hold spaces; fields count from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory in MiB. */
export async function rssMib(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export async function waitForPort(port, deadlineMs = 20_000) {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const open = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (open) return;
    if (Date.now() > deadline) throw new Error(`nothing listens on port ${port}`);
    await delay(5);
  }
}

/** The built engine on free ports, in a folder that goes with it. */
export async function startEngine({ ready = true } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'iii-bench-'));
  const port = await freePort();
  const httpPort = await freePort();
  const config = [
    'workers:',
    `  - { name: iii-worker-manager, config: { host: 127.0.0.1, port: ${port} } }`,
    `  - { name: iii-http, config: { host: 127.0.0.1, port: ${httpPort} } }`,
    '  - { name: iii-state }',
    '',
  ].join('\n');
  await writeFile(join(folder, 'config.yaml'), config);
  const bin = join(here, '../../engine/bin/iii.js');
  const child = spawn(process.execPath, [bin, '--config', 'config.yaml'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  const target = makeTarget('engine', child, port, () =>
    rm(folder, { recursive: true, force: true }),
  );
  if (ready) for (const each of [port, httpPort]) await waitForPort(each);
  return { ...target, httpPort };
}

/** A plain hub of `peers/` to compare with. */
export async function startPeer(name) {
  const port = await freePort();
  const child = spawn(process.execPath, [join(here, '../peers', `${name}.mjs`), String(port)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await waitForPort(port);
  return makeTarget(name, child, port, async () => {});
}

function makeTarget(name, child, port, cleanUp) {
  return {
    name,
    port,
    pid: child.pid,
    url: `ws://127.0.0.1:${port}/`,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await cleanUp();
    },
  };
}
