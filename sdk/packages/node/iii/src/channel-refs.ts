// SPDX-License-Identifier: Apache-2.0
import { ChannelReader, ChannelWriter } from './channel-ends.ts';

/** The two directions of a channel end. */
export const ChannelDirection = { Read: 'read', Write: 'write' } as const;
export type ChannelDirection = (typeof ChannelDirection)[keyof typeof ChannelDirection];

/** One end of a channel as plain JSON; may stand anywhere in a payload. */
export interface StreamChannelRef {
  channel_id: string;
  access_key: string;
  direction: 'read' | 'write';
}

/** Deeper values are passed on as they are; refs stand near the top in practice. */
const MAX_SCAN_DEPTH = 64;

/** Whether a value is a reference to a channel end. */
export function isChannelRef(value: unknown): value is StreamChannelRef {
  if (typeof value !== 'object' || value === null) return false;
  const { channel_id, access_key, direction } = value as Partial<StreamChannelRef>;
  return (
    typeof channel_id === 'string' &&
    typeof access_key === 'string' &&
    (direction === 'read' || direction === 'write')
  );
}

/** Every reference in a value with its path, `a.b[0].c`; `[0]` at the root of an array. */
export function extractChannelRefs(data: unknown): [string, StreamChannelRef][] {
  const found: [string, StreamChannelRef][] = [];
  const scan = (value: unknown, path: string, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > MAX_SCAN_DEPTH) return;
    if (isChannelRef(value)) {
      found.push([path, value]);
      return;
    }
    if (Array.isArray(value)) {
      value.forEach((item, index) => {
        scan(item, `${path}[${index}]`, depth + 1);
      });
      return;
    }
    for (const [key, item] of Object.entries(value)) {
      scan(item, path === '' ? key : `${path}.${key}`, depth + 1);
    }
  };
  scan(data, '', 0);
  return found;
}

/** The value with live ends in place of references; copies only what holds one. */
export function reviveChannels(
  value: unknown,
  address: string,
  headers: Readonly<Record<string, string>>,
  depth = 0,
): unknown {
  if (typeof value !== 'object' || value === null || depth > MAX_SCAN_DEPTH) return value;
  if (isChannelRef(value)) {
    return value.direction === 'read'
      ? new ChannelReader(address, value, headers)
      : new ChannelWriter(address, value, headers);
  }
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined;
    for (let index = 0; index < value.length; index += 1) {
      const item: unknown = value[index];
      const live = reviveChannels(item, address, headers, depth + 1);
      if (live === item) continue;
      copy ??= [...value];
      copy[index] = live;
    }
    return copy ?? value;
  }
  let copy: Record<string, unknown> | undefined;
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key];
    const live = reviveChannels(item, address, headers, depth + 1);
    if (live === item) continue;
    copy ??= { ...value };
    copy[key] = live;
  }
  return copy ?? value;
}
