// SPDX-License-Identifier: Elastic-2.0
import { DEFAULT_NAMESPACE, Payload, telemetryKind } from '@iii-dev/protocol';
import type { FunctionRegistry } from './function-registry.ts';
import type { EngineLog } from './log.ts';
import type { EngineCall } from './route-call.ts';

/** Whoever registers this function in `default` receives the telemetry of all workers. */
export const TELEMETRY_FUNCTION = 'engine::telemetry::ingest';

/** Refused frames are counted and told of at most this often, ms: one bad client must not fill a log. */
const REPORT_INTERVAL_MS = 60_000;

const PREFIX_BYTES = 4;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Hands OTLP, MTRC and LOGS frames to their provider as `{kind, worker_id, data}`, `data` being the
 * OTLP JSON. Without a provider they are dropped: telemetry never holds anything up.
 */
export class TelemetryIntake {
  readonly #functions: FunctionRegistry;
  readonly #log: EngineLog;
  readonly #now: () => number;
  readonly #call: (call: EngineCall) => Promise<unknown>;
  #refused = 0;
  #reportedAtMs = Number.NEGATIVE_INFINITY;

  constructor(hub: {
    readonly functions: FunctionRegistry;
    readonly log: EngineLog;
    readonly now: () => number;
    call(call: EngineCall): Promise<unknown>;
  }) {
    this.#functions = hub.functions;
    this.#log = hub.log;
    this.#now = hub.now;
    this.#call = (call) => hub.call(call);
  }

  take(bytes: Uint8Array, workerId: string | null): void {
    const kind = telemetryKind(bytes);
    if (kind === undefined || !this.#functions.find(DEFAULT_NAMESPACE, TELEMETRY_FUNCTION)) return;
    const text = readJson(bytes.subarray(PREFIX_BYTES));
    if (text === undefined) return this.#refuse(workerId);
    // The provider's answer concerns nobody: the sender expects none.
    void this.#call({
      functionId: TELEMETRY_FUNCTION,
      namespace: DEFAULT_NAMESPACE,
      data: Payload.ofText(
        `{"kind":"${kind}","worker_id":${JSON.stringify(workerId)},"data":${text}}`,
      ),
    });
  }

  #refuse(workerId: string | null): void {
    this.#refused++;
    if (this.#now() - this.#reportedAtMs < REPORT_INTERVAL_MS) return;
    this.#reportedAtMs = this.#now();
    this.#log.warn('Telemetry that is not UTF-8 JSON was dropped', {
      worker_id: workerId,
      dropped: this.#refused,
    });
  }
}

/** The text, if it is JSON: it becomes part of a frame. */
function readJson(bytes: Uint8Array): string | undefined {
  try {
    const text = utf8.decode(bytes);
    JSON.parse(text);
    return text;
  } catch {
    // Not ours to mend: the caller counts it.
    return undefined;
  }
}
