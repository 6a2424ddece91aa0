// Contract: stored, observed and timed pauses (rule 6).

import { describe, expect, it } from 'vitest';
import { addJobs, admitNext, aJob, effect, MINUTE, T0 } from '../../../support/ledger.ts';
import type { OpenLedger } from '../suite.ts';

const stored = {
  jobUid: null,
  source: 'api',
  who: 'me',
  why: 'maintenance',
  since: T0,
  until: null,
} as const;
const env = { source: 'environment', who: 'AUTOMATION_PAUSE' } as const;
const file = { source: 'vault_file', who: '.aclarai_pause' } as const;

export function pausePromises(open: OpenLedger): void {
  describe('stored pauses', () => {
    it('hold a target once for each source', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'), aJob('b'));
      const targets = [
        stored,
        stored,
        { ...stored, source: 'tool' },
        { ...stored, jobUid: 'uid-a' },
        { ...stored, jobUid: 'uid-b' },
        { ...stored, jobUid: 'uid-a', who: 'you' },
      ] as const;
      const answers: boolean[] = [];
      for (const pause of targets) answers.push(await store.pause(pause));
      expect(answers).toEqual([true, false, true, true, true, false]);
      const all = await store.pauses({ from: T0, to: T0 });
      expect(all).toHaveLength(4);
      expect(all[0]).toEqual({ ...stored, id: all[0]!.id, endedAt: null });
    });

    it('end for their target and their sources only, and can be opened again', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await store.pause(stored);
      await store.pause({ ...stored, source: 'circuit' });
      await store.pause({ ...stored, jobUid: 'uid-a' });
      const { ended } = await store.resume({ jobUid: null, sources: ['api', 'tool'], at: T0 + 9, by: 'you' });
      expect(ended).toMatchObject([{ jobUid: null, source: 'api', endedAt: T0 + 9 }]);
      expect((await store.resume({ jobUid: null, sources: ['api'], at: T0 + 9, by: 'you' })).ended).toEqual(
        [],
      );
      const still = (await store.pauses({ from: T0 + 10, to: T0 + 10 })).map((pause) => [
        pause.jobUid,
        pause.source,
      ]);
      expect(still).toEqual([
        [null, 'circuit'],
        ['uid-a', 'api'],
      ]);
      expect(await store.pause({ ...stored, since: T0 + 20 })).toBe(true);
    });

    it('refuse a job that is not there', async () => {
      const { store } = await open();
      await expect(store.pause({ ...stored, jobUid: 'none' })).rejects.toMatchObject({
        code: 'JOB_NOT_FOUND',
      });
    });

    it('stay when their job is edited', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await store.pause({ ...stored, jobUid: 'uid-a' });
      await effect(store, { update: [{ uid: 'uid-a', set: { name: 'other' } }] });
      expect(await store.pauses({ from: T0, to: T0 })).toMatchObject([{ jobUid: 'uid-a', endedAt: null }]);
    });

    it('are in the audit, with who and why', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await store.pause({ ...stored, jobUid: 'uid-a' });
      await store.resume({ jobUid: 'uid-a', sources: ['api'], at: T0 + 9, by: 'you' });
      expect(await store.changes({ jobUid: 'uid-a', limit: 5 })).toEqual([
        {
          jobUid: 'uid-a',
          at: T0 + 9,
          what: 'resumed',
          before: { source: 'api', who: 'me', since: T0 },
          after: null,
          by: 'you',
        },
        {
          jobUid: 'uid-a',
          at: T0,
          what: 'paused',
          before: null,
          after: { source: 'api', why: 'maintenance', until: null },
          by: 'me',
        },
      ]);
    });
  });

  describe('timed pauses', () => {
    it('end at their time, not when somebody looks', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a', { nextDue: T0 + 10 * MINUTE, nextSlot: T0 + 10 * MINUTE }));
      await store.pause({ ...stored, until: T0 + MINUTE });
      let seen: unknown;
      await store.fire(T0 + 10 * MINUTE, (due) => {
        seen = due.pauses.map((pause) => pause.endedAt);
        return admitNext(due);
      });
      expect(seen).toEqual([T0 + MINUTE]);
    });

    it('are over for a question about later, and can be held anew', async () => {
      const { store } = await open();
      await store.pause({ ...stored, until: T0 + MINUTE });
      expect(await store.pauses({ from: T0 + MINUTE, to: T0 + 2 * MINUTE })).toEqual([]);
      expect(await store.pauses({ from: T0 + MINUTE - 1, to: T0 + 2 * MINUTE })).toHaveLength(1);
      expect(
        (await store.resume({ jobUid: null, sources: ['api'], at: T0 + MINUTE, by: 'me' })).ended,
      ).toEqual([]);
      expect(await store.pause({ ...stored, since: T0 + MINUTE })).toBe(true);
    });
  });

  describe('observe', () => {
    it('opens what is held first, keeps what goes on, ends what is gone', async () => {
      const { store } = await open();
      expect(await store.observe(T0, [env])).toMatchObject([
        { ...env, jobUid: null, since: T0, endedAt: null },
      ]);
      expect(await store.observe(T0 + 1, [env, file])).toMatchObject([
        { ...env, since: T0 },
        { ...file, since: T0 + 1 },
      ]);
      expect(await store.observe(T0 + 2, [file])).toMatchObject([file]);
      expect(await store.observe(T0 + 3, [])).toEqual([]);
      const spans = (await store.pauses({ from: T0, to: T0 + 9 })).map((pause) => [
        pause.who,
        pause.since - T0,
        pause.endedAt! - T0,
      ]);
      expect(spans).toEqual([
        [env.who, 0, 2],
        [file.who, 1, 3],
      ]);
    });

    it('ends what no longer holds at the last tick of the boot that saw it', async () => {
      const { store } = await open();
      await store.observe(T0, [env, file]);
      await store.observe(T0 + 100, [file], T0 + 40);
      const spans = (await store.pauses({ from: T0, to: T0 + 200 })).map((pause) => [
        pause.who,
        pause.since - T0,
        pause.endedAt,
      ]);
      expect(spans).toEqual([
        [env.who, 0, T0 + 40],
        [file.who, 0, null],
      ]);
    });

    it('answers the stored global pauses beside its own, and neither ends the other', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'));
      await store.pause(stored);
      await store.pause({ ...stored, jobUid: 'uid-a' });
      expect((await store.observe(T0 + 1, [env])).map((pause) => pause.source)).toEqual([
        'api',
        'environment',
      ]);
      expect(
        (await store.resume({ jobUid: null, sources: ['environment'], at: T0 + 2, by: 'me' })).ended,
      ).toEqual([]);
      expect((await store.observe(T0 + 3, [])).map((pause) => pause.source)).toEqual(['api']);
    });

    it('tells two files of one source apart', async () => {
      const { store } = await open();
      const files = ['a/.env', 'b/.env'].map((who) => ({ source: 'env_file', who }) as const);
      expect(await store.observe(T0, files)).toHaveLength(2);
      expect(await store.observe(T0 + 1, files.slice(1))).toMatchObject([{ who: 'b/.env' }]);
    });
  });

  describe('pauses', () => {
    it('answers those that overlap, open ones as endless, by their beginning', async () => {
      const { store } = await open();
      await store.pause({ ...stored, since: T0 + 50 });
      await store.pause({ ...stored, source: 'tool', since: T0 + 10 });
      await store.resume({ jobUid: null, sources: ['tool'], at: T0 + 20, by: 'me' });
      const between = async (from: number, to: number) =>
        (await store.pauses({ from: T0 + from, to: T0 + to })).map((pause) => pause.source);
      expect(await between(0, 9)).toEqual([]);
      expect(await between(0, 10)).toEqual(['tool']);
      expect(await between(19, 100)).toEqual(['tool', 'api']);
      expect(await between(20, 49)).toEqual([]);
      expect(await between(900, 999)).toEqual(['api']);
    });
  });
}
