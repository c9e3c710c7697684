// SPDX-License-Identifier: Apache-2.0
import type { IIIClient } from '@iii-dev/client-core';
import type { IStream } from './stream.ts';

/** Serves the stream `name` from this worker; the engine calls it instead of its own store. */
export function createStream<TData>(iii: IIIClient, name: string, stream: IStream<TData>): void {
  const { registerFunction } = iii;
  registerFunction(`stream::get(${name})`, stream.get.bind(stream));
  registerFunction(`stream::set(${name})`, stream.set.bind(stream));
  registerFunction(`stream::delete(${name})`, stream.delete.bind(stream));
  registerFunction(`stream::list(${name})`, stream.list.bind(stream));
  registerFunction(`stream::list_groups(${name})`, stream.listGroups.bind(stream));
  if (stream.update) registerFunction(`stream::update(${name})`, stream.update.bind(stream));
}
