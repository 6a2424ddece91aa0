// What comes next, the earliest first: for simulations, which have nobody to ask but themselves.

interface Entry<Item> {
  key: number;
  /** Of equal keys the first that was pushed comes first. */
  turn: number;
  item: Item;
}

export class MinHeap<Item> {
  readonly #entries: Entry<Item>[] = [];
  #turns = 0;

  /** Infinity when there is nothing. */
  get least(): number {
    return this.#entries[0]?.key ?? Infinity;
  }

  push(key: number, item: Item): void {
    const entries = this.#entries;
    const entry = { key, turn: this.#turns++, item };
    let place = entries.length;
    entries.push(entry);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (isBefore(entries[parent]!, entry)) break;
      entries[place] = entries[parent]!;
      place = parent;
    }
    entries[place] = entry;
  }

  /** Takes all whose key is at most `key`, in their order. */
  takeUpTo(key: number): { key: number; item: Item }[] {
    const taken: { key: number; item: Item }[] = [];
    while (this.least <= key) taken.push(this.#pop());
    return taken;
  }

  #pop(): Entry<Item> {
    const entries = this.#entries;
    const first = entries[0]!;
    const last = entries.pop()!;
    if (entries.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= entries.length) break;
      if (child + 1 < entries.length && isBefore(entries[child + 1]!, entries[child]!)) child++;
      if (isBefore(last, entries[child]!)) break;
      entries[place] = entries[child]!;
      place = child;
    }
    entries[place] = last;
    return first;
  }
}

function isBefore<Item>(a: Entry<Item>, b: Entry<Item>): boolean {
  return a.key < b.key || (a.key === b.key && a.turn < b.turn);
}
