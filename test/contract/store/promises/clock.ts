// Contract: the account of every slot, and what a clock that was set back does to the ledger (rule 13).

import { describe, expect, it } from 'vitest';
import type { ClockPlan, NewRun, Store } from '#store/store';
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
  runOf,
  settle,
  T0,
} from '../../../support/ledger.ts';
import type { OpenLedger } from '../suite.ts';

const minute = (n: number) => T0 + n * MINUTE;
const HOUR = 60;

/** A row that accounts for the slots from minute `from` to minute `to`. */
function range(
  runId: string,
  from: number,
  to: number,
  over: Partial<NewRun> = {},
): NewRun & { jobUid: string } {
  const covers = from === to ? null : { from: minute(from), to: minute(to), count: to - from + 1 };
  const skipped = {
    kind: 'scheduled',
    state: 'skipped',
    reason: 'paused',
    slot: minute(to),
    covers,
  } as const;
  return { ...aRow(runId, { ...skipped, ...over }), jobUid: 'uid-a' };
}

/** The calendar of a job of every minute. */
function everyMinute(at: number): ClockPlan & { taken: unknown } {
  const plan = {
    taken: null as unknown,
    cut: (_job: unknown, { from, to }: { from: number; to: number }) => {
      const last = Math.min(to, at - (at % MINUTE));
      return last < from ? null : { to: last, count: (last - from) / MINUTE + 1 };
    },
    next: (job: { cursor: number }, taken: { from: number; to: number }[]) => {
      plan.taken = taken;
      let slot = job.cursor - (job.cursor % MINUTE) + MINUTE;
      while (taken.some((each) => each.from <= slot && slot <= each.to)) slot += MINUTE;
      return { nextSlot: slot, nextDue: slot + 5 };
    },
  };
  return plan;
}

async function ahead(open: OpenLedger): Promise<Store> {
  const { store, clock } = await open();
  const at = minute(10 * HOUR);
  clock.set(at);
  await addJobs(store, aJob('a', { cursor: at }), aJob('b'));
  return store;
}

export function clockPromises(open: OpenLedger): void {
  describe('accounts', () => {
    it('name the slots that each row stands for, in order', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      const rows = [
        range('one', 1, 1),
        range('span', 3, 5),
        range('ran', 7, 7, { state: 'missed' }),
        range('far', 9, 20),
      ];
      await effect(store, { rows: rows.toReversed() });
      await enqueue(store, 'a', aRow('by hand'));
      const accounts = async (after: number, upTo: number, limit = 9) =>
        (await store.accounts('uid-a', minute(after), minute(upTo), limit)).map((each) => each.runId);
      expect(await accounts(0, 30)).toEqual(['one', 'span', 'ran', 'far']);
      expect(await accounts(1, 7)).toEqual(['span', 'ran']);
      expect(await accounts(4, 10)).toEqual(['span', 'ran', 'far']);
      expect(await accounts(0, 30, 2)).toEqual(['one', 'span']);
      expect(await accounts(20, 20)).toEqual([]);
      expect(await store.accounts('uid-a', minute(1), minute(6), 9)).toEqual([
        { runId: 'span', state: 'skipped', from: minute(3), to: minute(5), count: 3 },
      ]);
    });

    it('are marked as seen, never backwards', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'), aJob('b'));
      await store.markAudited([
        { uid: 'uid-a', to: minute(5) },
        { uid: 'uid-b', to: minute(-5) },
      ]);
      expect((await store.jobs()).map((job) => job.auditedTo)).toEqual([minute(5), T0]);
    });
  });

  describe('a clock that was set back', () => {
    it('moves cursors after now, names what is taken, and records the correction', async () => {
      const store = await ahead(open);
      await effect(store, {
        rows: [range('before', 1, 1), range('taken', 121, 121), range('later', 123, 123)],
      });
      await effect(store, { update: [{ uid: 'uid-a', set: { auditedTo: minute(9 * HOUR) } }] });
      const at = minute(2 * HOUR);
      const plan = everyMinute(at);
      const moved = await store.correctClock({ was: minute(10 * HOUR), at, by: 'clock' }, plan);
      const expected = {
        cursor: at,
        takenTo: minute(10 * HOUR),
        nextSlot: minute(122),
        nextDue: minute(122) + 5,
        auditedTo: at,
      };
      expect(moved).toMatchObject([{ id: 'a', ...expected }]);
      expect(moved[0]).toEqual(await jobNamed(store, 'a'));
      expect(plan.taken).toEqual([
        { from: minute(121), to: minute(121) },
        { from: minute(123), to: minute(123) },
      ]);
      expect(await jobNamed(store, 'b')).toMatchObject({ cursor: T0, takenTo: null });
      expect(await store.changes({ limit: 1 })).toMatchObject([
        { jobUid: null, what: 'clock', at, before: { at: minute(10 * HOUR) }, after: { at }, by: 'clock' },
      ]);
    });

    it('keeps the farthest instant that is taken when it goes back twice', async () => {
      const store = await ahead(open);
      for (const hours of [6, 2]) {
        const at = minute(hours * HOUR);
        await store.correctClock({ was: minute(10 * HOUR), at, by: 'clock' }, everyMinute(at));
      }
      expect(await jobNamed(store, 'a')).toMatchObject({
        cursor: minute(2 * HOUR),
        takenTo: minute(10 * HOUR),
      });
    });

    it('cuts ranges that reach past now, deletes those after it, and closes the gap', async () => {
      const store = await ahead(open);
      const rows = [
        range('cut', 100, 130),
        range('gone', 200, 210),
        range('whole', 10, 20),
        range('ran', 300, 310, { state: 'queued', reason: null }),
      ];
      await effect(store, { rows });
      const gap = {
        runId: 'gone',
        reason: 'paused',
        from: minute(200),
        to: minute(210),
        count: 11,
        openedAt: T0,
      };
      await effect(store, { update: [{ uid: 'uid-a', set: { gap } }] });
      const at = minute(2 * HOUR) + 30_000;
      const plan = everyMinute(at);
      await store.correctClock({ was: minute(10 * HOUR), at, by: 'clock' }, plan);
      expect(await runOf(store, 'cut')).toMatchObject({
        slot: minute(120),
        covers: { from: minute(100), to: minute(120), count: 21 },
      });
      expect(await store.run('gone')).toBeNull();
      expect((await runOf(store, 'whole')).covers?.count).toBe(11);
      expect((await runOf(store, 'ran')).covers?.count).toBe(11);
      expect(plan.taken).toEqual([{ from: minute(300), to: minute(310) }]);
      expect((await jobNamed(store, 'a')).gap).toBeNull();
    });

    it('shows the planner what is taken when the next slot is decided', async () => {
      const store = await ahead(open);
      await effect(store, { rows: [range('ran', 115, 125, { state: 'queued', reason: null })] });
      const at = minute(2 * HOUR);
      await store.correctClock({ was: minute(10 * HOUR), at, by: 'clock' }, everyMinute(at));
      let seen: unknown;
      await store.fire(minute(130), (due) => {
        if (due.job.id === 'a') seen = due.taken;
        throw new Error('only looking');
      });
      expect(seen).toEqual([{ from: at + 1, to: minute(125) }]);
    });

    it('lets retries and waits take as long as before, and leaves no pause in the future', async () => {
      const store = await ahead(open);
      const at = minute(2 * HOUR);
      const was = minute(10 * HOUR);
      await enqueue(store, 'a', aRow('waits', { maxWaitMs: MINUTE }));
      await enqueue(store, 'b', aRow('retries'));
      const [run] = await claim(store, { at: was, only: 'retries' });
      await settle(store, run!, 'failed', { verdict: { kind: 'retry', notBefore: was + 500 } });
      const pause = {
        jobUid: null,
        source: 'api',
        who: 'me',
        why: null,
        since: was - 9,
        until: null,
      } as const;
      await store.pause(pause);
      await store.pause({ ...pause, source: 'tool' });
      await store.resume({ jobUid: null, sources: ['tool'], at: was, by: 'me' });
      await store.correctClock({ was, at, by: 'clock' }, everyMinute(at));
      expect((await runOf(store, 'waits')).expiresAt).toBe(at + MINUTE);
      expect((await runOf(store, 'retries')).notBefore).toBe(at + 500);
      expect((await store.pauses({ from: T0, to: was })).map((each) => [each.since, each.endedAt])).toEqual([
        [at, null],
        [at, at],
      ]);
    });
  });

  describe('the newest instant', () => {
    it('is that of the last tick, row or change', async () => {
      const { store, clock } = await open();
      expect(await store.newestInstant()).toBeNull();
      await beginBoot(store, 'boot', T0 + 1);
      expect(await store.newestInstant()).toBe(T0 + 1);
      await store.tick('boot', T0 + 2);
      expect(await store.newestInstant()).toBe(T0 + 2);
      await addJobs(store, aJob('a'));
      clock.set(T0 + 3);
      await enqueue(store, 'a', aRow('r'));
      expect(await store.newestInstant()).toBe(T0 + 3);
      const [run] = await claim(store, { at: T0 + 4 });
      expect(await store.newestInstant()).toBe(T0 + 4);
      await settle(store, run!, 'succeeded');
      expect(await store.newestInstant()).toBe(T0 + 1_004);
      await store.pause({
        jobUid: null,
        source: 'api',
        who: 'me',
        why: null,
        since: T0 + 5_000,
        until: null,
      });
      expect(await store.newestInstant()).toBe(T0 + 5_000);
    });

    it('is not one of a clock that was corrected since', async () => {
      const store = await ahead(open);
      await enqueue(store, 'a', aRow('r'));
      expect(await store.newestInstant()).toBe(minute(10 * HOUR));
      const at = minute(2 * HOUR);
      await store.correctClock({ was: minute(10 * HOUR), at, by: 'me' }, everyMinute(at));
      expect(await store.newestInstant()).toBe(at);
    });
  });
}
