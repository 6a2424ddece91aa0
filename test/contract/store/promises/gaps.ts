// Contract: gap rows, in which the slots of a pause collect, open, grow, close and are withdrawn.

import { describe, expect, it } from 'vitest';
import type { OpenGap } from '#core/job';
import type { DueJob, FireDecision, Store } from '#store/store';
import {
  aDecision,
  addJobs,
  admitNext,
  aJob,
  aRow,
  aSlotRow,
  enqueue,
  jobNamed,
  MINUTE,
  runOf,
  T0,
} from '../../../support/ledger.ts';
import type { OpenLedger } from '../suite.ts';

const DUE = T0 + MINUTE;
const pause = { jobUid: null, source: 'api', who: 'me', why: null, since: T0 + 1, until: null } as const;

/** The first paused slot opens the row; each later one extends it. */
function collect(due: DueJob): FireDecision {
  const slot = due.job.nextSlot ?? T0;
  const open = due.job.gap;
  if (open) {
    const extended: OpenGap = { ...open, to: slot, count: open.count + 1 };
    return aDecision(due, [], { extended, gap: extended });
  }
  const covers = { from: slot, to: slot, count: 1 };
  const row = aSlotRow(due, { state: 'skipped', reason: 'paused', covers });
  return aDecision(due, [row], { gap: { runId: row.runId, reason: 'paused', ...covers, openedAt: slot } });
}

async function pausedTwice(store: Store): Promise<string> {
  await addJobs(store, aJob('a'));
  await store.pause(pause);
  await store.fire(DUE, collect);
  await store.fire(DUE + MINUTE, collect);
  return `a@${DUE}`;
}

export function gapPromises(open: OpenLedger): void {
  describe('gap rows', () => {
    it('grow with the pass that extends them: range, count and slot', async () => {
      const { store } = await open();
      const gapRow = await pausedTwice(store);
      const covers = { from: DUE, to: DUE + MINUTE, count: 2 };
      expect(await runOf(store, gapRow)).toMatchObject({
        covers,
        slot: DUE + MINUTE,
        state: 'skipped',
        reason: 'paused',
        holdsPlace: false,
      });
      expect((await jobNamed(store, 'a')).gap).toEqual({
        runId: gapRow,
        reason: 'paused',
        ...covers,
        openedAt: DUE,
      });
      expect(await store.runs({ limit: 5 })).toHaveLength(1);
    });

    it('can be extended and closed in one pass', async () => {
      const { store } = await open();
      const gapRow = await pausedTwice(store);
      await store.fire(DUE + 2 * MINUTE, (due) => ({ ...collect(due), gap: null }));
      expect((await runOf(store, gapRow)).covers).toMatchObject({ count: 3 });
      expect((await jobNamed(store, 'a')).gap).toBeNull();
    });

    it('drop their job when the row to extend is not its own, or is a run', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'), aJob('b'));
      await enqueue(store, 'b', aRow('run-of-b'));
      const extended: OpenGap = {
        runId: 'run-of-b',
        reason: 'paused',
        from: T0,
        to: DUE,
        count: 2,
        openedAt: T0,
      };
      const { dropped } = await store.fire(DUE, (due) => aDecision(due, [], { extended, gap: extended }));
      expect(dropped.map((each) => each.jobId)).toEqual(['a', 'b']);
      expect(await runOf(store, 'run-of-b')).toMatchObject({ state: 'queued', slot: null });
    });

    it('bring their job to fire once the pause is over, though nothing is due', async () => {
      const { store } = await open();
      await pausedTwice(store);
      const at = DUE + MINUTE + 1;
      const asked: string[] = [];
      const look = async () =>
        await store.fire(at, (due) => {
          asked.push(due.job.id);
          return aDecision(due, [], {
            cursor: due.job.cursor,
            nextSlot: due.job.nextSlot,
            nextDue: due.job.nextDue,
          });
        });
      await look();
      expect(asked).toEqual([]);
      await store.resume({ jobUid: null, sources: ['api'], at, by: 'me' });
      await look();
      expect(asked).toEqual(['a']);
      expect((await jobNamed(store, 'a')).gap).toBeNull();
      await look();
      expect(asked).toEqual(['a']);
    });

    it('stay open while the job itself is paused, or the gap is of another kind', async () => {
      const { store } = await open();
      await pausedTwice(store);
      await store.pause({ ...pause, jobUid: 'uid-a', since: DUE });
      await store.resume({ jobUid: null, sources: ['api'], at: DUE + MINUTE, by: 'me' });
      const missing: OpenGap = {
        runId: 'x',
        reason: 'handler_missing',
        from: T0,
        to: T0,
        count: 1,
        openedAt: T0,
      };
      await addJobs(store, aJob('b', { nextDue: null }));
      await store.reconcile(T0, { ids: [] }, () => ({
        insert: [],
        update: [{ uid: 'uid-b', set: { gap: missing } }],
        rows: [],
        end: [],
        changes: [],
      }));
      await store.fire(DUE + MINUTE + 1, () => expect.unreachable());
      expect((await jobNamed(store, 'a')).gap).not.toBeNull();
      expect((await jobNamed(store, 'b')).gap).toEqual(missing);
    });

    it('are withdrawn before the run of their slot is written', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await store.pause(pause);
      await store.fire(DUE, (due) => ({ ...collect(due), nextSlot: null, nextDue: null }));
      await store.resume({ jobUid: null, sources: ['api'], at: DUE + 5, by: 'me' });
      const { decided, dropped } = await store.fire(DUE + 5, (due) =>
        aDecision(due, [aSlotRow(due, { runId: 'runs-after-all', slot: DUE, dueAt: DUE })], {
          withdrawn: [`a@${DUE}`],
          cursor: DUE,
        }),
      );
      expect(dropped).toEqual([]);
      expect(decided).toHaveLength(1);
      expect(await store.run(`a@${DUE}`)).toBeNull();
      expect(await runOf(store, 'runs-after-all')).toMatchObject({ state: 'queued', slot: DUE });
    });

    it('are the only rows that can be withdrawn', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await store.fire(DUE, admitNext);
      const { dropped } = await store.fire(DUE + MINUTE, (due) =>
        aDecision(due, [], { withdrawn: [`a@${DUE}`] }),
      );
      expect(dropped.map((each) => each.jobId)).toEqual(['a']);
      expect((await runOf(store, `a@${DUE}`)).state).toBe('queued');
    });
  });
}
