// Contract: what a dead process left becomes one failed attempt each (rule 10).

import { describe, expect, it } from 'vitest';
import type { Verdict } from '#store/store';
import {
  addJobs,
  aJob,
  aRow,
  beginBoot,
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
const interrupted: Verdict = { kind: 'done', state: 'interrupted', reason: null };

export function recoverPromises(open: OpenLedger): void {
  describe('recover', () => {
    it('asks about the live runs of other boots, each with an attempt that ended at the last sign of life', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 9 }));
      await beginBoot(store, 'dead', T0);
      await beginBoot(store, 'new', DUE + MINUTE);
      for (const id of ['r1', 'r2', 'mine', 'queued']) await enqueue(store, 'a', aRow(id));
      const [first, second] = await claim(store, { at: DUE, bootId: 'dead', places: 2 });
      await store.markStopping('r2', second!.leaseToken!);
      await claim(store, { at: DUE, bootId: 'new', places: 1 });
      await store.tick('dead', DUE + 40);
      const asked: string[] = [];
      const { runs: recovered } = await store.recover('new', DUE + MINUTE, (run) => {
        asked.push(`${run.runId} ${run.state}`);
        return run.runId === 'r1' ? { kind: 'retry', notBefore: DUE + 2 * MINUTE } : interrupted;
      });
      expect(asked).toEqual(['r1 running', 'r2 stopping']);
      expect(recovered).toEqual([await runOf(store, 'r1'), await runOf(store, 'r2')]);
      expect(recovered).toMatchObject([
        { state: 'queued', notBefore: DUE + 2 * MINUTE, attempt: 1, holdsPlace: false, leaseToken: null },
        { state: 'interrupted', endedAt: DUE + 40, success: false, error: { code: 'EXECUTION_ERROR' } },
      ]);
      expect(recovered[0]!.attempts).toMatchObject([
        { n: 1, startedAt: DUE, endedAt: DUE + 40, outcome: 'interrupted' },
      ]);
      expect(await runOf(store, 'mine')).toMatchObject({ state: 'running', bootId: 'new' });
      expect(await runOf(store, 'queued')).toMatchObject({ state: 'queued', holdsPlace: true });
      expect(await jobNamed(store, 'a')).toMatchObject({
        failureCount: 0,
        lastError: { code: 'EXECUTION_ERROR' },
      });
      expect(await settle(store, first!, 'succeeded')).toBe('lost');
    });

    it('takes over each run once, and a boot ended in between stays unclean', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await beginBoot(store, 'dead', T0);
      await enqueue(store, 'a', aRow('r'));
      await claim(store, { bootId: 'dead' });
      expect((await store.recover('new', DUE, () => interrupted)).runs).toHaveLength(1);
      expect(await store.recover('new', DUE, () => expect.unreachable())).toEqual({ runs: [], paused: [] });
      expect(await store.boots({ limit: 5 })).toMatchObject([{ bootId: 'dead', endedAt: null }]);
    });

    it('never ends an attempt before it began, nor without a boot on record', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 2 }));
      await beginBoot(store, 'dead', T0);
      for (const id of ['r1', 'r2']) await enqueue(store, 'a', aRow(id));
      await claim(store, { at: DUE, bootId: 'dead', places: 1 });
      await claim(store, { at: DUE, bootId: 'forgotten', places: 1 });
      const { runs: recovered } = await store.recover('new', DUE + MINUTE, () => interrupted);
      expect(recovered.map((run) => run.endedAt)).toEqual([DUE, DUE + MINUTE]);
    });

    it('honours a cancel that was asked for before the crash', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await enqueue(store, 'a', aRow('r'));
      await claim(store, { bootId: 'dead' });
      await store.requestCancel('r', DUE, 'me');
      const { runs } = await store.recover('new', DUE, () => ({ kind: 'retry', notBefore: DUE }));
      expect(runs[0]?.state).toBe('cancelled');
    });

    it('changes nothing when decide throws', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 2 }));
      for (const id of ['r1', 'r2']) await enqueue(store, 'a', aRow(id));
      await claim(store, { bootId: 'dead' });
      const recovery = store.recover('new', DUE, (run) => {
        if (run.runId === 'r2') throw new Error('no');
        return interrupted;
      });
      await expect(recovery).rejects.toThrow('no');
      expect((await runOf(store, 'r1')).state).toBe('running');
    });
  });
}
