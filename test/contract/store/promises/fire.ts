// Contract: the transaction that decides slots, and the one that admits a run by hand.

import { describe, expect, it } from 'vitest';
import {
  aDecision,
  addJobs,
  admitNext,
  aJob,
  aRow,
  aSlotRow,
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

export function firePromises(open: OpenLedger): void {
  describe('fire', () => {
    it('asks for jobs that are due, in the order (due, id), and for no other', async () => {
      const { store } = await open();
      const off = aJob('off', { state: 'disabled', enabled: false });
      await addJobs(
        store,
        aJob('b'),
        aJob('a'),
        aJob('first', { nextDue: DUE - 5 }),
        aJob('later', { nextDue: DUE + 1 }),
        aJob('never', { nextDue: null }),
        off,
      );
      const asked: string[] = [];
      const result = await store.fire(DUE, (due) => {
        asked.push(due.job.id);
        return admitNext(due);
      });
      expect(asked).toEqual(['first', 'a', 'b']);
      expect(result.dropped).toEqual([]);
    });

    it('writes rows, cursor and counters, and answers them as they are read back', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { priority: 7 }));
      const { decided } = await store.fire(DUE + 40, (due) =>
        aDecision(due, [aSlotRow(due, { lateByMs: 40, input: { n: 1 } })]),
      );
      const stored = await runOf(store, `a@${DUE}`);
      expect(decided).toEqual([{ job: await jobNamed(store, 'a'), rows: [stored] }]);
      expect(stored).toEqual({
        runId: `a@${DUE}`,
        name: null,
        jobUid: 'uid-a',
        jobId: 'a',
        jobName: 'Job a',
        kind: 'scheduled',
        state: 'queued',
        reason: null,
        slot: DUE,
        dueAt: DUE,
        notBefore: null,
        covers: null,
        attempt: 0,
        attempts: [],
        queuedAt: DUE + 40,
        startedAt: null,
        endedAt: null,
        durationMs: null,
        lateByMs: 40,
        input: { n: 1 },
        configHash: 'hash-1',
        codeHash: null,
        snapshot: { handler: 'noop', policy: decided[0]!.job.policy, dryRun: false },
        success: null,
        statistics: null,
        error: null,
        by: null,
        bootId: null,
        leaseToken: null,
        holdsPlace: true,
        line: null,
        group: null,
        maxWaitMs: null,
        expiresAt: null,
        key: null,
        priority: 7,
        cancelRequested: false,
        cancelledBy: null,
        warnings: [],
      });
      expect(decided[0]!.job).toMatchObject({
        cursor: DUE,
        nextSlot: DUE + MINUTE,
        nextDue: DUE + MINUTE,
        admittedCount: 1,
      });
    });

    it('does not ask for a slot again that has been decided', async () => {
      const { store, another } = await open();
      await addJobs(store, aJob('a'));
      expect((await store.fire(DUE, admitNext)).decided).toHaveLength(1);
      expect((await another.fire(DUE, admitNext)).decided).toEqual([]);
    });

    it('shows the live runs, oldest first, and the pauses since the cursor', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 5 }), aJob('b'));
      await enqueue(store, 'a', aRow('r1'));
      await enqueue(store, 'a', aRow('r2'));
      await enqueue(store, 'b', aRow('of-b'));
      const pause = { jobUid: null, source: 'api', who: 'me', why: null, until: null } as const;
      const sources = ['api', 'tool'] as const;
      await store.pause({ ...pause, since: T0 - 20 });
      await store.resume({ jobUid: null, sources, at: T0, by: 'me' });
      await store.pause({ ...pause, since: T0 + 1 });
      await store.resume({ jobUid: null, sources, at: T0 + 2, by: 'me' });
      await store.pause({ ...pause, since: T0 + 5, source: 'tool' });
      await store.pause({ ...pause, since: T0 + 3, jobUid: 'uid-a' });
      await store.pause({ ...pause, since: T0 + 4, jobUid: 'uid-b' });
      const seen = new Map<string, unknown>();
      await store.fire(DUE, (due) => {
        seen.set(due.job.id, [due.live.map((run) => run.runId), due.pauses.map((each) => each.since - T0)]);
        return admitNext(due);
      });
      expect(seen.get('a')).toEqual([
        ['r1', 'r2'],
        [1, 3, 5],
      ]);
      expect(seen.get('b')).toEqual([['of-b'], [1, 4, 5]]);
    });

    it('drops the job whose plan throws, and that job only', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'), aJob('bad'), aJob('c'));
      const fault = new Error('no');
      const { decided, dropped } = await store.fire(DUE, (due) => {
        if (due.job.id === 'bad') throw fault;
        return admitNext(due);
      });
      expect(decided.map((each) => each.job.id)).toEqual(['a', 'c']);
      expect(dropped).toEqual([{ uid: 'uid-bad', jobId: 'bad', error: fault }]);
      expect(await jobNamed(store, 'bad')).toMatchObject({ cursor: T0, nextDue: DUE });
    });

    it('drops the job whose second row collides, with its first row and its cursor', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'), aJob('b'));
      await effect(store, {
        rows: [
          {
            ...aRow('taken', { kind: 'scheduled', state: 'missed', reason: 'downtime', slot: DUE }),
            jobUid: 'uid-a',
          },
        ],
      });
      const { decided, dropped } = await store.fire(DUE, (due) =>
        aDecision(due, [aSlotRow(due, { runId: `${due.job.id}-new`, slot: DUE - 1 }), aSlotRow(due)]),
      );
      expect(decided.map((each) => each.job.id)).toEqual(['b']);
      expect(dropped.map((each) => each.jobId)).toEqual(['a']);
      expect(await store.run('a-new')).toBeNull();
      expect(await jobNamed(store, 'a')).toMatchObject({ cursor: T0, admittedCount: 0 });
    });

    it('refuses rows that are not whole: an instant that is no integer, a range that does not end at its slot', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'), aJob('b'), aJob('c'));
      const { dropped } = await store.fire(DUE, (due) => {
        if (due.job.id === 'a') return aDecision(due, [aSlotRow(due, { slot: DUE + 0.5 })]);
        if (due.job.id === 'b')
          return aDecision(due, [aSlotRow(due, { covers: { from: T0, to: DUE - 1, count: 2 } })]);
        return admitNext(due);
      });
      expect(dropped.map((each) => each.jobId)).toEqual(['a', 'b']);
    });

    it('lets queued runs leave before the rows come, giving back an admission that never started', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await store.fire(DUE, admitNext);
      const first = `a@${DUE}`;
      await store.fire(DUE + MINUTE, (due) =>
        aDecision(due, [aSlotRow(due)], {
          end: [{ runId: first, state: 'missed', reason: 'queue_timeout', error: null }],
        }),
      );
      expect(await runOf(store, first)).toMatchObject({
        state: 'missed',
        reason: 'queue_timeout',
        holdsPlace: false,
        endedAt: DUE + MINUTE,
      });
      expect((await jobNamed(store, 'a')).admittedCount).toBe(1);
    });

    it('notes in the audit that a job is completed', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await store.fire(DUE, (due) =>
        aDecision(due, [aSlotRow(due)], { state: 'completed', nextSlot: null, nextDue: null }),
      );
      expect(await jobNamed(store, 'a')).toMatchObject({ state: 'completed', nextDue: null });
      expect(await store.changes({ jobUid: 'uid-a', limit: 5 })).toEqual([
        { jobUid: 'uid-a', at: DUE, what: 'state', before: 'active', after: 'completed', by: 'schedule' },
      ]);
    });
  });

  describe('enqueue', () => {
    it('queues a run now, also of a job that is off, and shows decide what is in the way', async () => {
      const { store, clock } = await open();
      await addJobs(store, aJob('a', { state: 'disabled', enabled: false }));
      await enqueue(store, 'a', aRow('r1'));
      clock.set(T0 + 77);
      let seen: unknown;
      const answer = await store.enqueue('a', (due) => {
        seen = [due.job.state, due.live.map((run) => run.runId)];
        return { kind: 'enqueue', row: aRow('r2', { input: { x: 1 } }) };
      });
      expect(seen).toEqual(['disabled', ['r1']]);
      expect(answer).toEqual({ kind: 'queued', run: await runOf(store, 'r2') });
      expect(await runOf(store, 'r2')).toMatchObject({
        queuedAt: T0 + 77,
        state: 'queued',
        holdsPlace: true,
        slot: null,
      });
    });

    it('never moves cursor or admissions', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      const before = await jobNamed(store, 'a');
      await enqueue(store, 'a', aRow('r'));
      expect(await jobNamed(store, 'a')).toEqual(before);
    });

    it('writes nothing on refusal, and knows no job by another id', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      const refusal = { kind: 'refuse', because: 'overlap', inTheWay: 'r' } as const;
      expect(await store.enqueue('a', () => refusal)).toEqual(refusal);
      expect(await store.enqueue('b', () => expect.unreachable())).toEqual({ kind: 'no_job' });
      expect(await store.runs({ limit: 5 })).toEqual([]);
    });

    it('answers CONFLICT for a slot that has its row', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await enqueue(store, 'a', aRow('r1', { kind: 'backfill', slot: T0 }));
      const again = enqueue(store, 'a', aRow('r2', { kind: 'backfill', slot: T0 }));
      await expect(again).rejects.toMatchObject({ code: 'CONFLICT' });
    });

    it('does not count a run given back twice when it is settled later', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await store.fire(DUE, admitNext);
      const [run] = await claim(store);
      await settle(store, run!, 'given_back');
      await store.requestCancel(run!.runId, DUE, 'me');
      expect((await jobNamed(store, 'a')).admittedCount).toBe(1);
    });
  });
}
