// SPDX-License-Identifier: Elastic-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { resolveConfigValue } from '../boot/load-config.ts';
import { type RunningEngine, startEngine } from '../boot/start-engine.ts';
import { createStderrLog, type LogLevel } from '../boot/stderr-log.ts';

/** An entry of the config file. */
export interface TestWorker {
  readonly name: string;
  readonly config?: unknown;
  readonly placement?: 'inline' | 'process';
}

/** How a test engine differs from the plainest one. */
export interface TestEngineOptions {
  /** Top-level keys of the config file. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Entries, or names for entries with defaults. @default none */
  readonly workers?: readonly (TestWorker | string)[];
  /** Where entries run that do not say. @default 'inline' */
  readonly placement?: 'inline' | 'process';
  /** A folder to use again, for tests of restarts; it is kept. @default a new one, removed at the end */
  readonly dataDir?: string;
  /** @default 'error' */
  readonly logLevel?: LogLevel;
  /** How long calls in hand may take when it stops, ms. @default 2000 */
  readonly drainTimeoutMs?: number;
}

/** A real engine on ports of its own. */
export interface TestEngine extends AsyncDisposable {
  /** Where workers connect. */
  readonly url: string;
  /** `http://127.0.0.1:…`, or null without an HTTP worker. */
  readonly httpUrl: string | null;
  readonly dataDir: string;
  readonly engine: RunningEngine;
  /** Every line the engine has logged. */
  readonly logLines: readonly string[];
  stop(): Promise<void>;
}

const DRAIN_TIMEOUT_MS = 2_000;

/**
 * Starts an engine for a test: free ports, a folder of its own.
 * @example await using engine = await startTestEngine({ workers: ['iii-http', 'iii-state'] });
 */
export async function startTestEngine(options: TestEngineOptions = {}): Promise<TestEngine> {
  const ownDir = options.dataDir === undefined ? await mkdtemp(join(tmpdir(), 'iii-test-')) : null;
  const dataDir = options.dataDir ?? ownDir!;
  const logLines: string[] = [];
  const log = createStderrLog({
    write: (text) => {
      logLines.push(text.trimEnd());
      if (options.logLevel !== undefined) process.stderr.write(text);
    },
    level: options.logLevel ?? 'info',
    format: 'default',
    now: () => new Date(),
  });
  const removeOwnDir = async (): Promise<void> => {
    if (ownDir !== null) await rm(ownDir, { recursive: true, force: true });
  };
  let engine: RunningEngine;
  try {
    const config = resolveConfigValue(configOf(options, dataDir), {
      cwd: dataDir,
      env: {},
      engineVersion: manifest.version,
    });
    engine = await startEngine(config, {
      log,
      drainTimeoutMs: options.drainTimeoutMs ?? DRAIN_TIMEOUT_MS,
    });
  } catch (error) {
    await removeOwnDir();
    throw error;
  }
  const { http } = engine.ports;
  const stop = async (): Promise<void> => {
    await engine.stop();
    await removeOwnDir();
  };
  return {
    url: engine.url,
    httpUrl: http === undefined ? null : `http://127.0.0.1:${http}`,
    dataDir,
    engine,
    logLines,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function configOf(options: TestEngineOptions, dataDir: string): Record<string, unknown> {
  const given = (options.workers ?? []).map((worker) =>
    typeof worker === 'string' ? { name: worker } : worker,
  );
  const workers = given.map((worker) => ({
    placement: options.placement ?? 'inline',
    ...worker,
    ...(isHttp(worker.name)
      ? { config: { port: 0, ...(worker.config as object | undefined) } }
      : {}),
  }));
  const hasPort = given.some(({ name }) => name === 'iii-worker-manager');
  const listener = hasPort ? [] : [{ name: 'iii-worker-manager', config: { port: 0 } }];
  return { data_dir: dataDir, ...options.config, workers: [...listener, ...workers] };
}

function isHttp(name: string): boolean {
  return name === 'iii-http' || name === 'http';
}
