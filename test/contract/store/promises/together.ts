// Contract: what is decided or settled, and what starts because of it, in one transaction; many due jobs in batches.

import { describe, expect, it } from 'vitest';
import type { DueJob, FireOptions, Store } from '#store/store';
import {
  aDecision,
  addJobs,
  admitNext,
  aJob,
  anEnding,
  aRow,
  aSlotRow,
  claim,
  enqueue,
  jobNamed,
  MINUTE,
  runOf,
  T0,
} from '../../../support/ledger.ts';
import type { OpenLedger } from '../suite.ts';

const DUE = T0 + MINUTE;
const LATER = DUE + 250;
const request = { at: LATER, bootId: 'boot', places: 10, cap: 10 };
const ids = (claimed: readonly { run: { runId: string } }[]) => claimed.map(({ run }) => run.runId);
const named = (...jobs: string[]) => jobs.map((job) => `${job}@${DUE}`);

const fire = (store: Store, options: FireOptions) => store.fire(DUE, admitNext, options);

export function togetherPromises(open: OpenLedger): void {
  describe('fire with a claim', () => {
    it('starts what it admits: the same run as if it had been claimed afterwards', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'), aJob('b'));
      const { decided, claimed } = await fire(store, { claim: request });
      expect(decided.flatMap(({ rows }) => rows.map((row) => row.state))).toEqual(['queued', 'queued']);
      expect(claimed).toMatchObject([
        { job: { id: 'a' }, run: { runId: `a@${DUE}`, state: 'running', attempt: 1, startedAt: LATER } },
        { job: { id: 'b' }, run: { name: `b_${DUE / 1000}`, bootId: 'boot', queuedAt: DUE } },
      ]);
      for (const { run } of claimed) expect(await runOf(store, run.runId)).toEqual(run);
      expect(await jobNamed(store, 'a')).toMatchObject({ runCount: 1, lastRunAt: LATER, admittedCount: 1 });
      expect((await store.settle([anEnding(claimed[0]!.run, 'succeeded')])).answers).toEqual(['settled']);
    });

    it('starts by priority and slot, also beside what has waited', async () => {
      const { store } = await open();
      await addJobs(
        store,
        aJob('a'),
        aJob('b', {}, { priority: 1 }),
        aJob('c', { nextDue: null, nextSlot: null }),
      );
      await enqueue(store, 'c', aRow('waited', { slot: T0 }));
      const { claimed } = await fire(store, { claim: { ...request, places: 2 } });
      expect(ids(claimed)).toEqual([...named('b'), 'waited']);
      expect((await runOf(store, `a@${DUE}`)).state).toBe('queued');
    });

    it('starts the first by priority where not all have a place', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'), aJob('b', {}, { priority: 1 }));
      expect(ids((await fire(store, { claim: { ...request, places: 1 } })).claimed)).toEqual(named('b'));
      expect((await runOf(store, `a@${DUE}`)).state).toBe('queued');
      expect((await claim(store, { cap: 2 })).map((run) => run.runId)).toEqual(named('a'));
    });

    it('lets wait what a pause holds, what has no place, and all but the first of a line', async () => {
      const { store } = await open();
      await addJobs(store, aJob('held'), aJob('line', {}, { maxInstances: 3 }), aJob('waits'));
      const pause = { source: 'api', who: 'me', why: null, since: T0, until: null } as const;
      await store.pause({ ...pause, jobUid: 'uid-held' });
      await enqueue(store, 'waits', aRow('in the way'));
      await claim(store);
      const { claimed } = await store.fire(
        DUE,
        (due) => {
          if (due.job.id === 'line')
            return aDecision(
              due,
              [1, 2].map((n) => aSlotRow(due, { runId: `line ${n}`, slot: T0 + n, line: 'l' })),
            );
          return aDecision(due, [aSlotRow(due, { holdsPlace: due.job.id !== 'waits' })]);
        },
        { claim: request },
      );
      expect(ids(claimed)).toEqual(['line 1']);
    });

    it('does not start what is taken back with its job', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'), aJob('b'));
      const { claimed, dropped } = await store.fire(
        DUE,
        (due) => {
          const rows = [aSlotRow(due), ...(due.job.id === 'a' ? [aSlotRow(due, { runId: 'again' })] : [])];
          return aDecision(due, rows);
        },
        { claim: request },
      );
      expect(dropped.map((each) => each.uid)).toEqual(['uid-a']);
      expect(ids(claimed)).toEqual(named('b'));
      expect(await store.counts()).toEqual({ queued: 0, running: 1 });
    });

    it('starts what waits although nothing is due', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', { nextDue: null }));
      await enqueue(store, 'a', aRow('waits'));
      expect(ids((await fire(store, { claim: request })).claimed)).toEqual(['waits']);
    });
  });

  describe('fire in batches', () => {
    it('decides the longest due first, says whether there are more, and leaves out what it is told to', async () => {
      const { store } = await open();
      const due = (id: string, at: number) => aJob(id, { nextDue: at });
      await addJobs(store, due('c', DUE - 2), due('a', DUE), due('b', DUE), due('d', DUE - 1));
      const batch = async (options: FireOptions) => {
        const { decided, more } = await fire(store, options);
        return [decided.map(({ job }) => job.id).join(), more];
      };
      expect(await batch({ limit: 1, except: ['uid-c'] })).toEqual(['d', true]);
      expect(await batch({ limit: 2 })).toEqual(['c,a', true]);
      expect(await batch({ limit: 1 })).toEqual(['b', false]);
      expect(await batch({ limit: 1 })).toEqual(['', false]);
    });

    it('starts with each batch what nothing that is due can come before', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'), aJob('b'), aJob('c'));
      const first = await fire(store, { limit: 1, claim: request });
      expect(first).toMatchObject({ more: true, front: { priority: 100, slot: DUE } });
      expect(ids(first.claimed)).toEqual(named('a'));
      const second = await fire(store, { limit: 1, claim: request, front: first.front });
      expect([ids(second.claimed), second.more]).toEqual([named('b'), true]);
      const last = await fire(store, { limit: 1, claim: request, front: first.front });
      expect([ids(last.claimed), last.more]).toEqual([named('c'), false]);
    });

    it.each([
      ['a lower priority', { nextDue: DUE, nextSlot: DUE }, { priority: 1 }],
      ['an earlier slot, due later by its jitter', { nextDue: DUE, nextSlot: DUE - 10 }, {}],
    ])('lets a batch wait for one with %s', async (_what, cursor, policy) => {
      const { store } = await open();
      await addJobs(store, aJob('a', { nextDue: DUE - 1, nextSlot: DUE - 1 }), aJob('b', cursor, policy));
      const plan = (due: DueJob) => aDecision(due, [aSlotRow(due, { slot: due.job.nextSlot! })]);
      const { claimed, front } = await store.fire(DUE, plan, { limit: 1, claim: request });
      expect(claimed).toEqual([]);
      const last = await store.fire(DUE, plan, { limit: 1, claim: request, front });
      expect(last.claimed.map(({ job }) => job.id)).toEqual(['b', 'a']);
    });

    it('ends a batch that has taken long enough, but not before its first job', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'), aJob('b'), aJob('c'));
      let asked = 0;
      const batch = async (isLong: () => boolean) => {
        const { decided, claimed, more } = await fire(store, { claim: request, isLong });
        return [decided.map(({ job }) => job.id).join(), ids(claimed).length, more];
      };
      expect(await batch(() => ++asked === 2)).toEqual(['a,b', 2, true]);
      expect(await batch(() => true)).toEqual(['c', 1, false]);
    });

    it('counts jobs whose pause or whose waiting is over as well', async () => {
      const { store } = await open();
      const off = { nextDue: null, nextSlot: null };
      await addJobs(store, aJob('due'), aJob('gap', off), aJob('waits', off));
      const row = { ...aRow('g', { kind: 'scheduled', state: 'skipped', reason: 'paused', slot: T0 }) };
      const gap = { runId: 'g', reason: 'paused', from: T0, to: T0, count: 1, openedAt: T0 };
      await store.reconcile(T0, { ids: [] }, () => ({
        ...{ insert: [], end: [], changes: [], rows: [{ ...row, jobUid: 'uid-gap' }] },
        update: [{ uid: 'uid-gap', set: { gap } }],
      }));
      await enqueue(store, 'waits', aRow('w', { maxWaitMs: 5 }));
      const seen: string[] = [];
      for (let more = true; more; ) {
        const end = { runId: 'w', state: 'missed', reason: 'queue_timeout', error: null } as const;
        const decide = (due: DueJob) =>
          aDecision(due, [], { nextDue: null, end: due.job.id === 'waits' ? [end] : [] });
        const answer = await store.fire(DUE, decide, { limit: 1 });
        seen.push(...answer.decided.map(({ job }) => job.id));
        more = answer.more;
      }
      expect(seen).toEqual(['due', 'gap', 'waits']);
    });
  });

  describe('settle with a claim', () => {
    it('starts what the ends have made room for', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'), aJob('b'));
      await enqueue(store, 'a', aRow('a1'));
      await enqueue(store, 'a', aRow('a2', { holdsPlace: false }));
      await enqueue(store, 'b', aRow('b1'));
      const [first] = await claim(store, { cap: 1 });
      const settled = await store.settle([anEnding(first!, 'succeeded')], { ...request, cap: 2 });
      expect(settled.answers).toEqual(['settled']);
      expect(ids(settled.claimed)).toEqual(['a2', 'b1']);
      expect(settled.claimed[0]!.run).toEqual(await runOf(store, 'a2'));
    });

    it('shows the job as the ends have left it', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 2 }));
      for (const id of ['a1', 'a2']) await enqueue(store, 'a', aRow(id));
      const [first] = await claim(store, { cap: 1 });
      const ending = anEnding(first!, 'succeeded', { handlerState: { offset: 7 } });
      const { claimed } = await store.settle([ending], request);
      expect(claimed).toMatchObject([{ run: { runId: 'a2' }, job: { handlerState: { offset: 7 } } }]);
    });
  });
}
