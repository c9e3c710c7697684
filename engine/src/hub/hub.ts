// SPDX-License-Identifier: Elastic-2.0
import { timingSafeEqual } from 'node:crypto';
import {
  type ErrorBody,
  NAMESPACE_GRACE_MS,
  type ReattachFrame,
  type RecoveredIds,
  type Transport,
  type WorkerFrame,
} from '@iii-dev/protocol';
import { Channels } from './channels.ts';
import { type BuiltInIdentity, Connection } from './connection.ts';
import { EngineEvents } from './engine-events.ts';
import {
  type BuiltinHandler,
  type FunctionDescription,
  FunctionRegistry,
  type ProviderPolicy,
} from './function-registry.ts';
import { failed, resultFrame, type Settlement, settle } from './invocations.ts';
import type { Link, LinkEvents } from './link.ts';
import type { EngineLog } from './log.ts';
import { createMemoryTransport } from './memory-link.ts';
import { Registrar } from './registrar.ts';
import {
  callFromEngine,
  type EngineCall,
  type Router,
  releaseHeldCall,
  routeCall,
  routeResult,
} from './route-call.ts';
import { TelemetryIntake } from './telemetry-intake.ts';
import { TriggerRegistry } from './trigger-registry.ts';

/** How a hub is to behave; every field has a default. */
export interface HubOptions {
  readonly log: EngineLog;
  readonly engineVersion: string;
  /** Who holds a function id that several workers register. @default 'balance' */
  readonly providerPolicy?: ProviderPolicy;
  /** How long registrations wait for a worker to announce its namespace, ms. @default 5000 */
  readonly registrationNamespaceGraceMs?: number;
  /** How long a call may stay unanswered, ms. @default 3 600 000 */
  readonly invocationDeadlineMs?: number;
}

/** An hour: longer than any call made by hand, short enough that lost calls do not pile up. */
const INVOCATION_DEADLINE_MS = 3_600_000;
const DEADLINE_SWEEP_MS = 1_000;

/**
 * The core of the engine: who is connected, what they serve, and the calls between them. It knows
 * no domain.
 *
 * I1  All state changes in one turn of the loop: no method waits between two of them.
 * I2  A connection is cleaned up once, by identity, whatever ended it.
 */
export class Hub implements Router {
  readonly log: EngineLog;
  readonly engineVersion: string;
  readonly functions: FunctionRegistry;
  readonly triggers: TriggerRegistry;
  readonly channels: Channels = new Channels();
  readonly events: EngineEvents;
  readonly #connections = new Map<string, Connection>();
  readonly #registrar: Registrar;
  readonly #graceMs: number;
  readonly #deadlineMs: number;
  readonly #telemetry: TelemetryIntake;
  readonly #deadlineSweep: NodeJS.Timeout;
  #isStopping = false;

  constructor(options: HubOptions) {
    this.log = options.log;
    this.engineVersion = options.engineVersion;
    this.#graceMs = options.registrationNamespaceGraceMs ?? NAMESPACE_GRACE_MS;
    this.#deadlineMs = options.invocationDeadlineMs ?? INVOCATION_DEADLINE_MS;
    this.functions = new FunctionRegistry(options.providerPolicy ?? 'balance', () =>
      this.events.functionsChanged(),
    );
    this.triggers = new TriggerRegistry((trigger, wasActive) =>
      this.#registrar.reportParked(trigger, wasActive),
    );
    this.events = new EngineEvents(this.triggers, (call) => this.call(call));
    this.#telemetry = new TelemetryIntake(this);
    this.#registrar = new Registrar(this, (held) => releaseHeldCall(this, held));
    this.#deadlineSweep = setInterval(() => this.#endOverdueCalls(), DEADLINE_SWEEP_MS);
    this.#deadlineSweep.unref();
  }

  readonly now = (): number => Date.now();

  get isStopping(): boolean {
    return this.#isStopping;
  }

  get registrar(): Registrar {
    return this.#registrar;
  }

  // ---- connections -----------------------------------------------------------------------------

  /** Takes over a connection that is open; the returned events drive it. */
  accept(link: Link, builtIn: BuiltInIdentity | null = null): LinkEvents {
    const connection = new Connection(link, {
      connectedAtMs: this.now(),
      builtIn,
      graceMs: this.#graceMs,
      onGraceOver: (late) => this.#registrar.graceOver(late),
    });
    this.#connections.set(connection.id, connection);
    connection.send({
      type: 'workerregistered',
      worker_id: connection.id,
      reattach_token: connection.reattachToken,
      capabilities: ['cancel', 'draining', 'registration_outcome'],
    });
    this.log.debug('Worker connected', { worker_id: connection.id });
    this.events.workerChanged('worker_connected', connection.id);
    return {
      onFrame: (frame) => this.#guard(connection, () => this.#onFrame(connection, frame)),
      onMalformed: (reason, recovered) =>
        this.#guard(connection, () => this.#onMalformed(connection, reason, recovered)),
      onTelemetry: (bytes) => this.#telemetry.take(bytes, connection.id),
      onClose: () => this.#cleanUp(connection),
    };
  }

  /** Takes telemetry from a connection that is nothing else. */
  acceptTelemetry(bytes: Uint8Array): void {
    this.#telemetry.take(bytes, null);
  }

  /**
   * A way for a worker of the engine's own to connect from inside this process.
   * @param options.address Where data channels are reached, `ws://host:port`.
   */
  memoryTransport(options: { address: string; builtIn: BuiltInIdentity }): Transport {
    return createMemoryTransport(options.address, (link) => this.accept(link, options.builtIn));
  }

  connection(workerId: string): Connection | undefined {
    return this.#connections.get(workerId);
  }

  connections(): IterableIterator<Connection> {
    return this.#connections.values();
  }

  parkedProvider(functionId: string): Connection | undefined {
    return this.#registrar.parkedProvider(functionId);
  }

  // ---- calls of the engine's own ---------------------------------------------------------------

  call(call: EngineCall): Promise<Settlement> {
    return callFromEngine(this, call);
  }

  addEngineFunction(id: string, description: FunctionDescription, handler: BuiltinHandler): void {
    this.functions.addEngineFunction(id, description, handler);
  }

  // ---- the end ---------------------------------------------------------------------------------

  /** Takes no new calls and waits until those in hand are answered, or the deadline has passed. */
  async drain(deadlineMs: number): Promise<{ readonly unfinished: number }> {
    this.#isStopping = true;
    const until = this.now() + deadlineMs;
    while (this.#inFlight() > 0 && this.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return { unfinished: this.#inFlight() };
  }

  /** Ends every connection with Close 1012; callers still waiting are told first. */
  async close(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#deadlineSweep);
    for (const connection of [...this.#connections.values()]) {
      for (const invocation of [...connection.executing.values()]) {
        settle(invocation, failed('invocation_stopped', 'Invocation stopped'));
      }
    }
    for (const connection of [...this.#connections.values()]) {
      connection.link.close(1012, 'service restart');
      this.#cleanUp(connection);
    }
    this.events.close();
    this.channels.close();
  }

  /** A fault of ours while handling one frame costs that frame, not the engine. */
  #guard(connection: Connection, handle: () => void): void {
    try {
      handle();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const stack = error instanceof Error ? error.stack : undefined;
      this.log.error('A frame could not be handled', { worker_id: connection.id, message, stack });
      connection.send({ type: 'error', error: { code: 'invocation_error', message } });
    }
  }

  // ---- frames ----------------------------------------------------------------------------------

  #onFrame(connection: Connection, frame: WorkerFrame): void {
    if (connection.isClosed) return;
    switch (frame.type) {
      case 'invokefunction':
        return routeCall(this, connection, frame);
      case 'invocationresult':
        return routeResult(connection, frame);
      case 'registerfunction':
      case 'unregisterfunction':
      case 'registertrigger':
      case 'unregistertrigger':
      case 'registertriggertype':
      case 'unregistertriggertype':
      case 'registerservice':
        return this.#registrar.onRegistration(connection, frame);
      case 'triggerregistrationresult':
        return this.#registrar.onProviderAnswer(connection, frame);
      case 'reattach':
        return this.#onReattach(connection, frame);
      case 'draining':
        connection.isDraining = true;
        this.log.info('Worker draining', { worker_id: connection.id, name: connection.info.name });
        return;
      case 'cancelinvocation':
        return this.#onCancel(connection, frame.invocation_id);
      case 'ping':
        connection.send({ type: 'pong' });
        return;
      case 'pong':
        return;
      default:
        frame satisfies never;
    }
  }

  /** Answers a frame that cannot be used, wherever it can be told whom and for what. */
  #onMalformed(connection: Connection, reason: string, recovered: RecoveredIds): void {
    const code = reason.startsWith('message_too_large') ? 'message_too_large' : 'invalid_frame';
    this.log.warn('Message refused', { worker_id: connection.id, reason });
    if (recovered.type === 'invokefunction' && recovered.invocation_id !== undefined) {
      connection.send(
        resultFrame(recovered.invocation_id, recovered.function_id ?? '', failed(code, reason), {}),
      );
      return;
    }
    if (recovered.type === 'invocationresult' && recovered.invocation_id !== undefined) {
      const invocation = connection.executing.get(recovered.invocation_id);
      if (invocation)
        settle(invocation, failed(code, `The worker's answer was refused: ${reason}`));
      return;
    }
    const error: ErrorBody = { code, message: reason };
    if (recovered.type === 'registertrigger' && recovered.id !== undefined) {
      connection.send({
        type: 'triggerregistrationresult',
        id: recovered.id,
        trigger_type: recovered.trigger_type ?? '',
        function_id: recovered.function_id ?? '',
        error,
      });
      return;
    }
    connection.send({ type: 'error', error });
  }

  #onReattach(connection: Connection, frame: ReattachFrame): void {
    const previous = this.#connections.get(frame.previous_worker_id);
    if (!previous || previous === connection) return;
    if (!isSameSecret(frame.reattach_token ?? '', previous.reattachToken)) {
      this.log.warn('Reattach refused: wrong or missing token', { worker_id: connection.id });
      return;
    }
    this.#cleanUp(previous);
    previous.link.terminate();
  }

  #onCancel(connection: Connection, invocationId: string): void {
    const invocation = connection.calling.get(invocationId);
    if (!invocation) return;
    const executor = invocation.provider.connection;
    settle(invocation, failed('TIMEOUT', 'The caller cancelled the call.'));
    this.#tellOfCancel(executor, invocation.executorId);
  }

  #tellOfCancel(executor: Connection, executorId: string): void {
    if (!executor.can('cancel')) return;
    executor.send({ type: 'cancelinvocation', invocation_id: executorId });
  }

  // ---- cleanup ---------------------------------------------------------------------------------

  #cleanUp(connection: Connection): void {
    if (connection.isClosed) return;
    const held = this.#registrar.discardParked(connection);
    connection.lifecycle = { kind: 'closed' };
    this.#connections.delete(connection.id);
    for (const entry of [...connection.functions]) this.functions.release(connection, entry);
    for (const invocation of [...connection.executing.values()]) {
      settle(invocation, failed('invocation_stopped', 'Invocation stopped'));
    }
    for (const invocation of [...connection.calling.values()]) {
      const executor = invocation.provider.connection;
      settle(invocation, failed('invocation_stopped', 'Invocation stopped'));
      this.#tellOfCancel(executor, invocation.executorId);
    }
    for (const trigger of [...connection.triggers]) this.triggers.remove(trigger);
    for (const type of [...connection.triggerTypes]) this.triggers.removeType(type);
    this.channels.removeOwnedBy(connection.id);
    this.#registrar.releaseName(connection);
    for (const call of held) releaseHeldCall(this, call);
    this.log.info('Worker unregistered', { worker_id: connection.id, name: connection.info.name });
    this.events.workerChanged('worker_disconnected', connection.id);
  }

  #inFlight(): number {
    let count = 0;
    for (const connection of this.#connections.values()) count += connection.executing.size;
    return count;
  }

  /** Books are in order of arrival, so the search ends at the first call that is still in time. */
  #endOverdueCalls(): void {
    const oldest = this.now() - this.#deadlineMs;
    for (const connection of this.#connections.values()) {
      for (const invocation of connection.executing.values()) {
        if (invocation.startedAtMs > oldest) break;
        settle(
          invocation,
          failed(
            'TIMEOUT',
            `No answer from ${invocation.functionId} within ${this.#deadlineMs} ms.`,
          ),
        );
        this.#tellOfCancel(connection, invocation.executorId);
      }
    }
  }
}

function isSameSecret(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}
