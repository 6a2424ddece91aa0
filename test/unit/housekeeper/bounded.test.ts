import { expect, test } from 'vitest';
import { mapBounded } from '#housekeeper/bounded';

test('never has more than the limit in hand, and answers in order', async () => {
  let inHand = 0;
  let most = 0;
  const answers = await mapBounded([...Array(20).keys()], 3, async (item) => {
    most = Math.max(most, ++inHand);
    for (let turn = 0; turn < item % 4; turn++) await null;
    inHand--;
    return item * 2;
  });
  expect(most).toBe(3);
  expect(answers).toEqual([...Array(20).keys()].map((item) => item * 2));
});

test('after a failure starts nothing more, and throws once everything started has ended', async () => {
  const ended: number[] = [];
  const started: number[] = [];
  const slow = Promise.withResolvers<void>();
  const work = mapBounded([0, 1, 2, 3], 2, async (item) => {
    started.push(item);
    if (item === 1) {
      queueMicrotask(slow.resolve);
      throw new Error('broken');
    }
    await slow.promise;
    ended.push(item);
  });
  await expect(work).rejects.toThrow('broken');
  expect([started, ended]).toEqual([[0, 1], [0]]);
});

test('of nothing is nothing', async () => {
  expect(await mapBounded([], 3, () => Promise.reject(new Error('never called')))).toEqual([]);
});
