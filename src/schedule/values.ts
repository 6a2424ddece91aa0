// The allowed values of one cron field as lookup tables, so that the calendar walk asks instead of searching.

/** No such value. */
export const NONE = -1;

/** A non-empty set of whole numbers in 0..max. Every question takes `value` in 0..max+1 and costs one read. */
export class ValueSet {
  readonly first: number;
  readonly last: number;
  readonly size: number;
  readonly #atOrAfter: Int8Array;
  readonly #atOrBefore: Int8Array;
  readonly #below: Int8Array;

  constructor(values: readonly number[], max: number) {
    const members = new Set(values);
    this.#atOrAfter = new Int8Array(max + 2).fill(NONE);
    this.#atOrBefore = new Int8Array(max + 2).fill(NONE);
    this.#below = new Int8Array(max + 2);
    for (let value = max; value >= 0; value--)
      this.#atOrAfter[value] = members.has(value) ? value : this.#atOrAfter[value + 1]!;
    for (let value = 0; value <= max + 1; value++) {
      this.#atOrBefore[value] = members.has(value) ? value : (this.#atOrBefore[value - 1] ?? NONE);
      this.#below[value] = value === 0 ? 0 : this.#below[value - 1]! + (members.has(value - 1) ? 1 : 0);
    }
    this.first = this.#atOrAfter[0]!;
    this.last = this.#atOrBefore[max]!;
    this.size = members.size;
  }

  has(value: number): boolean {
    return this.#atOrAfter[value] === value;
  }

  /** The smallest member ≥ `value`, or NONE. */
  atOrAfter(value: number): number {
    return this.#atOrAfter[value]!;
  }

  /** The largest member ≤ `value`, or NONE; `value` may be −1. */
  atOrBefore(value: number): number {
    return value < 0 ? NONE : this.#atOrBefore[value]!;
  }

  /** How many members are smaller than `value`. */
  countBelow(value: number): number {
    return this.#below[value]!;
  }
}
