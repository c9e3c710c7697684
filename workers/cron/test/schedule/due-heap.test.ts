// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DueHeap } from '../../src/schedule/due-heap.ts';

it('the heap gives what is due first, whatever is added, moved and removed', () => {
  const step = fc.tuple(fc.constantFrom('put', 'remove'), fc.nat(9), fc.nat(50));
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const items = Array.from({ length: 10 }, () => ({ wakeMs: 0, place: -1 }));
      const heap = new DueHeap<(typeof items)[number]>();
      const inside = new Set<(typeof items)[number]>();
      for (const [kind, index, wakeMs] of steps) {
        const item = items[index] as (typeof items)[number];
        if (kind === 'put') {
          item.wakeMs = wakeMs;
          heap.put(item);
          inside.add(item);
        } else {
          heap.remove(item);
          inside.delete(item);
        }
        expect(heap.size).toBe(inside.size);
        const least = Math.min(...[...inside].map((each) => each.wakeMs));
        expect(heap.peek()?.wakeMs ?? Number.POSITIVE_INFINITY).toBe(least);
      }
    }),
  );
});
