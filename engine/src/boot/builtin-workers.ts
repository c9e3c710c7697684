// SPDX-License-Identifier: Elastic-2.0
import type { WorkerDefinition } from '@iii-dev/worker-kit';

/** What a name in the config file stands for. */
export type Builtin =
  /** A worker of this build; its code is loaded only when it is started. */
  | {
      readonly kind: 'worker';
      readonly load: () => Promise<WorkerDefinition>;
      /** Takes work in from outside, so it stops before the calls in flight are waited for. */
      readonly isIntake: boolean;
    }
  /** The worker port itself, opened by the engine. */
  | { readonly kind: 'listener' }
  /** Part of the hub, always there. */
  | { readonly kind: 'core' }
  /** Known, and not in this build; `effect` says what that means for the user. */
  | { readonly kind: 'absent'; readonly effect: string };

const STAYS_PENDING = 'its triggers stay pending and its functions are not found';

/** Every built-in name; successor names and class paths lead here through the tables below. */
export const BUILTIN_WORKERS: Readonly<Record<string, Builtin>> = {
  'iii-http': {
    kind: 'worker',
    isIntake: true,
    load: async () =>
      (await import('@iii-dev/worker-http')).httpWorker as unknown as WorkerDefinition,
  },
  'iii-state': {
    kind: 'worker',
    isIntake: false,
    load: async () =>
      (await import('@iii-dev/worker-state')).stateWorker as unknown as WorkerDefinition,
  },
  'iii-worker-manager': { kind: 'listener' },
  'iii-engine-functions': { kind: 'core' },
  configuration: {
    kind: 'absent',
    effect: 'configuration::* is not found; every worker follows its block in this file',
  },
  'iii-observability': {
    kind: 'absent',
    effect: 'traces, metrics and stored logs are not collected; logs go to stderr',
  },
  'iii-telemetry': { kind: 'absent', effect: 'no usage data is sent' },
  'iii-queue': {
    kind: 'worker',
    isIntake: true,
    load: async () =>
      (await import('@iii-dev/worker-queue')).queueWorker as unknown as WorkerDefinition,
  },
  'iii-cron': {
    kind: 'worker',
    isIntake: true,
    load: async () =>
      (await import('@iii-dev/worker-cron')).cronWorker as unknown as WorkerDefinition,
  },
  'iii-pubsub': {
    kind: 'worker',
    isIntake: false,
    load: async () =>
      (await import('@iii-dev/worker-pubsub')).pubsubWorker as unknown as WorkerDefinition,
  },
  'iii-stream': { kind: 'absent', effect: `${STAYS_PENDING}; no stream port is opened` },
  'iii-exec': { kind: 'absent', effect: 'its commands are not run' },
  'iii-bridge': {
    kind: 'absent',
    effect: 'nothing is exposed to or forwarded from another engine',
  },
  'iii-http-functions': {
    kind: 'absent',
    effect: 'functions with an HTTP address cannot be invoked',
  },
  'iii-worker-ops': { kind: 'absent', effect: 'worker::* is not found' },
  'iii-sandbox': { kind: 'absent', effect: 'sandbox::* is not found' },
  kv: {
    kind: 'worker',
    isIntake: false,
    load: async () => (await import('@iii-dev/worker-kv')).kvWorker as unknown as WorkerDefinition,
  },
};

/** Names that follow the prefixed ones; a file may use either, not both. */
export const SUCCESSORS: Readonly<Record<string, string>> = {
  http: 'iii-http',
  state: 'iii-state',
  cron: 'iii-cron',
  pubsub: 'iii-pubsub',
  queue: 'iii-queue',
  'iii-kv': 'kv',
  kv_server: 'kv',
};

/** `class:` of an entry in files up to 0.10. */
export const CLASS_NAMES: Readonly<Record<string, string>> = {
  'modules::worker::WorkerModule': 'iii-worker-manager',
  'modules::observability::OtelModule': 'iii-observability',
  'modules::observability::LoggingModule': 'iii-observability',
  'modules::api::RestApiModule': 'iii-http',
  'modules::stream::StreamModule': 'iii-stream',
  'modules::streams::StreamModule': 'iii-stream',
  'modules::state::StateModule': 'iii-state',
  'modules::pubsub::PubSubModule': 'iii-pubsub',
  'modules::cron::CronModule': 'iii-cron',
  'modules::queue::QueueModule': 'iii-queue',
  'modules::shell::ExecModule': 'iii-exec',
  'modules::bridge_client::BridgeClientModule': 'iii-bridge',
  'modules::http_functions::HttpFunctionsModule': 'iii-http-functions',
  'modules::kv_server::KvServer': 'kv',
};

/** Last part of an adapter's `class:` in files up to 0.10. */
const ADAPTER_CLASS_NAMES: Readonly<Record<string, string>> = {
  KvStore: 'kv',
  KvCronAdapter: 'kv',
  RedisAdapter: 'redis',
  RedisCronAdapter: 'redis',
  Bridge: 'bridge',
  LocalAdapter: 'local',
  BuiltinQueueAdapter: 'builtin',
  RabbitMQAdapter: 'rabbitmq',
};

/** The adapter an old class path stands for, or null. */
export function adapterNameOf(className: string): string | null {
  if (!className.startsWith('modules::')) return null;
  return ADAPTER_CLASS_NAMES[className.slice(className.lastIndexOf('::') + 2)] ?? null;
}

/** Name of the built-in that a name in a file leads to; other names stand for themselves. */
export function canonicalName(name: string): string {
  return SUCCESSORS[name] ?? name;
}

/** Every name a file may use, for suggestions. */
export function knownNames(): string[] {
  return [...Object.keys(BUILTIN_WORKERS), ...Object.keys(SUCCESSORS)];
}
