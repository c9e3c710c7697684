// SPDX-License-Identifier: Apache-2.0

/** What one internal queue is: a named queue, one subscriber of a topic, or a topic nobody reads yet. */
export type LaneIdentity =
  | { readonly kind: 'named'; readonly name: string }
  | {
      readonly kind: 'subscriber';
      readonly name: string;
      readonly functionId: string;
      readonly namespace: string;
    }
  | { readonly kind: 'topic'; readonly name: string };

/** What is stored about an internal queue besides its jobs. */
export interface LaneRow {
  readonly id: string;
  readonly identity: LaneIdentity;
  /** Number of the next job. */
  next: number;
  ready: number;
  delayed: number;
  dead: number;
  isPaused: boolean;
  /** When a subscriber was last bound, ms since 1970. */
  lastSeenMs: number;
  /** Settings of the last subscription, as it gave them. */
  settings?: unknown;
}

/** The internal id: no two identities share one, whatever their names hold. */
export function laneId(identity: LaneIdentity): string {
  switch (identity.kind) {
    case 'named':
      return `__fn_queue::${identity.name}`;
    case 'topic':
      return `__topic::${identity.name}`;
    case 'subscriber': {
      const { name, functionId, namespace } = identity;
      return `${escapePart(`${name}::${functionId}`)}@${escapePart(namespace)}`;
    }
    default:
      return identity satisfies never;
  }
}

function escapePart(text: string): string {
  return text.replace(/[\\@]/g, '\\$&');
}

export function newLane(identity: LaneIdentity, nowMs: number): LaneRow {
  return {
    id: laneId(identity),
    identity,
    next: 0,
    ready: 0,
    delayed: 0,
    dead: 0,
    isPaused: false,
    lastSeenMs: nowMs,
  };
}
