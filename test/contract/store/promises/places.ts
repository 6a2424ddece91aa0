// Contract: who gets a place, who waits for one how long, and how a line goes through one after another (rules 1, 3, 4).

import { describe, expect, it } from 'vitest';
import {
  aDecision,
  addJobs,
  admitNext,
  aJob,
  aRow,
  aSlotRow,
  claim,
  enqueue,
  jobNamed,
  MINUTE,
  runOf,
  settle,
  T0,
} from '../../../support/ledger.ts';
import type { OpenLedger } from '../suite.ts';

const DUE = T0 + MINUTE;
const ids = (runs: readonly { runId: string }[]) => runs.map((run) => run.runId);
const waits = { holdsPlace: false } as const;

export function placePromises(open: OpenLedger): void {
  describe('places', () => {
    it('go to a run that waits once those that hold one leave it', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await enqueue(store, 'a', aRow('holds'));
      await enqueue(store, 'a', aRow('waits', waits));
      const [first] = await claim(store);
      expect(first?.runId).toBe('holds');
      expect(await claim(store)).toEqual([]);
      await settle(store, first!, 'succeeded');
      expect(await claim(store)).toMatchObject([{ runId: 'waits', holdsPlace: true }]);
    });

    it('are given to no more runs in one claim than there are', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 2 }));
      for (const id of ['r1', 'r2', 'r3']) await enqueue(store, 'a', aRow(id, waits));
      expect(ids(await claim(store))).toEqual(['r1', 'r2']);
    });

    it('need not be free where jobs may overlap', async () => {
      const { store } = await open();
      await addJobs(
        store,
        aJob('a', {}, { overlap: 'allow', group: 'g' }),
        aJob('b', {}, { group: 'g', priority: 1 }),
      );
      await enqueue(store, 'b', aRow('of b', {}, { group: 'g', priority: 1 }));
      for (const id of ['r1', 'r2']) await enqueue(store, 'a', aRow(id, waits));
      expect(ids(await claim(store))).toEqual(['of b', 'r1', 'r2']);
    });

    it('of a group exclude other jobs of it, also within one claim, but not the job itself', async () => {
      const { store } = await open();
      await addJobs(
        store,
        aJob('a', {}, { group: 'g', maxInstances: 2 }),
        aJob('b', {}, { group: 'g' }),
        aJob('c', {}, { group: 'other' }),
      );
      for (const [job, id] of ['a1', 'b1', 'a2', 'c1'].map((id) => [id[0]!, id]))
        await enqueue(store, job!, aRow(id!, waits));
      const claimed = await claim(store);
      expect(ids(claimed)).toEqual(['a1', 'a2', 'c1']);
      for (const run of claimed.slice(0, 2)) {
        expect(await claim(store)).toEqual([]);
        await settle(store, run, 'succeeded');
      }
      expect(ids(await claim(store))).toEqual(['b1']);
    });
  });

  describe('waiting', () => {
    it('ends for a claim at its last instant', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 2 }));
      await enqueue(store, 'a', aRow('bounded', { maxWaitMs: 2 * MINUTE }));
      await enqueue(store, 'a', aRow('for ever'));
      expect(ids(await claim(store, { at: T0 + 2 * MINUTE }))).toEqual(['for ever']);
      expect(await claim(store, { at: T0 + 2 * MINUTE - 1 })).toMatchObject([
        { runId: 'bounded', expiresAt: null, maxWaitMs: 2 * MINUTE },
      ]);
    });

    for (const [outcome, from] of [
      ['failed', DUE + 9 * MINUTE],
      ['given_back', DUE + 1_000],
    ] as const)
      it(`begins anew when an attempt has ${outcome}`, async () => {
        const { store } = await open();
        await addJobs(store, aJob('a', {}, { maxInstances: 2 }));
        await enqueue(store, 'a', aRow('bounded', { maxWaitMs: 2 * MINUTE }));
        await enqueue(store, 'a', aRow('for ever'));
        const verdict =
          outcome === 'failed'
            ? ({ kind: 'retry', notBefore: DUE + 9 * MINUTE } as const)
            : ({ kind: 'given_back' } as const);
        for (const run of await claim(store)) await settle(store, run, outcome, { verdict });
        expect((await runOf(store, 'bounded')).expiresAt).toBe(from + 2 * MINUTE);
        expect((await runOf(store, 'for ever')).expiresAt).toBeNull();
      });

    it('is over with the run', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await enqueue(store, 'a', aRow('r', { maxWaitMs: 5 }));
      await store.requestCancel('r', T0, 'me');
      expect((await runOf(store, 'r')).expiresAt).toBeNull();
    });
  });

  describe('lines', () => {
    /** Three slots of one pass, as `coalesce: false` admits them. */
    async function aLine(open: OpenLedger, over: object = {}) {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 2 }));
      await store.fire(DUE, (due) =>
        aDecision(
          due,
          [1, 2, 3].map((n) => aSlotRow(due, { runId: `s${n}`, slot: T0 + n, line: 'line', ...over })),
        ),
      );
      return store;
    }
    const places = async (store: Awaited<ReturnType<typeof aLine>>) =>
      await Promise.all(['s1', 's2', 's3'].map(async (id) => (await runOf(store, id)).holdsPlace));

    it('have one place, that of the oldest, and only that one may start', async () => {
      const store = await aLine(open);
      expect(await places(store)).toEqual([true, false, false]);
      expect(ids(await claim(store))).toEqual(['s1']);
      expect(await claim(store)).toEqual([]);
      expect(await claim(store, { only: 's2' })).toEqual([]);
    });

    it('hand the place on when a run has ended for good, its retries included', async () => {
      const store = await aLine(open);
      const [first] = await claim(store);
      await settle(store, first!, 'failed', { verdict: { kind: 'retry', notBefore: DUE + MINUTE } });
      expect(await places(store)).toEqual([true, false, false]);
      expect((await store.nextWake(DUE)).retry).toBe(DUE + MINUTE);
      expect(await claim(store)).toEqual([]);
      const [again] = await claim(store, { at: DUE + MINUTE });
      expect(again).toMatchObject({ runId: 's1', attempt: 2 });
      await settle(store, again!, 'failed');
      expect(await places(store)).toEqual([false, true, false]);
      expect(ids(await claim(store))).toEqual(['s2']);
    });

    it('begin to wait when their turn comes', async () => {
      const store = await aLine(open, { maxWaitMs: 3 * MINUTE });
      const expiry = async (id: string) => (await runOf(store, id)).expiresAt;
      expect([await expiry('s1'), await expiry('s2')]).toEqual([DUE + 3 * MINUTE, null]);
      const [first] = await claim(store, { at: DUE + 1 });
      await settle(store, first!, 'succeeded');
      expect(await expiry('s2')).toBe(DUE + 1_001 + 3 * MINUTE);
      expect(await expiry('s3')).toBeNull();
    });

    it('that wait for a place go on waiting when their head leaves', async () => {
      const store = await aLine(open, waits);
      expect(await places(store)).toEqual([false, false, false]);
      await store.requestCancel('s1', DUE, 'me');
      expect(await places(store)).toEqual([false, false, false]);
      expect(ids(await claim(store))).toEqual(['s2']);
    });

    it('close up where one in the middle leaves', async () => {
      const store = await aLine(open);
      const end = { runId: 's2', state: 'skipped', reason: 'disabled', error: null } as const;
      await store.fire(DUE + MINUTE, (due) => aDecision(due, [], { end: [end] }));
      expect(await places(store)).toEqual([true, false, false]);
      await store.requestCancel('s1', DUE, 'me');
      expect(await places(store)).toEqual([false, false, true]);
    });

    it('hand on a place that a dead process held', async () => {
      const store = await aLine(open);
      await claim(store, { bootId: 'dead' });
      await store.recover('new', DUE, () => ({ kind: 'done', state: 'interrupted', reason: null }));
      expect(await places(store)).toEqual([false, true, false]);
    });
  });

  describe('asked to stop', () => {
    it('by a decision: only what runs, and the first who asked stays on record', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 3 }));
      await store.fire(DUE, admitNext);
      await claim(store);
      await enqueue(store, 'a', aRow('queued'));
      const running = `a@${DUE}`;
      const ask = async (at: number, by: string) =>
        await store.fire(at, (due) =>
          aDecision(due, [], { cancel: [running, 'queued'].map((runId) => ({ runId, by })) }),
        );
      await ask(DUE + MINUTE, 'the one that waits');
      await ask(DUE + 2 * MINUTE, 'a later one');
      expect(await runOf(store, running)).toMatchObject({
        state: 'running',
        cancelRequested: true,
        cancelledBy: 'the one that waits',
      });
      expect(await runOf(store, 'queued')).toMatchObject({ cancelRequested: false, cancelledBy: null });
      expect(await store.cancelRequests('boot')).toEqual([running]);
      await store.requestCancel(running, DUE, 'a person');
      expect((await runOf(store, running)).cancelledBy).toBe('the one that waits');
      expect((await jobNamed(store, 'a')).admittedCount).toBe(1);
    });
  });
}
