// Chance that can be repeated: every case of a fuzz draws from its own stream, made of the seed and its number.

/** A stream of numbers (mulberry32): the same seed and the same number of the case give the same draws, on any machine. */
export class Random {
  #state: number;

  constructor(seed: number, index: number) {
    this.#state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(index + 1, 0xc2b2ae35)) | 0;
    this.fraction();
  }

  /** 0 ≤ x < 1. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Both ends included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.integer(0, list.length - 1)]!;
  }

  /** 1 to `most` different ones, in the order of the draw. */
  some<T>(list: readonly T[], most: number): T[] {
    const rest = [...new Set(list)];
    const wanted = this.integer(1, Math.min(most, rest.length));
    return Array.from({ length: wanted }, () => rest.splice(this.integer(0, rest.length - 1), 1)[0]!);
  }

  /** One of the named ways, each as likely as its weight says. */
  weighted<T>(ways: readonly (readonly [weight: number, way: T])[]): T {
    let place = this.fraction() * ways.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, way] of ways) {
      place -= weight;
      if (place < 0) return way;
    }
    return ways.at(-1)![1];
  }
}
