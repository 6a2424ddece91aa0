// Work side by side, but never more than so many at once: lists, deletes and whole rules go through here.

/**
 * Calls `work` for each item in order, at most `limit` at a time; answers in the order of the items. After a
 * failure nothing more is started; it is thrown once everything started has ended.
 */
export async function mapBounded<Item, Answer>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = new Array(items.length);
  const remaining = items.entries();
  let broken = false;
  const lane = async () => {
    for (const [index, item] of remaining) {
      if (broken) return;
      try {
        answers[index] = await work(item);
      } catch (thrown) {
        broken = true;
        throw thrown;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, lane));
  const failed = lanes.find((ended) => ended.status === 'rejected');
  if (failed) throw failed.reason;
  return answers;
}

/** Work of several callers, together never more than so many at once. */
export class Gate {
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  /** `limit` may change from call to call. */
  async pass<Answer>(limit: number, work: () => Promise<Answer>): Promise<Answer> {
    while (this.#inside >= limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#inside++;
    try {
      return await work();
    } finally {
      this.#inside--;
      this.#waiting.shift()?.();
    }
  }
}

/** Lets messages and events in: what works without waiting asks for it between two pieces. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
