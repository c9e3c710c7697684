// SPDX-License-Identifier: Apache-2.0

/** A stored value: JSON text, kept byte for byte. */
export interface StoredValue {
  readonly text: string;
  /** When it stops existing, ms since 1970; unset is never. */
  readonly expiresAtMs?: number | undefined;
}

/** What is to become of a value. */
export type Decision =
  | { readonly kind: 'keep' }
  | { readonly kind: 'put'; readonly value: StoredValue }
  | { readonly kind: 'remove' };

/** A value with its key. */
export interface KeyedValue {
  readonly key: string;
  readonly text: string;
}

/** A value whose time is over. */
export interface Expired {
  readonly index: string;
  readonly key: string;
}

/**
 * Where the kv worker keeps values. What an adapter promises:
 *
 * - A value is found under exactly its index and key, whatever text those are.
 * - `change` hands `decide` the value as all earlier changes leave it, and no other change of that
 *   key comes between. It resolves once the outcome, and all that it was decided from, is stored to
 *   the adapter's standard; changes of a key resolve in their order.
 * - `decide` is synchronous and may be called again; its last call counts.
 * - A new key goes last in its index; an overwritten one keeps its place.
 * - An expired value is absent, before and after it is swept.
 * - An index without keys is not listed.
 * - A rejection means that nothing was acknowledged.
 */
export interface KvStore {
  /** Whether values outlive the process. */
  readonly isDurable: boolean;
  get(index: string, key: string): Promise<string | undefined>;
  change<Result>(
    index: string,
    key: string,
    decide: (current: StoredValue | undefined) => { decision: Decision; result: Result },
  ): Promise<Result>;
  /** In the order the keys were made; with a prefix, of keys that start so. */
  list(index: string, prefix?: string): Promise<readonly KeyedValue[]>;
  indexes(): Promise<string[]>;
  /** Values whose time is over and that are still there, oldest first. */
  expired(limit: number): Promise<readonly Expired[]>;
  /** Removes a value whose time is over; its text, or nothing when it is gone or lives again. */
  sweep(expired: Expired): Promise<string | undefined>;
  /** Stores what is on the way and lets go of everything. May be called twice. */
  close(): Promise<void>;
}
