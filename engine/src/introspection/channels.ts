// SPDX-License-Identifier: Elastic-2.0
import { Payload } from '@iii-dev/protocol';
import type { GrantedAttachListener } from '../hub/channels.ts';
import type { Hub } from '../hub/hub.ts';
import { badInput, stringOf } from './input.ts';
import { describe } from './schema.ts';

const CREATE = 'engine::channels::create';
const GRANT = 'engine::channels::grant';

/** The ways to data channels: one made on demand, or the right to make up many. */
export function installChannelCreation(hub: Hub): void {
  installCreate(hub);
  installGrant(hub);
}

/** `engine::channels::create`: a data channel between two workers. */
function installCreate(hub: Hub): void {
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

/**
 * `engine::channels::grant`: for a worker that hands out far more channels than are ever opened.
 * It makes up ids `<issuer>.<nonce>.in` and `.out`, with the HMAC-SHA256 of `<issuer>.<nonce>` under
 * the secret as the key of both (base64url). Such a channel exists once its first end is attached;
 * `on_attach_function_id` is then called with `{channel_id, direction}`.
 */
function installGrant(hub: Hub): void {
  hub.addEngineFunction(
    GRANT,
    {
      ...describe(
        'Lets a worker make up data channels that exist once somebody attaches to them.',
        { on_attach_function_id: 'string' },
        { 'issuer!': 'string', 'secret!': 'string' },
      ),
      metadata: Payload.ofValue({ internal: true }),
    },
    (input, caller) => {
      if (caller === null) throw badInput(GRANT, 'only a connected worker can hold a grant');
      const onAttachFunctionId = stringOf(input, 'on_attach_function_id', GRANT);
      return hub.channels.grant({ ownerId: caller.id, onAttachFunctionId });
    },
  );
  hub.channels.onGrantedAttach = createAttachListener(hub);
}

function createAttachListener(hub: Hub): GrantedAttachListener {
  return ({ ownerId, onAttachFunctionId }, channelId, direction) => {
    const owner = hub.connection(ownerId);
    if (owner === undefined || onAttachFunctionId === undefined) return;
    // Nobody waits for the outcome: without its holder the channel ends as any orphan.
    void hub.call({
      functionId: onAttachFunctionId,
      namespace: owner.namespace,
      data: Payload.ofValue({ channel_id: channelId, direction }),
    });
  };
}
