// SPDX-License-Identifier: Apache-2.0

/** Something that is due at a time; the heap keeps `place`. */
export interface Due {
  wakeMs: number;
  /** Where it stands in its heap; -1 outside. */
  place: number;
}

/** Things by the time they are due: the next one at once, changes in logarithmic time. */
export class DueHeap<T extends Due> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  /** Adds an item, or moves it to where its time belongs. */
  put(item: T): void {
    if (item.place < 0) {
      item.place = this.#items.length;
      this.#items.push(item);
    }
    this.#rise(item);
    this.#sink(item);
  }

  remove(item: T): void {
    const { place } = item;
    if (place < 0) return;
    item.place = -1;
    const last = this.#items.pop() as T;
    if (last === item) return;
    this.#set(last, place);
    this.#rise(last);
    this.#sink(last);
  }

  #rise(item: T): void {
    while (item.place > 0) {
      const parent = this.#items[(item.place - 1) >> 1] as T;
      if (parent.wakeMs <= item.wakeMs) return;
      this.#swap(item, parent);
    }
  }

  #sink(item: T): void {
    for (;;) {
      const left = this.#items[item.place * 2 + 1];
      const right = this.#items[item.place * 2 + 2];
      const child =
        right !== undefined && left !== undefined && right.wakeMs < left.wakeMs ? right : left;
      if (child === undefined || item.wakeMs <= child.wakeMs) return;
      this.#swap(item, child);
    }
  }

  #swap(a: T, b: T): void {
    const { place } = a;
    this.#set(a, b.place);
    this.#set(b, place);
  }

  #set(item: T, place: number): void {
    item.place = place;
    this.#items[place] = item;
  }
}
