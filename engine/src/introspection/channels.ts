// SPDX-License-Identifier: Elastic-2.0
import type { Hub } from '../hub/hub.ts';
import { badInput } from './input.ts';
import { describe } from './schema.ts';

const CREATE = 'engine::channels::create';

/** `engine::channels::create`: a data channel between two workers. */
export function installChannelCreation(hub: Hub): void {
  hub.addEngineFunction(
    CREATE,
    describe(
      'Creates a data channel; returns a reference for each end.',
      { buffer_size: 'integer' },
      { 'writer!': 'object', 'reader!': 'object' },
    ),
    (input, caller) => {
      const size = input.buffer_size ?? undefined;
      if (size !== undefined && (typeof size !== 'number' || !Number.isInteger(size) || size < 0)) {
        throw badInput(
          CREATE,
          `field \`buffer_size\` must be a whole number ≥ 0, got ${JSON.stringify(size)}`,
        );
      }
      return hub.channels.create(size, caller?.id);
    },
  );
}
