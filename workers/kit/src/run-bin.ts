// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DEFAULT_ENGINE_URL } from 'iii-sdk';
import type { GenericSchema } from 'valibot';
import { ConfigError } from './config.ts';
import type { WorkerDefinition } from './define-worker.ts';
import { lineLog } from './line-log.ts';
import { runWorker } from './run-worker.ts';

/** What a worker's own command is started with; argument beats environment beats default. */
interface BinOptions {
  readonly url: string;
  readonly config: unknown;
  readonly configPath: string;
  readonly dataDir: string;
}

class UsageError extends Error {}

/** Exit codes of a worker's own command. */
const EXIT = { failed: 1, usage: 2 } as const;

/**
 * Runs a worker as a process of its own until SIGTERM or SIGINT; the whole of a worker's bin.
 * Reads `--url`, `--config-json`, `--data-dir` and `III_URL`, `III_WORKER_CONFIG`, `III_DATA_DIR`.
 */
export async function runBin<Schema extends GenericSchema>(
  definition: WorkerDefinition<Schema>,
): Promise<void> {
  const log = lineLog(definition.name, process.stderr);
  try {
    const options = resolveBinOptions(definition.name, process.argv.slice(2), process.env);
    const worker = await runWorker(definition, { ...options, connect: { url: options.url }, log });
    log.info('running', { url: options.url });
    await untilSignal();
    await worker.close();
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(
      error instanceof UsageError || error instanceof ConfigError ? EXIT.usage : EXIT.failed,
    );
  }
}

function resolveBinOptions(name: string, argv: string[], env: NodeJS.ProcessEnv): BinOptions {
  const { url, 'config-json': json, 'data-dir': dataDir } = readArguments(argv);
  const configText = json ?? nonEmpty(env.III_WORKER_CONFIG) ?? '{}';
  const configPath = json === undefined ? 'III_WORKER_CONFIG' : '--config-json';
  return {
    url: url ?? nonEmpty(env.III_URL) ?? DEFAULT_ENGINE_URL,
    config: parseConfig(configText, configPath),
    configPath,
    dataDir: resolve(dataDir ?? nonEmpty(env.III_DATA_DIR) ?? `data/${name}`),
  };
}

function readArguments(argv: string[]): { [Flag in 'url' | 'config-json' | 'data-dir']?: string } {
  const option = { type: 'string' } as const;
  try {
    return parseArgs({
      args: argv,
      options: { url: option, 'config-json': option, 'data-dir': option },
    }).values;
  } catch (error) {
    throw new UsageError(
      `${(error as Error).message}\nOptions: --url ws://host:port  --config-json '{…}'  --data-dir folder`,
    );
  }
}

function parseConfig(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${source} must be JSON: ${(error as Error).message}`);
  }
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function untilSignal(): Promise<void> {
  return new Promise((done) => {
    process.once('SIGTERM', () => done());
    process.once('SIGINT', () => done());
  });
}
