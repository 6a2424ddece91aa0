// Contract: what retention takes, what it never takes, and what the ledger says of it afterwards (rule 24).

import { describe, expect, it } from 'vitest';
import type { AttemptOutcome } from '#core/run';
import type { PruneRequest, Store } from '#store/store';
import {
  aDecision,
  addJobs,
  aJob,
  anEnding,
  aRemoval,
  aRow,
  aSlotRow,
  beginBoot,
  claim,
  effect,
  enqueue,
  jobNamed,
  MINUTE,
  T0,
} from '../../../support/ledger.ts';
import type { OpenLedger } from '../suite.ts';

const all = { at: T0, before: T0, maxRowsPerJob: 1_000, maxRows: 1_000, limit: 1_000 };

/** Prunes until there is no more; answers how many rows each call took. */
async function prune(store: Store, over: Partial<PruneRequest>): Promise<number[]> {
  const steps: number[] = [];
  for (let more = true; more; ) {
    const answer = await store.prune({ ...all, ...over });
    steps.push(answer.deleted);
    more = answer.more;
  }
  return steps;
}

/** A run of slot T0 + n minutes that ended at that instant. */
async function ended(
  store: Store,
  job: string,
  n: number,
  outcome: AttemptOutcome = 'succeeded',
): Promise<void> {
  const at = T0 + n * MINUTE;
  await enqueue(store, job, aRow(`${job}${n}`, { kind: 'scheduled', slot: at }));
  const [run] = await claim(store, { at });
  const ending = anEnding(run!, outcome);
  await store.settle([{ ...ending, attempt: { ...ending.attempt, endedAt: at } }]);
}

const rows = async (store: Store, jobId?: string) =>
  (await store.runs({ limit: 99, ...(jobId && { jobId }) })).map((run) => run.runId).toReversed();

export function prunePromises(open: OpenLedger): void {
  describe('retention', () => {
    async function aged(): Promise<Store> {
      const { store, clock } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 99 }), aJob('b', {}, { maxInstances: 99 }));
      clock.set(T0);
      for (const n of [1, 2, 3, 4, 5]) await ended(store, 'a', n);
      return store;
    }

    it('takes what ended before an instant, and says from where the ledger answers', async () => {
      const store = await aged();
      expect(await prune(store, { before: T0 + 3 * MINUTE })).toEqual([2]);
      expect(await rows(store)).toEqual(['a3', 'a4', 'a5']);
      const from = T0 + 2 * MINUTE + 1;
      expect(await jobNamed(store, 'a')).toMatchObject({ ledgerFrom: from, auditedTo: from });
      expect((await jobNamed(store, 'b')).ledgerFrom).toBe(T0);
    });

    it('never moves what the ledger answers for, or what was audited, backwards', async () => {
      const store = await aged();
      const late = T0 + 99 * MINUTE;
      await effect(store, { update: [{ uid: 'uid-a', set: { ledgerFrom: late, auditedTo: late + 1 } }] });
      await prune(store, { before: T0 + 3 * MINUTE });
      expect(await jobNamed(store, 'a')).toMatchObject({ ledgerFrom: late, auditedTo: late + 1 });
    });

    it('keeps the last success and the last failure of a job whatever their age', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'), aJob('b'));
      for (const [n, outcome] of (
        ['succeeded', 'failed', 'timed_out', 'succeeded', 'cancelled'] as const
      ).entries())
        await ended(store, 'a', n, outcome);
      await ended(store, 'b', 9, 'failed');
      await prune(store, { before: T0 + 60 * MINUTE });
      expect(await rows(store)).toEqual(['a2', 'a3', 'b9']);
      await prune(store, { maxRowsPerJob: 0, maxRows: 0 });
      expect(await rows(store)).toEqual(['a2', 'a3', 'b9']);
    });

    it('keeps what is live and the open gap row', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 3 }));
      await store.fire(T0 + MINUTE, (due) => {
        const row = aSlotRow(due, { runId: 'gap', state: 'skipped', reason: 'paused' });
        const gap = { runId: 'gap', reason: 'paused', from: T0, to: T0, count: 1, openedAt: T0 };
        return aDecision(due, [row], { gap });
      });
      await enqueue(store, 'a', aRow('running'));
      await claim(store);
      await enqueue(store, 'a', aRow('queued'));
      await prune(store, { before: T0 + 60 * MINUTE, maxRowsPerJob: 0, maxRows: 0 });
      expect(await rows(store)).toEqual(['gap', 'running', 'queued']);
    });

    it('takes the oldest beyond the rows of one job, and beyond those of all', async () => {
      const store = await aged();
      for (const n of [6, 7, 8]) await ended(store, 'b', n);
      expect(await prune(store, { maxRowsPerJob: 3 })).toEqual([2]);
      expect(await rows(store)).toEqual(['a3', 'a4', 'a5', 'b6', 'b7', 'b8']);
      expect(await prune(store, { maxRows: 4 })).toEqual([2]);
      expect(await rows(store)).toEqual(['a5', 'b6', 'b7', 'b8']);
    });

    it('takes at most so many rows in one call, whichever rule asks for them', async () => {
      for (const rule of [{ before: T0 + 60 * MINUTE }, { maxRowsPerJob: 1 }, { maxRows: 1 }]) {
        const store = await aged();
        const steps = await prune(store, { ...rule, limit: 2 });
        expect(Math.max(...steps)).toBeLessThanOrEqual(2);
        expect(steps.reduce((sum, step) => sum + step, 0)).toBe(4);
        expect(await rows(store)).toEqual(['a5']);
      }
    });

    it('finds what became old between two sweeps', async () => {
      const store = await aged();
      await prune(store, { before: T0 + 2 * MINUTE });
      expect(await prune(store, { before: T0 + 4 * MINUTE })).toEqual([2]);
      expect(await prune(store, { before: T0 + 4 * MINUTE })).toEqual([0]);
    });

    it('takes pauses and boots that ended before, but not the two newest services', async () => {
      const { store } = await open();
      for (const [n, id] of ['one', 'two', 'three'].entries()) {
        await beginBoot(store, id, T0 + n);
        await store.endBoot(id, T0 + n);
      }
      await store.recover('now', T0 + 9, () => expect.unreachable());
      const pause = { jobUid: null, source: 'api', who: 'me', why: null, since: T0, until: null } as const;
      await store.pause(pause);
      await store.resume({ jobUid: null, sources: ['api'], at: T0 + 5, by: 'me' });
      await store.pause({ ...pause, since: T0 + 6 });
      await prune(store, { before: T0 + MINUTE });
      expect((await store.boots({ limit: 9 })).map((boot) => boot.bootId)).toEqual(['three', 'two']);
      expect(await store.pauses({ from: T0, to: T0 + MINUTE })).toMatchObject([{ since: T0 + 6 }]);
    });

    it('takes the last success and failure of a removed job, which a job keeps', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await ended(store, 'a', 1, 'succeeded');
      await ended(store, 'a', 2, 'failed');
      const old = { before: T0 + 60 * MINUTE };
      await prune(store, old);
      expect(await rows(store)).toEqual(['a1', 'a2']);
      await effect(store, { remove: [aRemoval('uid-a')] });
      await prune(store, old);
      expect(await store.jobs({ id: 'a', removed: true })).toEqual([]);
    });

    it('takes a tombstone with its last row', async () => {
      const store = await aged();
      await store.pause({ jobUid: 'uid-a', source: 'api', who: 'me', why: null, since: T0, until: null });
      await effect(store, { remove: [aRemoval('uid-a')] });
      await prune(store, {});
      expect(await store.jobs({ id: 'a', removed: true })).toHaveLength(1);
      await effect(store, { remove: [aRemoval('uid-a', { purge: true })] });
      await prune(store, {});
      expect(await store.jobs({ id: 'a', removed: true })).toEqual([]);
      expect((await store.jobs()).map((job) => job.id)).toEqual(['b']);
    });
  });
}
