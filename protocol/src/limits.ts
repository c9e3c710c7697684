// SPDX-License-Identifier: Apache-2.0

/** The namespace that is meant when none is named. */
export const DEFAULT_NAMESPACE = 'default';
/** Worker port; every published SDK defaults to it. */
export const DEFAULT_ENGINE_PORT = 49_134;
/** Default address of an engine, for clients. */
export const DEFAULT_ENGINE_URL = 'ws://127.0.0.1:49134';
/** Largest inbound message in bytes: a 16 MiB payload and its envelope fit with room to spare. */
export const MAX_MESSAGE_BYTES: number = 64 * 1024 * 1024;
/** Python's `websockets` closes on larger messages; the engine warns before it sends one. */
export const PYTHON_MESSAGE_BYTES: number = 1024 * 1024;
/** Bytes queued towards one peer before its sources are paused. */
export const OUTBOUND_PAUSE_BYTES: number = 8 * 1024 * 1024;
/** Bytes queued towards one peer before a further call is refused; above the largest message. */
export const OUTBOUND_LIMIT_BYTES: number = 128 * 1024 * 1024;
/** Joined bytes written to a socket before the tick ends, so that large frames start early. */
export const FLUSH_EARLY_BYTES: number = 64 * 1024;
/** Time for the HTTP upgrade, ms. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** How long registrations wait for a worker to announce its namespace, ms. */
export const NAMESPACE_GRACE_MS = 5_000;
/** WebSocket ping from engine to peers, ms: as often as the SDKs ping. */
export const ENGINE_PING_INTERVAL_MS = 20_000;
/** Pings without any sign of life before a peer counts as dead; a busy handler may block a minute. */
export const ENGINE_PINGS_MISSED = 3;
/** How long a reattach waits for the old connection's cleanup, ms. */
export const REATTACH_WAIT_MS = 5_000;
/** How long a function-path trigger registration waits for the provider's answer, ms. */
export const TRIGGER_ACK_TIMEOUT_MS = 10_000;
/** How long a stopping engine lets calls in flight finish, ms. */
export const DRAIN_TIMEOUT_MS = 10_000;
/** Client: WebSocket ping interval, ms. */
export const CLIENT_PING_INTERVAL_MS = 20_000;
/** Client: longest silence before the connection counts as dead, ms. */
export const CLIENT_IDLE_LIMIT_MS = 60_000;
/** Client: default deadline of a call, ms. */
export const INVOCATION_TIMEOUT_MS = 30_000;
/** Client: first, largest, factor and jitter of the reconnect delay; -1 retries is for ever. */
export const RECONNECT = {
  initialDelayMs: 1_000,
  maxDelayMs: 30_000,
  backoffMultiplier: 2,
  jitterFactor: 0.3,
  maxRetries: -1,
} as const;
/** Messages a channel holds by default, and at most. */
export const CHANNEL_BUFFER_MESSAGES = { default: 64, min: 1, max: 1024 } as const;
/** Age at which a channel with an end never attached is removed, and how often we look, ms. */
export const CHANNEL_ORPHAN_MS = 300_000;
export const CHANNEL_SWEEP_MS = 60_000;
/** Name and description of a worker are cut to this many code points. */
export const MAX_LABEL_CODEPOINTS = 280;
