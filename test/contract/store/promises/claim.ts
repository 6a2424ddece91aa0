// Contract: who may start now, in which order, under which lease.

import { describe, expect, it } from 'vitest';
import type { RunKind } from '#core/run';
import {
  addJobs,
  admitNext,
  aJob,
  aRemoval,
  aRow,
  beginBoot,
  claim,
  effect,
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
const globalPause = { jobUid: null, source: 'api', who: 'me', why: null, since: T0, until: null } as const;

export function claimPromises(open: OpenLedger): void {
  describe('claim', () => {
    it('makes a queued run running, under a lease of its own and by its name', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 2 }));
      await enqueue(store, 'a', aRow('r1'));
      await enqueue(store, 'a', aRow('r2'));
      const claimed = await claim(store, { at: DUE + 999, bootId: 'boot-1' });
      const expected = {
        state: 'running',
        bootId: 'boot-1',
        attempt: 1,
        startedAt: DUE + 999,
        name: `a_${DUE / 1000}`,
        holdsPlace: true,
      };
      expect(claimed).toMatchObject([expected, expected]);
      expect(claimed).toEqual([await runOf(store, 'r1'), await runOf(store, 'r2')]);
      expect(new Set(claimed.map((run) => run.leaseToken)).size).toBe(2);
      expect(await claim(store)).toEqual([]);
    });

    it('starts by priority, then slot (or the time of queueing), then age', async () => {
      const { store, clock } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 9 }));
      clock.set(T0 + 50);
      await enqueue(store, 'a', aRow('by-hand-50'));
      await enqueue(store, 'a', aRow('by-hand-50-second'));
      await enqueue(store, 'a', aRow('slot-90', { slot: T0 + 90 }));
      await enqueue(store, 'a', aRow('slot-10', { slot: T0 + 10 }));
      await enqueue(store, 'a', aRow('urgent', { slot: T0 + 99 }, { priority: 1 }));
      await enqueue(store, 'a', aRow('last', { slot: T0 + 1 }, { priority: 101 }));
      const order = ['urgent', 'slot-10', 'by-hand-50', 'by-hand-50-second', 'slot-90', 'last'];
      expect(ids(await claim(store, { places: 2 }))).toEqual(order.slice(0, 2));
      expect(ids(await claim(store))).toEqual(order.slice(2));
    });

    it('takes no more than the places of the caller and the cap of all', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 9 }));
      for (let n = 0; n < 6; n++) await enqueue(store, 'a', aRow(`r${n}`));
      expect(await claim(store, { places: 0 })).toEqual([]);
      expect(await claim(store, { places: -1 })).toEqual([]);
      expect(await claim(store, { places: 1, cap: 3 })).toHaveLength(1);
      const [stopping] = await claim(store, { places: 1, cap: 3 });
      await store.markStopping(stopping!.runId, stopping!.leaseToken!);
      expect(await claim(store, { places: 5, cap: 3, bootId: 'another' })).toHaveLength(1);
      expect(await claim(store, { places: 5, cap: 3 })).toEqual([]);
      expect(await claim(store, { places: 5, cap: 2 })).toEqual([]);
    });

    it('takes the one run it is told to and no other', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 9 }));
      for (const id of ['r1', 'r2', 'r3']) await enqueue(store, 'a', aRow(id));
      expect(await claim(store, { only: 'none' })).toEqual([]);
      expect(ids(await claim(store, { only: 'r3', places: 1 }))).toEqual(['r3']);
      expect(await claim(store, { only: 'r3' })).toEqual([]);
    });

    const kinds: [RunKind, boolean][] = [
      ['manual', true],
      ['adhoc', true],
      ['backfill', true],
      ['scheduled', false],
      ['catchup', false],
      ['startup', false],
      ['watch', false],
    ];
    const holders: [string, (store: Awaited<ReturnType<OpenLedger>>['store']) => Promise<unknown>][] = [
      ['a global pause', (store) => store.pause(globalPause)],
      ['a pause of its job', (store) => store.pause({ ...globalPause, jobUid: 'uid-a' })],
      ['an observed pause', (store) => store.observe(T0, [{ source: 'env_file', who: '.env' }])],
      [
        'a disabled job',
        (store) => effect(store, { update: [{ uid: 'uid-a', set: { state: 'disabled' } }] }),
      ],
      [
        'an orphaned job',
        (store) => effect(store, { update: [{ uid: 'uid-a', set: { state: 'orphaned' } }] }),
      ],
    ];
    for (const [holder, hold] of holders)
      it(`starts only what was asked for by hand in ${holder}`, async () => {
        const { store } = await open();
        await addJobs(store, aJob('a', {}, { maxInstances: 9 }));
        for (const [kind] of kinds) await enqueue(store, 'a', aRow(kind, { kind }));
        await hold(store);
        expect(ids(await claim(store)).toSorted()).toEqual(['adhoc', 'backfill', 'manual']);
      });

    it('starts nothing of a removed job, nor by hand', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 9 }));
      for (const [kind] of kinds) await enqueue(store, 'a', aRow(kind, { kind }));
      await effect(store, { remove: [aRemoval('uid-a')] });
      expect(await claim(store)).toEqual([]);
    });

    it('starts the runs of completed jobs, and of jobs beside a paused one', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'), aJob('b', { state: 'completed' }), aJob('c'));
      for (const id of ['a', 'b', 'c']) await enqueue(store, id, aRow(`of-${id}`, { kind: 'scheduled' }));
      await store.pause({ ...globalPause, jobUid: 'uid-c' });
      expect(ids(await claim(store))).toEqual(['of-a', 'of-b']);
    });

    it('sees a timed pause end at its time', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await enqueue(store, 'a', aRow('r', { kind: 'scheduled' }));
      await store.pause({ ...globalPause, until: DUE });
      expect(await claim(store, { at: DUE - 1 })).toEqual([]);
      expect(ids(await claim(store, { at: DUE }))).toEqual(['r']);
    });

    it('waits for the time of a retry, and for a free place of its job', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await enqueue(store, 'a', aRow('retries'));
      const [first] = await claim(store);
      await settle(store, first!, 'failed', { verdict: { kind: 'retry', notBefore: DUE + 50 } });
      expect(await claim(store, { at: DUE + 49 })).toEqual([]);
      await enqueue(store, 'a', aRow('in-the-way'));
      const [other] = await claim(store, { at: DUE + 60 });
      expect(other?.runId).toBe('in-the-way');
      expect(await claim(store, { at: DUE + 61 })).toEqual([]);
      await settle(store, other!, 'succeeded');
      const [again] = await claim(store, { at: DUE + 62 });
      expect(again).toMatchObject({
        runId: 'retries',
        attempt: 2,
        startedAt: DUE + 62,
        notBefore: null,
        holdsPlace: true,
        name: first!.name,
      });
    });

    it('lets as many waiting retries start as their job has places free, first those first in order', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 3 }), aJob('b'));
      for (const id of ['r1', 'r2', 'r3']) await enqueue(store, 'a', aRow(id));
      await enqueue(store, 'b', aRow('of-b'));
      for (const run of await claim(store))
        await settle(store, run, 'failed', { verdict: { kind: 'retry', notBefore: DUE } });
      await enqueue(store, 'a', aRow('holds'));
      expect(ids(await claim(store, { at: DUE + MINUTE })).toSorted()).toEqual(['holds', 'of-b', 'r1', 'r2']);
    });

    it('does not let a retry that a pause holds back stand in the way of one started by hand', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 2 }));
      await enqueue(store, 'a', aRow('by schedule', { kind: 'scheduled', slot: T0 }));
      await enqueue(store, 'a', aRow('by hand'));
      for (const run of await claim(store))
        await settle(store, run, 'failed', { verdict: { kind: 'retry', notBefore: DUE } });
      const policy = { ...(await jobNamed(store, 'a')).policy, maxInstances: 1 };
      await effect(store, { update: [{ uid: 'uid-a', set: { policy } }] });
      await store.pause(globalPause);
      expect(ids(await claim(store, { at: DUE + MINUTE }))).toEqual(['by hand']);
      await store.resume({ jobUid: null, sources: ['api'], at: DUE + MINUTE, by: 'me' });
      expect(await claim(store, { at: DUE + MINUTE })).toEqual([]);
    });

    it('sees the number of places that the job has now, not the one of the snapshot', async () => {
      const { store } = await open();
      const job = aJob('a', {}, { maxInstances: 2 });
      await addJobs(store, job);
      for (const id of ['r1', 'r2']) await enqueue(store, 'a', aRow(id));
      for (const run of await claim(store))
        await settle(store, run, 'failed', { verdict: { kind: 'retry', notBefore: DUE } });
      await effect(store, {
        update: [{ uid: 'uid-a', set: { policy: { ...job.policy, maxInstances: 1 } } }],
      });
      expect(ids(await claim(store, { at: DUE + MINUTE }))).toEqual(['r1']);
    });

    it('counts a run at its first start only, and the time of every start', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await store.fire(DUE, admitNext);
      let at = DUE;
      for (const outcome of ['given_back', 'failed', 'failed'] as const) {
        const [run] = await claim(store, { at });
        const verdict =
          outcome === 'failed'
            ? ({ kind: 'retry', notBefore: at } as const)
            : ({ kind: 'given_back' } as const);
        await settle(store, run!, outcome, { verdict });
        expect(await jobNamed(store, 'a')).toMatchObject({ runCount: 1, lastRunAt: at });
        at += MINUTE;
      }
    });

    it('gives a run to one of two claimers', async () => {
      const { store, another } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 9 }));
      await beginBoot(store, 'boot');
      for (let n = 0; n < 4; n++) await enqueue(store, 'a', aRow(`r${n}`));
      const [one, two] = await Promise.all([claim(store, { places: 3 }), claim(another, { places: 3 })]);
      expect(ids([...one, ...two]).toSorted()).toEqual(['r0', 'r1', 'r2', 'r3']);
    });
  });
}
