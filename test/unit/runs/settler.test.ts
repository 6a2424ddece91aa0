// Endings reach the ledger whatever one of them holds, and whatever the store goes through.
import { expect, it } from 'vitest';
import { SchedulerError } from '#core/errors';
import type { Log } from '#core/log';
import { Settler } from '#runs/settler';
import type { Ending, Store } from '#store/store';
import { createManualClock } from '../../support/manual-clock.ts';

const silent: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => silent,
  at: () => silent,
};

const ending = (runId: string, statistics: Ending['statistics'] = {}): Ending => ({
  runId,
  leaseToken: 'l',
  attempt: { n: 1, startedAt: 0, endedAt: 1, outcome: 'succeeded', error: null },
  verdict: { kind: 'done', state: 'succeeded', reason: null },
  durationMs: 1.5,
  statistics,
  codeHash: null,
  handlerState: { poison: true },
});

function setup(
  refuse: (endings: readonly Ending[], call: number) => boolean,
  refusal = new Error('the store refuses'),
) {
  const clock = createManualClock(0);
  const written: Ending[] = [];
  let calls = 0;
  const settle: Store['settle'] = async (endings) => {
    calls++;
    if (refuse(endings, calls)) throw refusal;
    written.push(...endings);
    return { answers: endings.map(() => 'settled'), claimed: [] };
  };
  const settler = new Settler({ settle } as Store, clock, silent);
  return { clock, settler, written, calls: () => calls };
}

it('endings that come at once are one batch, and each is answered', async () => {
  const { settler, written } = setup(() => false);
  const answers = await Promise.all([
    settler.settle(ending('a')),
    settler.settle(ending('b')),
    settler.settle(ending('c')),
  ]);
  expect(answers).toEqual(['settled', 'settled', 'settled']);
  expect(written.map((each) => each.runId)).toEqual(['a', 'b', 'c']);
});

it('after a fault of the store all are written, none twice', async () => {
  const { clock, settler, written } = setup((_endings, call) => call <= 6);
  const all = Promise.all(['a', 'b', 'c'].map((id) => settler.settle(ending(id))));
  await clock.advance(60_000);
  expect(await all).toEqual(['settled', 'settled', 'settled']);
  expect(written.map((each) => each.runId).toSorted()).toEqual(['a', 'b', 'c']);
  await settler.idle();
});

it('one that the store cannot take ends as a plain failure and holds back no other', async () => {
  const { settler, written } = setup((endings) =>
    endings.some((each) => each.statistics !== null && 'poison' in each.statistics),
  );
  const answers = await Promise.all([
    settler.settle(ending('a')),
    settler.settle(ending('b', { poison: 1 })),
    settler.settle(ending('c')),
  ]);
  expect(answers).toEqual(['settled', 'settled', 'settled']);
  const bad = written.find((each) => each.runId === 'b');
  expect(bad).toMatchObject({
    verdict: { state: 'failed' },
    statistics: null,
    attempt: { error: { message: 'the store refuses' } },
  });
  expect(bad).not.toHaveProperty('handlerState');
  expect(written.find((each) => each.runId === 'c')).toMatchObject({ verdict: { state: 'succeeded' } });
});

it('a success that a full disk refused is never written as a failure, though that would still fit', async () => {
  const isLarge = (each: Ending) => each.statistics !== null && 'text' in each.statistics;
  const full = new SchedulerError('DATABASE_ERROR', 'the disk is full', 'free some space');
  let hasSpace = false;
  const { clock, settler, written } = setup((endings) => !hasSpace && endings.some(isLarge), full);
  const answer = settler.settle(ending('a', { text: 'long' }));
  await clock.advance(60_000);
  expect(written).toEqual([]);
  hasSpace = true;
  await clock.advance(5_000);
  expect(await answer).toBe('settled');
  expect(written).toMatchObject([
    { runId: 'a', verdict: { state: 'succeeded' }, statistics: { text: 'long' } },
  ]);
});

it('who looks while the store refuses does not wait for it', async () => {
  const { clock, settler, written } = setup((_endings, call) => call < 3);
  const answer = settler.settle(ending('a'));
  await settler.resting();
  expect(written).toEqual([]);
  await clock.advance(60_000);
  expect(await answer).toBe('settled');
});
