// Contract: lists, the row of an instant, the next wake, and whether another process wrote.

import { describe, expect, it } from 'vitest';
import type { Store } from '#store/store';
import {
  addJobs,
  admitNext,
  aJob,
  aRow,
  claim,
  effect,
  enqueue,
  MINUTE,
  runOf,
  settle,
  T0,
} from '../../../support/ledger.ts';
import type { OpenLedger } from '../suite.ts';

const DUE = T0 + MINUTE;
const ids = (runs: readonly { runId: string }[]) => runs.map((run) => run.runId);

async function missed(store: Store, runId: string, slot: number, from: number | null = null): Promise<void> {
  const covers = from === null ? null : { from: T0 + from, to: T0 + slot, count: 3 };
  const row = aRow(runId, {
    kind: 'scheduled',
    state: 'missed',
    reason: 'downtime',
    slot: T0 + slot,
    covers,
  });
  await effect(store, { rows: [{ ...row, jobUid: 'uid-a' }] });
}

export function queryPromises(open: OpenLedger): void {
  it('names the runs that it has no row of', async () => {
    const { store } = await open();
    await addJobs(store, aJob('a'));
    await enqueue(store, 'a', aRow('there'));
    expect(await store.absentRuns(['gone', 'there', 'never'])).toEqual(['gone', 'never']);
    expect(await store.absentRuns([])).toEqual([]);
  });

  describe('a tally', () => {
    it('counts what started since each instant, a stretch of rows at a time', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 9 }));
      for (const [n, outcome] of (['succeeded', 'failed', 'timed_out', 'cancelled'] as const).entries()) {
        await enqueue(store, 'a', aRow(`a${n}`));
        const [taken] = await claim(store, { at: T0 + n * MINUTE, places: 1 });
        await settle(store, taken!, outcome);
      }
      await enqueue(store, 'a', aRow('skip', { state: 'skipped', reason: 'overlap' }));
      await enqueue(store, 'a', aRow('waits'));
      const since = [0, T0 + MINUTE, T0 + 9 * MINUTE];
      expect(await store.tally({ since, behind: 0, limit: 99 })).toEqual({
        tallies: [
          { started: 4, succeeded: 1, failed: 2, durationMs: 3 * 999.5 },
          { started: 3, succeeded: 0, failed: 2, durationMs: 2 * 999.5 },
          { started: 0, succeeded: 0, failed: 0, durationMs: 0 },
        ],
        next: null,
      });
      const first = await store.tally({ since: [0], behind: 0, limit: 3 });
      expect(first.tallies).toMatchObject([{ started: 3 }]);
      const second = await store.tally({ since: [0], behind: first.next!, limit: 4 });
      expect(second).toMatchObject({ tallies: [{ started: 1 }], next: null });
    });
  });

  describe('runs', () => {
    it('answers the newest first, by job, by state, up to a limit', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 9 }), aJob('b'));
      for (const id of ['a1', 'a2', 'a3']) await enqueue(store, 'a', aRow(id));
      await enqueue(store, 'b', aRow('b1', { state: 'skipped', reason: 'overlap' }));
      await enqueue(store, 'a', aRow('a4', { state: 'skipped', reason: 'overlap' }));
      await claim(store, { places: 1 });
      const asked = async (query: Omit<Parameters<Store['runs']>[0], 'limit'>, limit = 9) =>
        ids(await store.runs({ ...query, limit }));
      expect(await asked({})).toEqual(['a4', 'b1', 'a3', 'a2', 'a1']);
      expect(await asked({}, 2)).toEqual(['a4', 'b1']);
      expect(await asked({ jobUid: 'uid-a' }, 3)).toEqual(['a4', 'a3', 'a2']);
      expect(await asked({ jobId: 'b' })).toEqual(['b1']);
      expect(await asked({ states: ['skipped'] })).toEqual(['a4', 'b1']);
      expect(await asked({ states: ['skipped', 'running'] }, 2)).toEqual(['a4', 'b1']);
      expect(await asked({ states: ['queued', 'running'] })).toEqual(['a3', 'a2', 'a1']);
      expect(await asked({ jobId: 'a', states: ['running'] })).toEqual(['a1']);
      expect(await asked({ states: [] })).toEqual([]);
      expect(await asked({ after: 'b1' }, 2)).toEqual(['a3', 'a2']);
      expect(await asked({ after: 'a3', jobUid: 'uid-a' })).toEqual(['a2', 'a1']);
      expect(await asked({ after: 'a4', states: ['skipped'] })).toEqual(['b1']);
      expect(await asked({ after: 'a3', states: ['queued', 'running'] })).toEqual(['a2', 'a1']);
      expect(await asked({ after: 'none' })).toEqual([]);
      expect(await store.run('none')).toBeNull();
    });

    it('counts what is queued and what runs, stopping runs too', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 9 }));
      for (const id of ['r1', 'r2', 'r3', 'r4']) await enqueue(store, 'a', aRow(id));
      const [one, two] = await claim(store, { places: 2 });
      await store.markStopping(one!.runId, one!.leaseToken!);
      expect(await store.counts()).toEqual({ queued: 2, running: 2 });
      await settle(store, two!, 'succeeded');
      expect(await store.counts()).toEqual({ queued: 2, running: 1 });
    });
  });

  describe('around', () => {
    it('answers the row of the slot, the ranges over it, and the nearest rows beside', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'), aJob('b'));
      await missed(store, 'early', 10);
      await missed(store, 'range', 60, 40);
      await missed(store, 'within', 50);
      await missed(store, 'late', 90);
      await enqueue(store, 'a', aRow('by hand'));
      await effect(store, { rows: [{ ...aRow('of b', { slot: T0 + 50 }), jobUid: 'uid-b' }] });
      const around = async (at: number) => {
        const { covering, before, after } = await store.around('uid-a', T0 + at);
        return [ids(covering), before?.runId ?? null, after?.runId ?? null];
      };
      expect(await around(5)).toEqual([[], null, 'early']);
      expect(await around(10)).toEqual([['early'], null, 'within']);
      expect(await around(39)).toEqual([[], 'early', 'within']);
      expect(await around(40)).toEqual([['range'], 'early', 'within']);
      expect(await around(50)).toEqual([['within', 'range'], 'early', 'late']);
      expect(await around(60)).toEqual([['range'], 'within', 'late']);
      expect(await around(95)).toEqual([[], 'late', null]);
      expect((await store.around('uid-a', T0 + 50)).covering).toEqual([
        await runOf(store, 'within'),
        await runOf(store, 'range'),
      ]);
    });
  });

  describe('nextWake', () => {
    it('knows nothing in an empty ledger', async () => {
      const { store } = await open();
      expect(await store.nextWake(T0)).toEqual({ slot: null, retry: null, pauseEnd: null, expiry: null });
    });

    it('names the earliest slot of an active job, also one that is already due', async () => {
      const { store } = await open();
      const off = aJob('off', { nextDue: T0 + 1, state: 'disabled' });
      await addJobs(
        store,
        aJob('a', { nextDue: DUE + 9 }),
        aJob('b', { nextDue: DUE }),
        aJob('c', { nextDue: null }),
        off,
      );
      expect((await store.nextWake(T0)).slot).toBe(DUE);
      expect((await store.nextWake(DUE + MINUTE)).slot).toBe(DUE);
    });

    it('names the earliest retry and end of a pause that are still to come', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 2 }));
      for (const id of ['r1', 'r2']) await enqueue(store, 'a', aRow(id));
      let notBefore = DUE;
      for (const run of await claim(store))
        await settle(store, run, 'failed', { verdict: { kind: 'retry', notBefore: ++notBefore } });
      const pause = { jobUid: null, source: 'api', who: 'me', why: null, since: T0, until: DUE + 7 } as const;
      await store.pause(pause);
      await store.pause({ ...pause, jobUid: 'uid-a', until: null });
      expect(await store.nextWake(DUE)).toMatchObject({ retry: DUE + 1, pauseEnd: DUE + 7, expiry: null });
      expect(await store.nextWake(DUE + 1)).toMatchObject({
        retry: DUE + 2,
        pauseEnd: DUE + 7,
        expiry: null,
      });
      expect(await store.nextWake(DUE + 7)).toMatchObject({ retry: null, pauseEnd: null, expiry: null });
    });
  });

  describe('changedElsewhere', () => {
    it('is true once after another process wrote, and not for own writes or for reading', async () => {
      const { store, another } = await open();
      await addJobs(store, aJob('a'));
      expect(await store.changedElsewhere()).toBe(false);
      await another.jobs();
      await another.observe(T0, []);
      await another.fire(T0, admitNext);
      expect(await store.changedElsewhere()).toBe(false);
      await another.requestCancel((await enqueue(another, 'a', aRow('r'))).runId, T0, 'cli');
      expect(await store.changedElsewhere()).toBe(true);
      expect(await store.changedElsewhere()).toBe(false);
      expect(await another.changedElsewhere()).toBe(true);
      expect((await runOf(store, 'r')).state).toBe('cancelled');
    });
  });
}
