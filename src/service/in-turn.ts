// Work on a list that somebody sent: in short turns, so that the loops run in between, and a fault says whose it is.

import { faultOfItem } from '#core/errors';

const AT_A_TIME = 100;

/** In order. What `work` throws is thrown with the place of the item before its fields. */
export async function eachInTurn<A, B>(items: readonly A[], work: (item: A) => Promise<B>): Promise<B[]> {
  const done: B[] = [];
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % AT_A_TIME === 0) await new Promise((resolve) => setImmediate(resolve));
    try {
      done.push(await work(item));
    } catch (error) {
      throw faultOfItem(error, index);
    }
  }
  return done;
}
