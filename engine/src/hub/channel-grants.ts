// SPDX-License-Identifier: Elastic-2.0
// The right of a worker to make up channels without asking: it derives their ids and keys from a
// secret, and the engine checks them when somebody attaches. A channel nobody opens costs nothing.
//
// I1 A key is good for the two channels of one nonce, of a grant whose holder is connected.
// I2 A channel that is over stays over; its id is remembered until many others have been used.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Ids of channels that are over: what a late or repeated attach may still name. */
const USED_LIMIT = 10_000;
const SECRET_BYTES = 32;
/** `<issuer>.<nonce>.in` and `.out`; the key covers what stands before the last dot. */
const GRANTED_ID = /^(([\w-]+)\.[\w-]{1,32})\.(?:in|out)$/;

/** Who makes up channels, and which of its functions hears of those that are opened. */
export interface GrantHolder {
  readonly ownerId: string;
  readonly onAttachFunctionId: string | undefined;
}

/** What a worker derives ids and keys from. */
export interface IssuedGrant {
  readonly issuer: string;
  readonly secret: string;
}

interface Grant {
  readonly holder: GrantHolder;
  readonly secret: string;
}

/** All grants in force. */
export class ChannelGrants {
  readonly #grants = new Map<string, Grant>();
  readonly #used = new Set<string>();

  issue(holder: GrantHolder): IssuedGrant {
    const issuer = randomBytes(12).toString('base64url');
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    this.#grants.set(issuer, { holder, secret });
    return { issuer, secret };
  }

  /** The holder of the grant an id belongs to, when its key is right and it was not used before. */
  verify(id: string, key: string): GrantHolder | undefined {
    const [, signed, issuer] = GRANTED_ID.exec(id) ?? [];
    if (signed === undefined || issuer === undefined || this.#used.has(id)) return undefined;
    const grant = this.#grants.get(issuer);
    if (grant === undefined) return undefined;
    const expected = Buffer.from(
      createHmac('sha256', grant.secret).update(signed).digest('base64url'),
    );
    const given = Buffer.from(key);
    const isRight = given.length === expected.length && timingSafeEqual(given, expected); // I1
    return isRight ? grant.holder : undefined;
  }

  /** I2 */
  markUsed(id: string): void {
    this.#used.add(id);
    if (this.#used.size <= USED_LIMIT) return;
    // Sets keep their order, so the first is the oldest.
    for (const oldest of this.#used) {
      this.#used.delete(oldest);
      break;
    }
  }

  removeOwnedBy(ownerId: string): void {
    for (const [issuer, { holder }] of this.#grants) {
      if (holder.ownerId === ownerId) this.#grants.delete(issuer);
    }
  }
}
