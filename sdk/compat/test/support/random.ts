// SPDX-License-Identifier: Apache-2.0
/** Repeatable numbers in [0, 1); prints its seed, and `III_TEST_SEED` repeats a run. */
export function makeRandom(): () => number {
  let state = Number(process.env.III_TEST_SEED || Date.now() % 1_000_000_007);
  console.log(`III_TEST_SEED=${state}`);
  return () => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
