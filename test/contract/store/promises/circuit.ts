// Contract: what failures in a row do to a job (rule 22), and unclean ends in a row (rule 10).

import { describe, expect, it } from 'vitest';
import type { JobPolicy } from '#core/job';
import type { AttemptOutcome, RunKind } from '#core/run';
import type { Store, Verdict } from '#store/store';
import {
  addJobs,
  aJob,
  aRow,
  beginBoot,
  claim,
  effect,
  enqueue,
  jobNamed,
  MINUTE,
  settle,
  T0,
} from '../../../support/ledger.ts';
import type { OpenLedger } from '../suite.ts';

const DUE = T0 + MINUTE;
const PROBE = 10 * MINUTE;
const interrupted: Verdict = { kind: 'done', state: 'interrupted', reason: null };

async function breaking(open: OpenLedger, policy: Partial<JobPolicy> = {}): Promise<Store> {
  const { store } = await open();
  await addJobs(store, aJob('a', {}, { circuitAfter: 2, circuitProbeMs: PROBE, ...policy }));
  return store;
}

let made = 0;
/** One run with this outcome, of the slot `n` minutes after T0 where it has one. */
async function run(
  store: Store,
  outcome: AttemptOutcome,
  kind: RunKind = 'scheduled',
  n = ++made,
): Promise<void> {
  const slot = kind === 'manual' ? null : T0 + n * MINUTE;
  await enqueue(store, 'a', aRow(`r${++made}`, { kind, slot }));
  const [started] = await claim(store, { at: T0 + n * MINUTE });
  await settle(store, started!, outcome);
}

const circuitOf = async (store: Store) => {
  const { failStreak, circuit } = await jobNamed(store, 'a');
  return [failStreak, circuit];
};
const changesOf = async (store: Store) =>
  (await store.changes({ jobUid: 'uid-a', limit: 9 })).filter((change) => change.what === 'circuit');

export function circuitPromises(open: OpenLedger): void {
  describe('circuit', () => {
    it('opens after so many failures in a row, and each further one moves the probe', async () => {
      const store = await breaking(open);
      await run(store, 'failed', 'scheduled', 1);
      expect(await circuitOf(store)).toEqual([1, null]);
      await run(store, 'timed_out', 'catchup', 2);
      const opened = { openedAt: T0 + 2 * MINUTE + 1_000, probeFrom: T0 + 2 * MINUTE + PROBE };
      expect(await circuitOf(store)).toEqual([2, opened]);
      await run(store, 'failed', 'scheduled', 15);
      const moved = { ...opened, probeFrom: T0 + 15 * MINUTE + PROBE };
      expect(await circuitOf(store)).toEqual([3, moved]);
      expect(await changesOf(store)).toMatchObject([{ before: null, after: opened, at: opened.openedAt }]);
    });

    it('has its probe after the latest of the failed slots, in whatever order they end', async () => {
      const store = await breaking(open);
      for (const n of [1, 20]) await run(store, 'failed', 'scheduled', n);
      await run(store, 'failed', 'catchup', 10);
      expect(await circuitOf(store)).toMatchObject([3, { probeFrom: T0 + 20 * MINUTE + PROBE }]);
    });

    it('is closed by one success of any kind, which is recorded', async () => {
      const store = await breaking(open);
      for (const n of [1, 2]) await run(store, 'failed', 'scheduled', n);
      await run(store, 'succeeded', 'manual', 3);
      expect(await circuitOf(store)).toEqual([0, null]);
      expect(
        (await changesOf(store)).map((change) => [change.before === null, change.after === null]),
      ).toEqual([
        [false, true],
        [true, false],
      ]);
    });

    it('counts again from a success', async () => {
      const store = await breaking(open);
      await run(store, 'failed', 'scheduled', 1);
      await run(store, 'succeeded', 'scheduled', 2);
      await run(store, 'failed', 'scheduled', 3);
      expect(await circuitOf(store)).toEqual([1, null]);
      expect(await changesOf(store)).toEqual([]);
    });

    const others: [AttemptOutcome, RunKind][] = [
      ['skipped', 'scheduled'],
      ['cancelled', 'scheduled'],
      ['interrupted', 'catchup'],
      ['failed', 'manual'],
      ['failed', 'backfill'],
      ['failed', 'startup'],
    ];
    for (const [outcome, kind] of others)
      it(`does not count a ${kind} run that ended ${outcome}`, async () => {
        const store = await breaking(open);
        await run(store, 'failed', 'scheduled', 1);
        await run(store, outcome, kind, 2);
        expect(await circuitOf(store)).toEqual([1, null]);
      });

    it('is never opened where it is off', async () => {
      const store = await breaking(open, { circuitAfter: 0 });
      for (const n of [1, 2, 3]) await run(store, 'failed', 'scheduled', n);
      expect(await circuitOf(store)).toEqual([3, null]);
    });

    it('counts a retry that is given up, and a crash that ends as a failure', async () => {
      const store = await breaking(open);
      await enqueue(store, 'a', aRow('given up', { kind: 'scheduled', slot: T0 + 1 }));
      const [first] = await claim(store);
      await settle(store, first!, 'failed', { verdict: { kind: 'retry', notBefore: DUE } });
      const end = { runId: 'given up', state: 'failed', reason: 'superseded', error: null } as const;
      await effect(store, { end: [end] }, DUE);
      expect(await circuitOf(store)).toEqual([1, null]);
      await enqueue(store, 'a', aRow('crashed', { kind: 'scheduled', slot: T0 + 2 }));
      await claim(store, { bootId: 'dead' });
      await store.recover('new', DUE, () => ({ kind: 'done', state: 'failed', reason: 'superseded' }));
      expect(await circuitOf(store)).toMatchObject([2, { probeFrom: T0 + 2 + PROBE }]);
    });

    it('pauses the job instead where the job asks for it, and counts anew from there', async () => {
      const store = await breaking(open, { circuitAction: 'pause' });
      for (const n of [1, 2]) await run(store, 'failed', 'scheduled', n);
      expect(await circuitOf(store)).toEqual([0, null]);
      const [pause] = await store.pauses({ from: T0, to: T0 + 60 * MINUTE });
      expect(pause).toMatchObject({ jobUid: 'uid-a', source: 'circuit', who: 'circuit', endedAt: null });
      expect(pause!.why).toMatch(/^2 runs .*failed 1$/);
      await store.resume({ jobUid: 'uid-a', sources: ['circuit'], at: T0 + 9 * MINUTE, by: 'me' });
      await run(store, 'failed', 'scheduled', 10);
      expect(await circuitOf(store)).toEqual([1, null]);
    });
  });

  describe('crash loop', () => {
    type Kind = 'service' | 'run';
    async function crashing(): Promise<{ store: Store; boot(id: string, kind?: Kind): Promise<string[]> }> {
      const { store } = await open();
      await addJobs(store, aJob('a', {}, { maxInstances: 9 }), aJob('b', {}, { maxInstances: 9 }));
      let at = T0;
      const boot = async (bootId: string, kind: Kind = 'service') => {
        at += MINUTE;
        await store.beginBoot({ bootId, kind, pid: 1, startedAt: at, version: 'v' });
        const { paused } = await store.recover(bootId, at, () => interrupted);
        return paused.map((pause) => pause.jobUid ?? 'all');
      };
      return { store, boot };
    }
    let n = 0;
    const runs = async (store: Store, bootId: string, ...jobs: string[]) => {
      for (const job of jobs) await enqueue(store, job, aRow(`${job}${++n}`));
      await claim(store, { bootId });
    };
    const counts = async (store: Store) => (await store.jobs()).map((job) => job.crashCount);

    it('is two unclean ends in a row with a live run: then the job is paused', async () => {
      const { store, boot } = await crashing();
      await boot('one');
      await runs(store, 'one', 'a', 'b');
      expect(await boot('two')).toEqual([]);
      expect(await counts(store)).toEqual([1, 1]);
      await runs(store, 'two', 'a');
      expect(await boot('three')).toEqual(['uid-a']);
      expect(await counts(store)).toEqual([0, 0]);
      const [pause] = await store.pauses({ from: T0, to: T0 + 60 * MINUTE });
      expect(pause).toMatchObject({ jobUid: 'uid-a', source: 'crash_loop', who: 'crash_loop' });
      expect(pause!.why).toMatch(/2025-01-06T00:01:00Z and 2025-01-06T00:02:00Z/);
    });

    it('is not one where a clean end lies between, or an end without a run of the job', async () => {
      const { store, boot } = await crashing();
      await boot('one');
      await runs(store, 'one', 'a', 'b');
      await boot('two');
      await store.endBoot('two', T0 + 3 * MINUTE);
      await boot('three');
      expect(await counts(store)).toEqual([0, 0]);
      await runs(store, 'three', 'a');
      await boot('four');
      expect(await boot('five')).toEqual([]);
      expect(await counts(store)).toEqual([0, 0]);
    });

    it('does not count what only waited', async () => {
      const { store, boot } = await crashing();
      await boot('one');
      await enqueue(store, 'a', aRow('waits'));
      await boot('two');
      expect(await counts(store)).toEqual([0, 0]);
    });

    it('counts a command that died only for the job whose run it held, also twice after a clean end', async () => {
      const { store, boot } = await crashing();
      await boot('service');
      await runs(store, 'service', 'b');
      await boot('run 1', 'run');
      await runs(store, 'run 1', 'a');
      await boot('run 2', 'run');
      expect(await counts(store)).toEqual([1, 1]);
      await runs(store, 'run 2', 'a');
      expect(await boot('run 3', 'run')).toEqual(['uid-a']);
      expect(await counts(store)).toEqual([0, 1]);
    });

    it('counts each end once', async () => {
      const { store, boot } = await crashing();
      await beginBoot(store, 'one');
      await runs(store, 'one', 'a');
      await boot('two');
      await store.recover('two', T0, () => interrupted);
      expect(await counts(store)).toEqual([1, 0]);
    });
  });
}
