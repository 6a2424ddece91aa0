// Contract: what an ending writes, what guards it, and how a run is cancelled.

import { describe, expect, it } from 'vitest';
import type { Run } from '#core/run';
import type { Store } from '#store/store';
import {
  addJobs,
  admitNext,
  aJob,
  anEnding,
  aRow,
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
const ENDED = DUE + 1_000;

/** A scheduled run that is running since DUE. */
async function running(store: Store): Promise<Run> {
  await addJobs(store, aJob('a'));
  await store.fire(DUE, admitNext);
  const [run] = await claim(store, { at: DUE });
  return run!;
}

export function endingPromises(open: OpenLedger): void {
  describe('settle', () => {
    it('writes a success, its statistics and the state of the handler', async () => {
      const { store } = await open();
      const run = await running(store);
      const statistics = { items_processed: 3 };
      const ending = anEnding(run, 'succeeded', {
        statistics,
        codeHash: 'code',
        handlerState: { offset: 9 },
      });
      expect((await store.settle([ending])).answers).toEqual(['settled']);
      const after = {
        state: 'succeeded',
        success: true,
        statistics,
        codeHash: 'code',
        endedAt: ENDED,
        durationMs: 999.5,
        error: null,
        holdsPlace: false,
        leaseToken: null,
        bootId: 'boot',
        attempts: [ending.attempt],
      };
      expect(await store.run(run.runId)).toEqual({ ...run, ...after });
      expect(await jobNamed(store, 'a')).toMatchObject({
        successCount: 1,
        failureCount: 0,
        handlerState: { offset: 9 },
        lastSuccess: { slot: DUE, endedAt: ENDED, result: statistics },
        lastError: null,
      });
    });

    it('leaves the state of the handler as it is when none is given, and takes null for a state', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      const states: unknown[] = [];
      for (const over of [{ handlerState: 1 }, {}, { handlerState: null }]) {
        await enqueue(store, 'a', aRow(`r${states.length}`));
        const [run] = await claim(store);
        await settle(store, run!, 'succeeded', over);
        states.push((await jobNamed(store, 'a')).handlerState);
      }
      expect(states).toEqual([1, 1, null]);
    });

    const finals = [
      ['failed', { failureCount: 1 }, false],
      ['timed_out', { failureCount: 1 }, false],
      ['interrupted', { failureCount: 0 }, false],
      ['cancelled', { failureCount: 0, lastError: null }, false],
      ['skipped', { failureCount: 0, lastError: null }, null],
    ] as const;
    for (const [outcome, counters, success] of finals)
      it(`writes ${outcome} with its error, and no success`, async () => {
        const { store } = await open();
        const run = await running(store);
        const ending = anEnding(run, outcome, { handlerState: 'lost' });
        await store.settle([ending]);
        expect(await runOf(store, run.runId)).toMatchObject({
          state: outcome,
          success,
          error: ending.attempt.error,
          endedAt: ENDED,
        });
        const job = await jobNamed(store, 'a');
        expect(job).toMatchObject({ successCount: 0, lastSuccess: null, handlerState: null, ...counters });
        expect(job.lastError).toEqual(ending.attempt.error);
      });

    it('keeps the last success and the last error beside each other', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      for (const [runId, outcome] of [
        ['r1', 'failed'],
        ['r2', 'succeeded'],
        ['r3', 'cancelled'],
      ] as const) {
        await enqueue(store, 'a', aRow(runId));
        const [run] = await claim(store);
        await settle(store, run!, outcome);
      }
      expect(await jobNamed(store, 'a')).toMatchObject({
        lastError: { message: 'failed 1' },
        lastSuccess: { slot: null, result: {} },
        runCount: 3,
        successCount: 1,
        failureCount: 1,
      });
    });

    it('queues a retry without a place, with the error and the attempt on record', async () => {
      const { store } = await open();
      const run = await running(store);
      await settle(store, run, 'failed', { verdict: { kind: 'retry', notBefore: DUE + MINUTE } });
      const waiting = await runOf(store, run.runId);
      expect(waiting).toMatchObject({
        state: 'queued',
        notBefore: DUE + MINUTE,
        holdsPlace: false,
        leaseToken: null,
        bootId: null,
        attempt: 1,
        endedAt: null,
        success: null,
      });
      expect(waiting.attempts.map((each) => [each.n, each.outcome])).toEqual([[1, 'failed']]);
      expect(waiting.error).toEqual({ code: 'EXECUTION_ERROR', message: 'failed 1', fix: null });
      expect(await jobNamed(store, 'a')).toMatchObject({ failureCount: 0, lastError: null });
    });

    it('clears the error of an earlier attempt on success, and keeps it on a cancel', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 2 }));
      for (const id of ['r1', 'r2']) await enqueue(store, 'a', aRow(id));
      for (const run of await claim(store))
        await settle(store, run, 'failed', { verdict: { kind: 'retry', notBefore: DUE } });
      const [one, two] = await claim(store, { at: DUE + MINUTE });
      await store.settle([anEnding(one!, 'succeeded'), anEnding(two!, 'cancelled')]);
      expect((await runOf(store, 'r1')).error).toBeNull();
      expect((await runOf(store, 'r2')).error).toMatchObject({ message: 'failed 1' });
    });

    it('gives back without using an attempt, and keeps the place', async () => {
      const { store } = await open();
      const run = await running(store);
      await settle(store, run, 'given_back');
      const back = await runOf(store, run.runId);
      expect(back).toMatchObject({
        state: 'queued',
        attempt: 0,
        holdsPlace: true,
        notBefore: null,
        leaseToken: null,
        bootId: null,
        error: null,
      });
      expect(back.attempts.map((each) => each.outcome)).toEqual(['given_back']);
      const [again] = await claim(store, { at: DUE + MINUTE });
      expect(again).toMatchObject({ runId: run.runId, attempt: 1, name: run.name });
    });

    it('answers lost for an old lease, a foreign one, a settled run and an unknown one, and changes nothing', async () => {
      const { store } = await open();
      const run = await running(store);
      await settle(store, run, 'given_back');
      const [now] = await claim(store, { at: DUE + MINUTE });
      const before = await runOf(store, run.runId);
      expect(await settle(store, run, 'succeeded')).toBe('lost');
      expect(await settle(store, now!, 'succeeded', { leaseToken: 'guessed' })).toBe('lost');
      expect(await settle(store, now!, 'succeeded', { runId: 'unknown' })).toBe('lost');
      expect(await runOf(store, run.runId)).toEqual(before);
      expect(await settle(store, now!, 'succeeded')).toBe('settled');
      expect(await settle(store, now!, 'failed')).toBe('lost');
      expect(await jobNamed(store, 'a')).toMatchObject({ successCount: 1, failureCount: 0 });
    });

    it('answers a batch in its order, lost ones among settled ones', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 3 }));
      for (const id of ['r1', 'r2', 'r3']) await enqueue(store, 'a', aRow(id));
      const claimed = await claim(store);
      const batch = claimed.map((run, n) => anEnding(run, 'succeeded', n === 1 ? { leaseToken: 'old' } : {}));
      expect((await store.settle(batch)).answers).toEqual(['settled', 'lost', 'settled']);
      expect(await store.settle([])).toEqual({ answers: [], claimed: [] });
      expect((await runOf(store, 'r2')).state).toBe('running');
    });

    it('takes a dry run for no success that a later run could build on', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      const row = aRow('dry');
      await enqueue(store, 'a', { ...row, snapshot: { ...row.snapshot, dryRun: true } });
      const [run] = await claim(store);
      await settle(store, run!, 'succeeded', { handlerState: 5 });
      expect(await jobNamed(store, 'a')).toMatchObject({
        successCount: 1,
        lastSuccess: null,
        handlerState: null,
      });
    });
  });

  describe('markStopping', () => {
    it('keeps place and lease until the end is confirmed, guarded by the lease', async () => {
      const { store } = await open();
      const run = await running(store);
      expect(await store.markStopping(run.runId, 'old')).toBe('lost');
      expect(await store.markStopping(run.runId, run.leaseToken!)).toBe('settled');
      expect(await runOf(store, run.runId)).toEqual({ ...run, state: 'stopping' });
      expect(await settle(store, run, 'timed_out')).toBe('settled');
      expect(await store.markStopping(run.runId, run.leaseToken!)).toBe('lost');
    });
  });

  describe('cancel', () => {
    it('ends a queued run at once and gives its admission back', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await store.fire(DUE, admitNext);
      const cancelled = await store.requestCancel(`a@${DUE}`, DUE + 3, 'me');
      expect(cancelled).toMatchObject({
        state: 'cancelled',
        endedAt: DUE + 3,
        holdsPlace: false,
        success: null,
        cancelRequested: true,
      });
      expect(await runOf(store, `a@${DUE}`)).toEqual(cancelled);
      expect((await jobNamed(store, 'a')).admittedCount).toBe(0);
      expect(await claim(store)).toEqual([]);
    });

    it('ends a queued run when it is written, not when it was asked: until then it stood in the way', async () => {
      const { store, clock } = await open();
      const run = await running(store);
      const asked = run.startedAt!;
      await settle(store, run, 'failed', { verdict: { kind: 'retry', notBefore: ENDED } });
      clock.set(ENDED + 5);
      expect(await store.requestCancel(run.runId, asked, 'me')).toMatchObject({ endedAt: ENDED + 5 });
    });

    it('marks a running run for the boot that holds it', async () => {
      const { store } = await open();
      const run = await running(store);
      expect(await store.cancelRequests('boot')).toEqual([]);
      expect(await store.requestCancel(run.runId, DUE, 'me')).toEqual({
        ...run,
        cancelRequested: true,
        cancelledBy: 'me',
      });
      expect(await store.cancelRequests('boot')).toEqual([run.runId]);
      expect(await store.cancelRequests('another')).toEqual([]);
      await settle(store, run, 'cancelled');
      expect(await store.cancelRequests('boot')).toEqual([]);
    });

    it('answers a finished run unchanged, and null for an unknown one', async () => {
      const { store } = await open();
      const run = await running(store);
      await settle(store, run, 'succeeded');
      const before = await runOf(store, run.runId);
      expect(await store.requestCancel(run.runId, DUE, 'me')).toEqual(before);
      expect(await store.requestCancel('unknown', DUE, 'me')).toBeNull();
    });

    for (const outcome of ['failed', 'given_back'] as const)
      it(`is not lost when the attempt has ${outcome} in the meantime and would be queued again`, async () => {
        const { store } = await open();
        const run = await running(store);
        await store.requestCancel(run.runId, DUE, 'me');
        const verdict =
          outcome === 'failed'
            ? ({ kind: 'retry', notBefore: DUE } as const)
            : ({ kind: 'given_back' } as const);
        expect(await settle(store, run, outcome, { verdict })).toBe('settled');
        expect(await runOf(store, run.runId)).toMatchObject({
          state: 'cancelled',
          endedAt: ENDED,
          holdsPlace: false,
        });
      });
  });
}
