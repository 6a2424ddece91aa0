// Contract: slots taken out of the rows that missed them: by a backfill (rule 18) and at a resume (rule 6).

import { describe, expect, it } from 'vitest';
import type { DueJob, FireDecision, NewRun, Store } from '#store/store';
import {
  aDecision,
  addJobs,
  aJob,
  aRow,
  aSlotRow,
  claim,
  effect,
  enqueue,
  jobNamed,
  MINUTE,
  runOf,
  T0,
} from '../../../support/ledger.ts';
import type { OpenLedger } from '../suite.ts';

const minute = (n: number) => T0 + n * MINUTE;
const LATER = minute(100);

function range(runId: string, from: number, to: number, over: Partial<NewRun> = {}): NewRun {
  const covers = from === to ? null : { from: minute(from), to: minute(to), count: to - from + 1 };
  const missed = {
    kind: 'scheduled',
    state: 'missed',
    reason: 'downtime',
    slot: minute(to),
    covers,
  } as const;
  return aRow(runId, { ...missed, ...over });
}

function fill(n: number, over: Partial<NewRun> = {}): NewRun {
  return aRow(`fill${n}`, { kind: 'backfill', slot: minute(n), line: 'line', ...over });
}

/** Rows: 1 single, 3 to 6 a range, 8 a run, 9 to 12 a range. */
async function missed(open: OpenLedger): Promise<Store> {
  const { store, clock } = await open();
  await addJobs(store, aJob('a'));
  const rows = [
    range('one', 1, 1),
    range('span', 3, 6, { lateByMs: 77, by: 'settings' }),
    range('ran', 8, 8, { state: 'queued', reason: null }),
    range('open', 9, 12, { state: 'skipped', reason: 'paused' }),
  ];
  await effect(store, { rows: rows.map((row) => ({ ...row, jobUid: 'uid-a' })) }, minute(50));
  clock.set(LATER);
  return store;
}

const all = { from: minute(0), to: minute(99) };

export function backfillPromises(open: OpenLedger): void {
  describe('backfill', () => {
    it('shows the rows that touch the range, with the job and what is live', async () => {
      const store = await missed(open);
      const seen = async (from: number, to: number) => {
        let ids: string[] = [];
        await store.backfill('a', { from: minute(from), to: minute(to) }, (view) => {
          ids = view.rows.map((row) => row.runId);
          expect(view.live.map((run) => run.runId)).toEqual(['ran']);
          return { kind: 'refuse', because: 'only looking', inTheWay: null };
        });
        return ids;
      };
      expect(await seen(0, 99)).toEqual(['one', 'span', 'open']);
      expect(await seen(4, 5)).toEqual(['span']);
      expect(await seen(6, 9)).toEqual(['span', 'open']);
      expect(await seen(7, 8)).toEqual([]);
    });

    it('takes slots out of their row; what stays keeps its history', async () => {
      const store = await missed(open);
      const old = await runOf(store, 'span');
      const answer = await store.backfill('a', all, () => ({
        kind: 'enqueue',
        rows: [fill(4), fill(5)],
        replace: [{ runId: 'span', with: [range('left', 3, 3), range('right', 6, 6)] }],
      }));
      expect(answer).toMatchObject({ kind: 'queued', runs: [{ runId: 'fill4' }, { runId: 'fill5' }] });
      expect(await store.run('span')).toBeNull();
      const { queuedAt, endedAt, lateByMs, by, state, reason } = old;
      for (const id of ['left', 'right'])
        expect(await runOf(store, id)).toMatchObject({ queuedAt, endedAt, lateByMs, by, state, reason });
      expect(await runOf(store, 'fill4')).toMatchObject({
        state: 'queued',
        kind: 'backfill',
        queuedAt: LATER,
        holdsPlace: true,
      });
      expect(await runOf(store, 'fill5')).toMatchObject({ holdsPlace: false });
      expect((await claim(store, { at: LATER })).map((run) => run.runId)).toEqual(['fill4', 'ran']);
    });

    it('closes the gap whose row it takes apart', async () => {
      const store = await missed(open);
      const gap = {
        runId: 'open',
        reason: 'paused',
        from: minute(9),
        to: minute(12),
        count: 4,
        openedAt: T0,
      };
      await effect(store, { update: [{ uid: 'uid-a', set: { gap } }] });
      const replace = (runId: string, pieces: NewRun[], n: number) =>
        store.backfill('a', all, () => ({
          kind: 'enqueue',
          rows: [fill(n)],
          replace: [{ runId, with: pieces }],
        }));
      await replace('one', [], 1);
      expect((await jobNamed(store, 'a')).gap).toEqual(gap);
      await replace('open', [range('rest', 9, 11)], 12);
      expect((await jobNamed(store, 'a')).gap).toBeNull();
    });

    it('writes nothing when it is refused, or a slot has another row, or a row is not of the view', async () => {
      const store = await missed(open);
      const before = await store.runs({ limit: 99 });
      const refuse = { kind: 'refuse', because: 'overlap', inTheWay: 'ran' } as const;
      expect(await store.backfill('a', all, () => refuse)).toEqual(refuse);
      const enqueued = (rows: NewRun[], runId: string) =>
        store.backfill('a', all, () => ({ kind: 'enqueue', rows, replace: [{ runId, with: [] }] }));
      await expect(enqueued([fill(1), fill(8)], 'one')).rejects.toMatchObject({ code: 'CONFLICT' });
      await expect(enqueued([fill(8)], 'ran')).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(await store.runs({ limit: 99 })).toEqual(before);
      expect(await store.backfill('none', all, () => expect.unreachable())).toEqual({ kind: 'no_job' });
    });
  });

  describe('resume', () => {
    const pause = { jobUid: null, source: 'api', who: 'me', why: null, since: T0 + 1, until: null } as const;
    const target = { jobUid: null, sources: ['api'], at: minute(3), by: 'me' } as const;
    const gap = { runId: 'gap', reason: 'paused', from: minute(1), to: minute(3), count: 3, openedAt: T0 };

    /** `a` has the gap of a pause open, `b` is due, `c` is neither. */
    async function paused(open: OpenLedger): Promise<Store> {
      const { store } = await open();
      const next = { cursor: minute(3), nextSlot: minute(4), nextDue: minute(4) };
      await addJobs(store, aJob('a', next), aJob('b'), aJob('c', next));
      const row = range('gap', 1, 3, { state: 'skipped', reason: 'paused' });
      await effect(store, {
        rows: [{ ...row, jobUid: 'uid-a' }],
        update: [{ uid: 'uid-a', set: { gap } }],
      });
      await store.pause(pause);
      return store;
    }

    /** `--catch-up latest`: the newest slot of the gap row runs. */
    function latest(due: DueJob): FireDecision {
      if (due.job.gap === null) return aDecision(due, [aSlotRow(due)]);
      const { cursor, nextSlot, nextDue } = due.job;
      const row = aSlotRow(due, { runId: 'caught up', slot: minute(3), kind: 'catchup' });
      const extended = { ...due.job.gap, to: minute(2), count: 2 };
      return aDecision(due, [row], { extended, cursor, nextSlot, nextDue });
    }

    it('decides what it sets free, in the same transaction', async () => {
      const store = await paused(open);
      const { ended, decided } = await store.resume(target, latest);
      expect(ended).toMatchObject([{ source: 'api', endedAt: minute(3) }]);
      expect(decided.map(({ job, rows }) => [job.id, rows.map((row) => row.runId)])).toEqual([
        ['b', [`b@${minute(1)}`]],
        ['a', ['caught up']],
      ]);
      expect(await runOf(store, 'gap')).toMatchObject({
        slot: minute(2),
        covers: { from: minute(1), to: minute(2), count: 2 },
      });
      expect(await runOf(store, 'caught up')).toMatchObject({ state: 'queued', slot: minute(3) });
      expect((await jobNamed(store, 'a')).gap).toBeNull();
    });

    it('decides nothing for what another pause holds, and nothing where it ends none', async () => {
      const store = await paused(open);
      await store.pause({ ...pause, jobUid: 'uid-a' });
      await store.pause({ ...pause, source: 'tool' });
      expect((await store.resume(target, latest)).decided).toEqual([]);
      const tool = { ...target, sources: ['tool'] } as const;
      expect((await store.resume(tool, latest)).decided.map(({ job }) => job.id)).toEqual(['b']);
      expect(await store.resume(tool, () => expect.unreachable())).toEqual({ ended: [], decided: [] });
    });

    it('of one job decides for that one only', async () => {
      const store = await paused(open);
      await store.resume(target);
      await store.pause({ ...pause, jobUid: 'uid-a' });
      const { decided } = await store.resume({ ...target, jobUid: 'uid-a' }, latest);
      expect(decided.map(({ job }) => job.id)).toEqual(['a']);
      expect((await jobNamed(store, 'b')).cursor).toBe(T0);
    });

    it('stands when a job cannot be decided: the next pass does it', async () => {
      const store = await paused(open);
      await enqueue(store, 'b', aRow(`b@${minute(1)}`));
      const { ended, decided } = await store.resume(target, latest);
      expect(ended).toHaveLength(1);
      expect(decided.map(({ job }) => job.id)).toEqual(['a']);
      expect((await jobNamed(store, 'b')).cursor).toBe(T0);
    });
  });
}
