// Contract: a job that is deleted becomes a tombstone (rule 15).

import { describe, expect, it } from 'vitest';
import type { Store } from '#store/store';
import {
  addJobs,
  aJob,
  aRemoval,
  aRow,
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

/** A job with a finished run, a running one and a queued one. */
async function busy(open: OpenLedger): Promise<{ store: Store; running: Awaited<ReturnType<typeof runOf>> }> {
  const { store } = await open();
  await addJobs(store, aJob('a', {}, { maxInstances: 3 }), aJob('b'));
  await enqueue(store, 'a', aRow('done'));
  await settle(store, (await claim(store))[0]!, 'succeeded');
  await enqueue(store, 'a', aRow('running', { kind: 'scheduled', slot: T0 }));
  const [running] = await claim(store);
  await enqueue(store, 'a', aRow('queued'));
  await enqueue(store, 'b', aRow('of b'));
  return { store, running: running! };
}

const ended = { runId: 'queued', state: 'skipped', reason: 'deleted', error: null } as const;
const rows = async (store: Store) => (await store.runs({ limit: 9 })).map((run) => run.runId);

export function removePromises(open: OpenLedger): void {
  describe('deletion', () => {
    it('leaves a tombstone: pauses and gap closed, the change on record, history there', async () => {
      const { store } = await busy(open);
      const gap = { runId: 'g', reason: 'paused', from: T0, to: T0, count: 1, openedAt: T0 };
      await effect(store, { update: [{ uid: 'uid-a', set: { gap } }] });
      await store.pause({ jobUid: 'uid-a', source: 'api', who: 'me', why: null, since: T0, until: null });
      await effect(store, { remove: [aRemoval('uid-a')], end: [ended] }, DUE);
      const [tombstone] = await store.jobs({ uids: ['uid-a'] });
      expect(tombstone).toMatchObject({ deletedAt: DUE, gap: null, nextDue: null, nextSlot: null });
      expect(await store.pauses({ from: T0, to: DUE + 1 })).toMatchObject([{ endedAt: DUE }]);
      expect(await store.changes({ jobUid: 'uid-a', limit: 2 })).toMatchObject([
        { what: 'deleted', at: DUE, by: 'test', before: { enabled: true, schedule: { every: '1m' } } },
        { what: 'resumed' },
      ]);
      expect((await rows(store)).toSorted()).toEqual(['done', 'of b', 'queued', 'running']);
      expect(await runOf(store, 'queued')).toMatchObject({ state: 'skipped', reason: 'deleted' });
    });

    it('lets running work end, and records it', async () => {
      const { store, running } = await busy(open);
      await effect(store, { remove: [aRemoval('uid-a')], end: [ended] }, DUE);
      expect(await store.cancelRequests('boot')).toEqual([]);
      expect(await settle(store, running, 'succeeded')).toBe('settled');
      expect(await runOf(store, 'running')).toMatchObject({ state: 'succeeded' });
    });

    it('starts no further attempt', async () => {
      const { store, running } = await busy(open);
      await effect(store, { remove: [aRemoval('uid-a')], end: [ended] }, DUE);
      await settle(store, running, 'failed', { verdict: { kind: 'retry', notBefore: DUE } });
      expect(await runOf(store, 'running')).toMatchObject({
        state: 'failed',
        reason: 'deleted',
        error: { message: 'failed 1' },
      });
    });

    it('asks running work to stop where that is wanted', async () => {
      const { store } = await busy(open);
      await effect(store, { remove: [aRemoval('uid-a', { cancelRunning: true, by: 'me' })] }, DUE);
      expect(await store.cancelRequests('boot')).toEqual(['running']);
      expect(await runOf(store, 'running')).toMatchObject({ cancelledBy: 'me' });
      expect(await runOf(store, 'queued')).toMatchObject({ cancelRequested: false });
    });

    it('purges: what is final goes at once, what is live when it ends', async () => {
      const { store, running } = await busy(open);
      await effect(store, { remove: [aRemoval('uid-a', { purge: true })], end: [ended] }, DUE);
      expect((await rows(store)).toSorted()).toEqual(['of b', 'running']);
      expect(await settle(store, running, 'succeeded')).toBe('settled');
      expect(await rows(store)).toEqual(['of b']);
      expect((await store.jobs({ uids: ['uid-a'] }))[0]).toMatchObject({ successCount: 2 });
    });

    it('purges a tombstone later, too, and leaves one change', async () => {
      const { store } = await busy(open);
      await effect(store, { remove: [aRemoval('uid-a')], end: [ended] }, DUE);
      await effect(store, { remove: [aRemoval('uid-a', { purge: true })] }, DUE + 1);
      expect((await rows(store)).toSorted()).toEqual(['of b', 'running']);
      expect((await store.jobs({ uids: ['uid-a'] }))[0]).toMatchObject({ deletedAt: DUE });
      const changes = await store.changes({ jobUid: 'uid-a', limit: 9 });
      expect(changes.filter((change) => change.what === 'deleted')).toHaveLength(1);
    });

    it('finds who bore an id, the living first, then the newest', async () => {
      const { store } = await open();
      for (const n of [1, 2, 3]) {
        await addJobs(store, aJob('a', { uid: `uid-${n}` }));
        if (n < 3) await effect(store, { remove: [aRemoval(`uid-${n}`)] }, T0 + n);
      }
      const uids = async (query: { id: string; removed?: true }) =>
        (await store.jobs(query)).map((job) => job.uid);
      expect(await uids({ id: 'a' })).toEqual(['uid-3']);
      expect(await uids({ id: 'a', removed: true })).toEqual(['uid-3', 'uid-2', 'uid-1']);
      expect(await uids({ id: 'none', removed: true })).toEqual([]);
      expect((await jobNamed(store, 'a')).uid).toBe('uid-3');
    });
  });
}
