// SPDX-License-Identifier: Apache-2.0
import { connect } from 'node:net';
import { InvocationError, registerWorker } from 'iii-sdk';

/** What became of a call. */
export type CallOutcome =
  | { readonly kind: 'result'; readonly value: unknown }
  | {
      readonly kind: 'error';
      readonly error: {
        readonly code: string;
        readonly message: string;
        readonly stacktrace?: string;
      };
    }
  | { readonly kind: 'unreachable'; readonly reason: string };

/** Where an engine is, and how long its answer may take. */
export interface CallTarget {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly namespace: string | undefined;
}

/** What becomes of the call is printed; how the connection fares is of no interest. */
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

const NO_ANSWER =
  'Timed out waiting for the engine (no response within the timeout). Is the engine running at the given address and port?';

/** Connects as a worker, makes one call and leaves. */
export async function callEngine(
  target: CallTarget,
  functionId: string,
  payload: unknown,
): Promise<CallOutcome> {
  const { host, port, timeoutMs, namespace } = target;
  // The client would go on trying; whoever typed a command wants to hear that nobody is there.
  const refusal = await probe(host, port, timeoutMs);
  if (refusal !== null) return { kind: 'unreachable', reason: refusal };
  const iii = registerWorker(`ws://${host.includes(':') ? `[${host}]` : host}:${port}`, {
    workerName: 'iii-cli:trigger',
    enableMetricsReporting: false,
    otel: { enabled: false },
    reconnectionConfig: { maxRetries: 0 },
    logger: SILENT,
  });
  try {
    const value = await iii.trigger({
      function_id: functionId,
      payload,
      timeoutMs,
      ...(namespace === undefined ? {} : { namespace }),
    });
    return { kind: 'result', value };
  } catch (error) {
    return describeError(error);
  } finally {
    await iii.shutdown();
  }
}

function describeError(error: unknown): CallOutcome {
  if (!(error instanceof InvocationError)) throw error;
  const { code, stacktrace } = error;
  // The client puts the code in front; here it has a field of its own.
  const message = error.message.replace(`${code}: `, '');
  // The engine answers within its own limits; TIMEOUT is the client's word for silence.
  if (code === 'TIMEOUT') return { kind: 'unreachable', reason: NO_ANSWER };
  return {
    kind: 'error',
    error: { code, message, ...(stacktrace === undefined ? {} : { stacktrace }) },
  };
}

/** Null when something listens there; else why not. */
function probe(host: string, port: number, timeoutMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const settle = (reason: string | null): void => {
      socket.destroy();
      resolve(reason);
    };
    socket.once('connect', () => settle(null));
    socket.once('timeout', () => settle(NO_ANSWER));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const what = error.code === 'ECONNREFUSED' ? 'connection refused' : error.message;
      settle(
        `WebSocket error: ${what} (ws://${host}:${port}). Is the engine running at the given address and port?`,
      );
    });
  });
}
