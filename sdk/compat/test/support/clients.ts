// SPDX-License-Identifier: Apache-2.0
/** Each published client behind one small interface, in the words of its own generation. */

export type Handler = (payload: never) => Promise<unknown>;

/** What all generations can do. */
export interface Client {
  register(id: string, handler: Handler): void;
  call(id: string, payload: unknown): Promise<unknown>;
  callVoid(id: string, payload: unknown): void;
  bind(type: string, functionId: string, config: unknown): void;
  shutdown(): Promise<void>;
}

export interface Subject {
  readonly version: string;
  connect(url: string, name: string): Promise<Client>;
}

/** Short, so that a test of many reconnects ends; everything else is as a user gets it. */
const RECONNECT = {
  initialDelayMs: 20,
  maxDelayMs: 100,
  backoffMultiplier: 2,
  jitterFactor: 0.3,
  maxRetries: -1,
};

type Load = () => Promise<object>;

function options(name: string) {
  return { workerName: name, reconnectionConfig: RECONNECT };
}

/** 0.2 and 0.3: `init`, `call`, `callVoid`. */
function initGeneration(version: string, load: Load): Subject {
  return {
    version,
    async connect(url, name) {
      const { init } = (await load()) as { init(url: string, options: object): LooseClient };
      const iii = init(url, options(name));
      return {
        register: (id, handler) => iii.registerFunction!({ id }, handler),
        call: (id, payload) => iii.call!(id, payload) as Promise<unknown>,
        callVoid: (id, payload) => iii.callVoid!(id, payload),
        bind: (type, function_id, config) => iii.registerTrigger!({ type, function_id, config }),
        shutdown: async () => iii.shutdown!() as Promise<void>,
      };
    },
  };
}

/** 0.9 and later: `registerWorker`, one `trigger` for all calls; functions by id from 0.11. */
function workerGeneration(version: string, load: Load, byId: boolean): Subject {
  return {
    version,
    async connect(url, name) {
      const { registerWorker, TriggerAction } = (await load()) as {
        registerWorker(url: string, options: object): LooseClient;
        TriggerAction: { Void(): unknown };
      };
      const iii = registerWorker(url, options(name));
      return {
        register: (id, handler) => iii.registerFunction!(byId ? id : { id }, handler),
        call: (function_id, payload) => iii.trigger!({ function_id, payload }) as Promise<unknown>,
        callVoid: (function_id, payload) =>
          void iii.trigger!({ function_id, payload, action: TriggerAction.Void() }),
        bind: (type, function_id, config) => iii.registerTrigger!({ type, function_id, config }),
        shutdown: async () => iii.shutdown!() as Promise<void>,
      };
    },
  };
}

type LooseClient = Partial<Record<string, (...args: unknown[]) => unknown>>;

export const ours = workerGeneration('ours', () => import('iii-sdk'), true);
export const published = {
  '0.2.1': initGeneration('0.2.1', () => import('iii-sdk-0.2.1')),
  '0.3.0': initGeneration('0.3.0', () => import('iii-sdk-0.3.0')),
  '0.9.0': workerGeneration('0.9.0', () => import('iii-sdk-0.9.0'), false),
  '0.11.6': workerGeneration('0.11.6', () => import('iii-sdk-0.11.6'), true),
  '0.22.1': workerGeneration('0.22.1', () => import('iii-sdk-0.22.1'), true),
};
export const subjects: Subject[] = [...Object.values(published), ours];
