// SPDX-License-Identifier: Elastic-2.0
// A worker in its own Node process, over the WebSocket.
//
// Stages: starting → running → waiting (crashed, back-off) → running … → stopping → stopped.
// I1 The child leads a process group, so that ending it ends what it has spawned as well.
// I2 The IPC channel is its lifeline: an engine that is gone, however it went, closes it.
// I3 A first start that fails is the caller's error; a later crash is answered by a restart.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HostFailure, type HostMessage } from './host-messages.ts';
import { type PlacedWorker, type PlaceRequest, within } from './placement.ts';

/** First pause before a restart, ms; doubled each time. */
const RESTART_FIRST_MS = 250;
/** Longest pause, ms: a worker that cannot start costs next to nothing. */
const RESTART_LONGEST_MS = 15_000;
/** A run of this length, ms, counts as healthy and resets the pause. */
const HEALTHY_RUN_MS = 60_000;
/** Time for a worker to come up, ms. */
const START_TIMEOUT_MS = 30_000;

type State =
  | { readonly kind: 'running'; readonly child: ChildProcess; readonly sinceMs: number }
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'stopping'; readonly child: ChildProcess; readonly exited: Promise<void> }
  | { readonly kind: 'stopped' };

/** Starts a worker as a process and keeps it running. */
export async function placeProcess(request: PlaceRequest): Promise<PlacedWorker> {
  const first = await startHost(request);
  return new SupervisedHost(request, first.child, first.ports);
}

class SupervisedHost implements PlacedWorker {
  readonly id: string;
  readonly builtin: string;
  ports: Readonly<Record<string, number>>;
  readonly #request: PlaceRequest;
  #state: State;
  #pauseMs = RESTART_FIRST_MS;

  constructor(request: PlaceRequest, child: ChildProcess, ports: Readonly<Record<string, number>>) {
    this.id = request.worker.id;
    this.builtin = request.worker.builtin;
    this.#request = request;
    this.ports = ports;
    this.#state = this.#watch(child);
  }

  async close(deadlineMs: number): Promise<void> {
    const state = this.#state;
    if (state.kind === 'stopping') await state.exited;
    if (state.kind === 'waiting') clearTimeout(state.timer);
    if (state.kind !== 'running') {
      this.#state = { kind: 'stopped' };
      return;
    }
    const { child } = state;
    const exited = exitOf(child);
    this.#state = { kind: 'stopping', child, exited };
    signalGroup(child, 'SIGTERM');
    if (!(await within(deadlineMs, exited))) {
      this.#request.log.warn('Worker did not stop in time and was killed', { worker: this.id });
    }
    signalGroup(child, 'SIGKILL'); // I1
    await exited;
    this.#state = { kind: 'stopped' };
  }

  terminate(): void {
    const state = this.#state;
    this.#state = { kind: 'stopped' };
    if (state.kind === 'waiting') clearTimeout(state.timer);
    if (state.kind === 'running' || state.kind === 'stopping') signalGroup(state.child, 'SIGKILL');
  }

  get #isEnding(): boolean {
    return this.#state.kind === 'stopping' || this.#state.kind === 'stopped';
  }

  #watch(child: ChildProcess): State {
    if (child.exitCode !== null || child.signalCode !== null)
      queueMicrotask(() => this.#onExit(child));
    else child.once('exit', () => this.#onExit(child));
    return { kind: 'running', child, sinceMs: performance.now() };
  }

  #onExit(child: ChildProcess): void {
    const state = this.#state;
    if (state.kind !== 'running' || state.child !== child) return;
    signalGroup(child, 'SIGKILL'); // I1
    if (performance.now() - state.sinceMs > HEALTHY_RUN_MS) this.#pauseMs = RESTART_FIRST_MS;
    const how = { exit_code: child.exitCode, signal: child.signalCode };
    this.#restartLater('Worker process ended, restarting', how);
  }

  #restartLater(message: string, fields: Record<string, unknown>): void {
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(pauseMs * 2, RESTART_LONGEST_MS);
    this.#request.log.warn(message, { worker: this.id, ...fields, restart_in_ms: pauseMs });
    this.#state = { kind: 'waiting', timer: setTimeout(() => void this.#restart(), pauseMs) };
  }

  async #restart(): Promise<void> {
    try {
      const { child, ports } = await startHost(this.#request, (spawned) => {
        this.#state = { kind: 'running', child: spawned, sinceMs: performance.now() };
      });
      if (this.#isEnding) return;
      this.ports = ports;
      this.#state = this.#watch(child);
      this.#request.log.info('Worker process restarted', { worker: this.id, pid: child.pid });
    } catch (error) {
      if (this.#isEnding) return;
      this.#restartLater('Worker process did not start', { reason: (error as Error).message });
    }
  }
}

/** Spawns a host and waits until its worker runs. */
async function startHost(
  request: PlaceRequest,
  onSpawned: (child: ChildProcess) => void = () => {},
): Promise<{ child: ChildProcess; ports: Readonly<Record<string, number>> }> {
  const { worker, engineUrl, configPath } = request;
  const child = spawn(process.execPath, [findHostEntry(), worker.builtin], {
    detached: true, // I1
    // stdout of the engine is for results; what a worker prints is for people.
    stdio: ['ignore', 2, 2, 'ipc'], // I2
    env: {
      ...process.env,
      III_URL: engineUrl,
      III_ENGINE_URL: engineUrl,
      III_ENGINE_PID: String(process.pid),
      III_WORKER_NAME: worker.id,
      III_WORKER_CONFIG: JSON.stringify(worker.config ?? {}),
      III_DATA_DIR: worker.dataDir,
      III_BUILT_IN_TOKEN: request.builtInToken,
      ...(configPath === null ? {} : { III_CONFIG_PATH: configPath }),
    },
  });
  onSpawned(child);
  const ready = new Promise<Readonly<Record<string, number>>>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`its process ended with ${signal ?? `code ${code}`} before it was ready`)),
    );
    child.once('message', (message) => {
      const said = message as HostMessage; // our own host is at the other end
      if (said.kind === 'ready') resolve(said.ports);
      else reject(new HostFailure(said));
    });
  });
  let ports: Readonly<Record<string, number>> | undefined;
  try {
    if (
      !(await within(
        START_TIMEOUT_MS,
        ready.then((value) => (ports = value)),
      ))
    ) {
      throw new Error(`its process was not ready within ${START_TIMEOUT_MS} ms`);
    }
  } catch (error) {
    signalGroup(child, 'SIGKILL');
    throw error;
  }
  return { child, ports: ports ?? {} };
}

/** The built host stands next to the built engine; from source, in the `dist` of the package. */
function findHostEntry(): string {
  const candidates = [
    './worker-host.mjs',
    '../worker-host.mjs',
    '../../../dist/worker-host.mjs',
  ].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error('placement `process` needs the built engine: run `pnpm build`');
}

function exitOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The whole group is gone, which is what was asked for.
  }
}
