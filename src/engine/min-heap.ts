// What comes next, the earliest first: for simulations, which have nobody to ask but themselves.

/** Answers the least item by a key; equal keys in any order. */
export class MinHeap<Item> {
  readonly #items: { key: number; item: Item }[] = [];

  /** Infinity when there is nothing. */
  get least(): number {
    return this.#items[0]?.key ?? Infinity;
  }

  push(key: number, item: Item): void {
    const items = this.#items;
    let place = items.length;
    items.push({ key, item });
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (items[parent]!.key <= key) break;
      items[place] = items[parent]!;
      place = parent;
    }
    items[place] = { key, item };
  }

  /** Takes all whose key is at most `key`. */
  takeUpTo(key: number): { key: number; item: Item }[] {
    const taken: { key: number; item: Item }[] = [];
    while (this.least <= key) taken.push(this.#pop());
    return taken;
  }

  #pop(): { key: number; item: Item } {
    const items = this.#items;
    const first = items[0]!;
    const last = items.pop()!;
    if (items.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && items[child + 1]!.key < items[child]!.key) child++;
      if (items[child]!.key >= last.key) break;
      items[place] = items[child]!;
      place = child;
    }
    items[place] = last;
    return first;
  }
}
