// SPDX-License-Identifier: Apache-2.0
import { DEFAULT_NAMESPACE } from '@iii-dev/protocol';

/** @throws Error when a namespace is given and blank. */
export function checkNamespace(namespace: string | undefined): string | undefined {
  if (namespace !== undefined && namespace.trim() === '') {
    throw new Error('namespace is empty: leave it out, or give it a name');
  }
  return namespace;
}

/** Namespace of a call: what was asked, else `default` for the engine's own, else the worker's. */
export function namespaceOfCall(
  functionId: string,
  asked: string | undefined,
  own: string | undefined,
): string | undefined {
  if (asked !== undefined) return checkNamespace(asked);
  return functionId.startsWith('engine::') ? DEFAULT_NAMESPACE : own;
}
