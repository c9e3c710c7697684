// SPDX-License-Identifier: Apache-2.0

/** Integers are exact from the lowest signed to the highest unsigned 64-bit number. */
const LOWEST = -(2n ** 63n);
const HIGHEST = 2n ** 64n - 1n;

/** Adds; `undefined` when the result leaves the range of its kind. */
export function add(a: number | bigint, b: number | bigint): number | bigint | undefined {
  if (isWhole(a) && isWhole(b)) {
    const sum = BigInt(a) + BigInt(b);
    return sum < LOWEST || sum > HIGHEST ? undefined : compact(sum);
  }
  const sum = Number(a) + Number(b);
  return Number.isFinite(sum) ? sum : undefined;
}

/** The number with the other sign. */
export function negate(n: number | bigint): number | bigint {
  return isWhole(n) ? compact(-BigInt(n)) : -n;
}

function isWhole(n: number | bigint): boolean {
  return typeof n === 'bigint' || Number.isSafeInteger(n);
}

function compact(n: bigint): number | bigint {
  const small = Number(n);
  return Number.isSafeInteger(small) ? small : n;
}
