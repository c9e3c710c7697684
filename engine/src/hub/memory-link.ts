// SPDX-License-Identifier: Elastic-2.0
import {
  type EngineFrame,
  Payload,
  type Transport,
  type TransportConnection,
  type TransportEvents,
  type WorkerFrame,
} from '@iii-dev/protocol';
import { GONE, type Link, type LinkEvents, SENT, type SendOutcome } from './link.ts';

/**
 * A connection inside one process. Frames are handed over unencoded, in order, in a later
 * microtask: never inside the sender's own call, and still within the same turn of the loop, so
 * that an answer leaves with the socket write of that turn.
 */
export function createMemoryTransport(
  address: string,
  accept: (link: Link) => LinkEvents,
): Transport {
  return {
    address,
    open(client: TransportEvents): TransportConnection {
      return new MemoryConnection(accept, client).clientEnd;
    },
  };
}

class MemoryConnection implements Link {
  readonly kind = 'memory';
  readonly remoteAddress = null;
  /** Handed over by reference: nothing waits in a buffer of ours. */
  readonly bufferedBytes = 0;
  readonly clientEnd: TransportConnection;
  readonly #client: TransportEvents;
  #engine: LinkEvents | undefined;
  #isOpen = true;
  readonly #toClient: Handover<EngineFrame>;
  readonly #toEngine: Handover<WorkerFrame>;

  constructor(accept: (link: Link) => LinkEvents, client: TransportEvents) {
    this.#client = client;
    this.#toClient = new Handover((frame) => {
      client.onActivity();
      client.onFrame(frame);
    });
    this.#toEngine = new Handover((frame) => this.#engine?.onFrame(frame));
    queueMicrotask(() => {
      if (!this.#isOpen) return;
      this.#engine = accept(this);
      client.onOpen();
    });
    this.clientEnd = {
      send: (frame) => {
        if (this.#isOpen) this.#toEngine.push(detach(frame));
      },
      sendBinary: (bytes) => {
        if (this.#isOpen) this.#engine?.onTelemetry(bytes);
      },
      ping: () => queueMicrotask(() => this.#isOpen && client.onActivity()),
      close: (code = 1000, reason = '') => this.#end(code, reason),
      terminate: () => this.#end(1006, 'terminated'),
    };
  }

  send(frame: EngineFrame): SendOutcome {
    if (!this.#isOpen) return GONE;
    this.#toClient.push(detach(frame));
    return SENT;
  }

  /** The worker shares our process: pausing it would pause us. */
  pause(): void {}

  resume(): void {}

  onceDrained(listener: () => void): void {
    queueMicrotask(listener);
  }

  async probe(): Promise<boolean> {
    return this.#isOpen;
  }

  close(code = 1000, reason = ''): void {
    this.#end(code, reason);
  }

  terminate(): void {
    this.#end(1006, 'terminated');
  }

  #end(code: number, reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // After what is already under way in either direction.
    queueMicrotask(() => {
      this.#engine?.onClose();
      this.#client.onClose({ code, reason });
    });
  }
}

/**
 * Written down at the sender: what cannot be written fails there, as over a socket, and no object is
 * shared between two workers, either of which might change it.
 */
function detach<F extends EngineFrame | WorkerFrame>(frame: F): F {
  switch (frame.type) {
    case 'invokefunction':
      return {
        ...frame,
        data: copyOf(frame.data),
        ...(frame.metadata && { metadata: copyOf(frame.metadata) }),
      };
    case 'invocationresult':
      return frame.result ? { ...frame, result: copyOf(frame.result) } : frame;
    case 'registertrigger':
      return {
        ...frame,
        config: copyOf(frame.config),
        ...(frame.metadata && { metadata: copyOf(frame.metadata) }),
      };
    default:
      return frame;
  }
}

function copyOf(payload: Payload): Payload {
  return Payload.ofText(payload.text);
}

/** Frames on their way to one side. */
class Handover<F> {
  #waiting: F[] = [];
  readonly #deliver: (frame: F) => void;

  constructor(deliver: (frame: F) => void) {
    this.#deliver = deliver;
  }

  push(frame: F): void {
    this.#waiting.push(frame);
    if (this.#waiting.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    // What is pushed meanwhile is delivered in the same pass, behind what was there.
    for (let i = 0; i < this.#waiting.length; i++) this.#deliver(this.#waiting[i] as F);
    this.#waiting = [];
  }
}
