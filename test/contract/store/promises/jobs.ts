// Contract: boots, jobs, the effects of a reconcile, the audit.

import { describe, expect, it } from 'vitest';
import { adHocId, NEVER_RAN } from '#core/job';
import type { Concerned } from '#store/store';
import {
  addJobs,
  aJob,
  aPolicy,
  aRemoval,
  aRow,
  beginBoot,
  claim,
  effect,
  enqueue,
  jobNamed,
  MINUTE,
  noEffects,
  runOf,
  settle,
  T0,
} from '../../../support/ledger.ts';
import type { OpenLedger } from '../suite.ts';

export function jobPromises(open: OpenLedger): void {
  describe('boots', () => {
    it('keeps heartbeat and end, newest first, up to an instant', async () => {
      const { store } = await open();
      await beginBoot(store, 'first', T0);
      await beginBoot(store, 'second', T0 + 10);
      await store.tick('first', T0 + 5);
      await store.endBoot('second', T0 + 20);
      expect(await store.boots({ limit: 10 })).toEqual([
        {
          bootId: 'second',
          kind: 'service',
          pid: 4711,
          version: '0.1.0',
          startedAt: T0 + 10,
          lastTick: T0 + 20,
          endedAt: T0 + 20,
        },
        {
          bootId: 'first',
          kind: 'service',
          pid: 4711,
          version: '0.1.0',
          startedAt: T0,
          lastTick: T0 + 5,
          endedAt: null,
        },
      ]);
      expect((await store.boots({ before: T0 + 9, limit: 10 })).map((boot) => boot.bootId)).toEqual([
        'first',
      ]);
      expect((await store.boots({ limit: 1 })).map((boot) => boot.bootId)).toEqual(['second']);
    });
  });

  describe('jobs', () => {
    it('answers a job as it was inserted, with an empty history', async () => {
      const { store } = await open();
      const job = aJob('a', {
        description: 'text "quoted"',
        input: { deep: [1, { x: null }] },
        warnings: ['w'],
        owner: 'me',
      });
      await addJobs(store, job);
      expect(await store.jobs()).toEqual([
        {
          ...job,
          ...NEVER_RAN,
          auditedTo: job.cursor,
          updatedAt: job.createdAt,
        },
      ]);
    });

    it('orders jobs by id and answers those of the uids', async () => {
      const { store } = await open();
      await addJobs(store, aJob('b'), aJob('c'), aJob('a'));
      expect((await store.jobs()).map((job) => job.id)).toEqual(['a', 'b', 'c']);
      expect((await store.jobs({ uids: ['uid-c', 'uid-a', 'unknown'] })).map((job) => job.id)).toEqual([
        'a',
        'c',
      ]);
      expect(await store.jobs({ uids: [] })).toEqual([]);
    });

    it('writes every field that an update names, and no other', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'), aJob('b'));
      const before = await jobNamed(store, 'a');
      const gap = { runId: 'g', reason: 'paused', from: T0, to: T0 + 1, count: 2, openedAt: T0 };
      const set = {
        enabled: false,
        state: 'disabled',
        nextDue: null,
        policy: aPolicy({ maxInstances: 4 }),
        gap,
        handlerState: { n: 1 },
      } as const;
      await effect(store, { update: [{ uid: 'uid-a', set }] }, T0 + 7);
      expect(await jobNamed(store, 'a')).toEqual({ ...before, ...set, updatedAt: T0 + 7 });
      expect((await jobNamed(store, 'b')).enabled).toBe(true);
    });

    it('finds jobs by their name, none that was removed', async () => {
      const { store } = await open();
      await addJobs(
        store,
        aJob('a', { name: 'One' }),
        aJob('b', { name: 'One' }),
        aJob('c', { name: 'Two' }),
      );
      await addJobs(store, aJob('gone', { name: 'One' }));
      await effect(store, { remove: [aRemoval('uid-gone')] });
      expect((await store.jobs({ name: 'One' })).map((job) => job.id)).toEqual(['a', 'b']);
      expect(await store.jobs({ name: 'one' })).toEqual([]);
    });

    it('shows decide the jobs that are concerned, each once, and no others', async () => {
      const { store } = await open();
      const done = { source: 'api', state: 'completed', nextSlot: null, nextDue: null } as const;
      await addJobs(store, aJob('file'), aJob('made', { source: 'api' }), aJob('held', { source: 'api' }));
      await addJobs(store, aJob('old 1', done), aJob('old 2', done), aJob('ran', done), aJob('gone'));
      const gap = { runId: 'g', reason: 'paused', from: T0, to: T0, count: 1, openedAt: T0 } as const;
      await effect(store, { update: [{ uid: 'uid-held', set: { gap } }] });
      await effect(store, { update: [{ uid: 'uid-ran', set: { lastRunAt: T0 + 5 } }] });
      await effect(store, { remove: [aRemoval('uid-gone')] });
      const seen = async (concerned: Concerned) => {
        let ids: string[] = [];
        await store.reconcile(T0, concerned, ({ jobs }) => {
          ids = jobs.map((job) => job.id);
          return noEffects;
        });
        return ids;
      };
      expect(await seen({ ids: [] })).toEqual([]);
      expect(await seen({ ids: ['made', 'gone', 'nobody'] })).toEqual(['made']);
      expect(await seen({ ids: ['file', 'made'], ofSettings: true })).toEqual(['file', 'made']);
      expect(await seen({ ids: [], inGap: true })).toEqual(['held']);
      expect(await seen({ ids: [], finished: { before: T0 + 1, limit: 9 } })).toEqual(['old 1', 'old 2']);
      expect(await seen({ ids: [], finished: { before: T0 + 6, limit: 9 } })).toHaveLength(3);
      expect(await seen({ ids: [], finished: { before: T0 + 1, limit: 1 } })).toEqual(['old 1']);
      expect(await seen({ ids: [], finished: { before: T0, limit: 9 } })).toEqual([]);
      await addJobs(store, aJob(adHocId('noop'), { source: 'api', manualOnly: true }));
      expect(await seen({ ids: [], finished: { before: T0 + 1, limit: 1 } })).toEqual([adHocId('noop')]);
    });

    it('shows decide the jobs and their live runs, oldest first', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 5 }), aJob('b'));
      await enqueue(store, 'a', aRow('r1'));
      await enqueue(store, 'a', aRow('r2'));
      await enqueue(store, 'a', aRow('r3', { state: 'skipped', reason: 'overlap' }));
      let seen: unknown;
      await store.reconcile(T0, { ids: ['a', 'b'] }, (view) => {
        seen = [
          view.jobs.map((job) => job.id),
          [...view.live].map(([uid, live]) => [uid, live.map((run) => run.runId)]),
        ];
        return noEffects;
      });
      expect(seen).toEqual([['a', 'b'], [['uid-a', ['r1', 'r2']]]]);
    });

    it('writes rows and ends queued runs, but never one that has started', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 5 }));
      await enqueue(store, 'a', aRow('waits'));
      await enqueue(store, 'a', aRow('runs', {}, { priority: 1 }));
      await claim(store, { places: 1 });
      const end = ['waits', 'runs'].map(
        (runId) => ({ runId, state: 'skipped', reason: 'disabled', error: null }) as const,
      );
      const covers = { from: T0 - 9, to: T0 - 1, count: 9 };
      const row = aRow('row', {
        kind: 'scheduled',
        state: 'missed',
        reason: 'downtime',
        slot: T0 - 1,
        covers,
      });
      await effect(store, { end, rows: [{ ...row, jobUid: 'uid-a' }] }, T0 + 50);
      expect(await runOf(store, 'waits')).toMatchObject({
        state: 'skipped',
        reason: 'disabled',
        endedAt: T0 + 50,
        success: null,
      });
      expect(await runOf(store, 'runs')).toMatchObject({ state: 'running', reason: null });
      expect(await runOf(store, 'row')).toMatchObject({
        state: 'missed',
        covers,
        queuedAt: T0 + 50,
        jobName: 'Job a',
        holdsPlace: false,
      });
    });

    it('counts a waiting retry that is given up as a failure and keeps its last error', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await enqueue(store, 'a', aRow('r'));
      const [run] = await claim(store);
      await settle(store, run!, 'failed', { verdict: { kind: 'retry', notBefore: T0 + 10 * MINUTE } });
      await effect(store, { end: [{ runId: 'r', state: 'failed', reason: 'orphaned', error: null }] });
      const error = { code: 'EXECUTION_ERROR', message: 'failed 1', fix: null };
      expect(await runOf(store, 'r')).toMatchObject({
        state: 'failed',
        reason: 'orphaned',
        error,
        success: false,
        notBefore: null,
      });
      expect(await jobNamed(store, 'a')).toMatchObject({ failureCount: 1, lastError: error });
    });

    it('writes nothing at all when one effect is refused', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await expect(effect(store, { insert: [aJob('b'), aJob('a', { uid: 'other' })] })).rejects.toThrow();
      await expect(
        effect(store, { insert: [aJob('b')], update: [{ uid: 'none', set: { enabled: false } }] }),
      ).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
      expect((await store.jobs()).map((job) => job.id)).toEqual(['a']);
    });

    it('frees the id of a removed job, while its rows and live runs stay', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await enqueue(store, 'a', aRow('old'));
      const [run] = await claim(store);
      await effect(store, { remove: [aRemoval('uid-a')] });
      expect(await store.jobs()).toEqual([]);
      expect((await store.jobs({ uids: ['uid-a'] })).map((job) => job.id)).toEqual(['a']);
      expect(await store.enqueue('a', () => expect.unreachable())).toEqual({ kind: 'no_job' });
      await addJobs(store, aJob('a', { uid: 'uid-2' }));
      expect(await settle(store, run!, 'succeeded')).toBe('settled');
      expect((await jobNamed(store, 'a')).successCount).toBe(0);
      expect((await store.runs({ jobId: 'a', limit: 5 })).map((each) => each.jobUid)).toEqual(['uid-a']);
    });
  });

  describe('changes', () => {
    it('keeps what changed, newest first, by job and up to an instant', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      const change = {
        jobUid: 'uid-a',
        what: 'schedule',
        before: { every: '1m' },
        after: null,
        by: 'cli',
      } as const;
      await effect(store, { changes: [change] }, T0 + 1);
      await effect(
        store,
        {
          changes: [
            { ...change, jobUid: null, what: 'created' },
            { ...change, what: 'enabled' },
          ],
        },
        T0 + 2,
      );
      expect(await store.changes({ jobUid: 'uid-a', limit: 9 })).toEqual([
        { ...change, what: 'enabled', at: T0 + 2 },
        { ...change, at: T0 + 1 },
      ]);
      expect((await store.changes({ limit: 2 })).map((each) => each.what)).toEqual(['enabled', 'created']);
      expect((await store.changes({ before: T0 + 1, limit: 9 })).map((each) => each.what)).toEqual([
        'schedule',
      ]);
    });
  });
}
