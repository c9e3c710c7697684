// SPDX-License-Identifier: Elastic-2.0

/** Request header by which a host shows that the engine spawned it: a secret of the two. */
export const BUILT_IN_HEADER = 'x-iii-built-in';

/** What a worker host tells the engine that spawned it. */
export type HostMessage =
  | { readonly kind: 'ready'; readonly ports: Readonly<Record<string, number>> }
  | {
      readonly kind: 'failed';
      readonly message: string;
      /** Set when the config was at fault. */
      readonly problems: readonly { readonly path: string; readonly message: string }[] | null;
    };

/** A worker host said that its worker cannot run. */
export class HostFailure extends Error {
  override readonly name = 'HostFailure';
  readonly problems: readonly { readonly path: string; readonly message: string }[] | null;

  constructor(failed: Extract<HostMessage, { kind: 'failed' }>) {
    super(failed.message);
    this.problems = failed.problems;
  }
}
