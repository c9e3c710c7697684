// SPDX-License-Identifier: Elastic-2.0
// The table of channels.
//
// I1 Each end is attached once, and only with the right key.
// I2 A channel leaves the table when its stream is over, its reader is gone, its owner is gone before
//    the stream began, or an end has stayed away too long. Nothing else keeps it.
// I3 A granted channel is in the table only from the attaching of its first end, and only once.
import { randomUUID } from 'node:crypto';
import { CHANNEL_ORPHAN_MS, CHANNEL_SWEEP_MS } from '@iii-dev/protocol';
import { type AttachOutcome, Channel } from './channel.ts';
import { ChannelGrants, type GrantHolder, type IssuedGrant } from './channel-grants.ts';

export type ChannelDirection = 'read' | 'write';

/** One end of a channel as it travels in payloads; whoever has it may attach. */
export interface ChannelRef {
  readonly channel_id: string;
  readonly access_key: string;
  readonly direction: ChannelDirection;
}

/** Hears that a granted channel has come into being: its first end, `direction`, is attached. */
export type GrantedAttachListener = (
  holder: GrantHolder,
  channelId: string,
  direction: ChannelDirection,
) => void;

export interface ChannelsOptions {
  /** @default Date.now */
  readonly now?: () => number;
  /** @default CHANNEL_ORPHAN_MS */
  readonly orphanMs?: number;
  /** @default CHANNEL_SWEEP_MS */
  readonly sweepMs?: number;
}

/** All channels of an engine; shared by its listeners. */
export class Channels {
  /** Set by who tells the workers that hand out granted channels. */
  onGrantedAttach: GrantedAttachListener = () => {};
  readonly #channels = new Map<string, Channel>();
  readonly #grants = new ChannelGrants();
  readonly #now: () => number;
  readonly #orphanMs: number;
  readonly #timer: NodeJS.Timeout;

  constructor(options: ChannelsOptions = {}) {
    this.#now = options.now ?? Date.now;
    this.#orphanMs = options.orphanMs ?? CHANNEL_ORPHAN_MS;
    this.#timer = setInterval(() => this.sweep(), options.sweepMs ?? CHANNEL_SWEEP_MS);
    this.#timer.unref();
  }

  get size(): number {
    return this.#channels.size;
  }

  /** Makes a channel; `ownerId` is who makes it, for `removeOwnedBy`. */
  create(bufferSize?: number, ownerId?: string): { writer: ChannelRef; reader: ChannelRef } {
    const id = randomUUID();
    const key = randomUUID();
    const forget = () => this.#channels.delete(id);
    this.#channels.set(
      id,
      new Channel({
        key,
        bufferSize,
        ownerId,
        isGranted: false,
        createdAt: this.#now(),
        forget,
      }),
    );
    const ref = { channel_id: id, access_key: key };
    return { writer: { ...ref, direction: 'write' }, reader: { ...ref, direction: 'read' } };
  }

  /** Lets a worker make up channels of its own; ends when its connection does. */
  grant(holder: GrantHolder): IssuedGrant {
    return this.#grants.issue(holder);
  }

  /** Whether `attach` would find the channel; takes nothing. */
  has(id: string, key: string): boolean {
    const channel = this.#channels.get(id);
    return channel ? channel.isKey(key) : this.#grants.verify(id, key) !== undefined;
  }

  /** Takes one end. A wrong key looks like an unknown channel. */
  attach(id: string, key: string, direction: ChannelDirection): AttachOutcome {
    const channel = this.#channels.get(id) ?? this.#createGranted(id, key, direction);
    if (channel === undefined || !channel.isKey(key)) return { kind: 'unknown' };
    return direction === 'write' ? channel.attachWriter() : channel.attachReader();
  }

  /** Removes channels that are too old for an end never to have been attached. */
  sweep(): void {
    const oldest = this.#now() - this.#orphanMs;
    for (const channel of [...this.#channels.values()]) {
      if (!channel.isFullyAttached && channel.createdAt < oldest) channel.remove();
    }
  }

  /** Removes what a worker made and nobody else needs to finish, and its grants. */
  removeOwnedBy(ownerId: string): void {
    this.#grants.removeOwnedBy(ownerId);
    for (const channel of [...this.#channels.values()]) {
      if (channel.ownerId === ownerId && !channel.outlivesOwner) channel.remove();
    }
  }

  close(): void {
    clearInterval(this.#timer);
    for (const channel of [...this.#channels.values()]) channel.remove();
  }

  #createGranted(id: string, key: string, direction: ChannelDirection): Channel | undefined {
    const holder = this.#grants.verify(id, key);
    if (holder === undefined) return undefined;
    const channel = new Channel({
      key,
      ownerId: holder.ownerId,
      isGranted: true,
      createdAt: this.#now(),
      forget: () => {
        this.#channels.delete(id);
        this.#grants.markUsed(id); // I3
      },
    });
    this.#channels.set(id, channel);
    this.onGrantedAttach(holder, id, direction);
    return channel;
  }
}
