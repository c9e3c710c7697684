// SPDX-License-Identifier: Apache-2.0
import type { IIIClient, RawCalls } from '@iii-dev/client-core';
import { internalsOf } from './register-worker.ts';

export type { RawCalls, RawHandler, RawTriggerRequest } from '@iii-dev/client-core';
export {
  Payload,
  type Transport,
  type TransportConnection,
  type TransportEvents,
} from '@iii-dev/protocol';
export type { InternalHttpRequest } from './http-messages.ts';
export { registerWorkerOver } from './register-worker.ts';
export { createSocketTransport, type SocketTransportOptions } from './socket-transport.ts';

/** A client's calls with payloads and results as text that is not parsed on the way. */
export function rawCalls(client: IIIClient): RawCalls {
  return internalsOf(client).raw;
}
