// Contract: what the invariant check asks for: jobs in pages, and holes that stay on record once they are found.

import { describe, expect, it } from 'vitest';
import { addJobs, aJob, effect, jobNamed, MINUTE, T0 } from '../../../support/ledger.ts';
import type { OpenLedger } from '../suite.ts';

export function auditPromises(open: OpenLedger): void {
  describe('the invariant check', () => {
    it('gives jobs in pages, ordered by id', async () => {
      const { store } = await open();
      await addJobs(store, aJob('c'), aJob('a'), aJob('b'));
      const page = async (after: string) =>
        (await store.jobs({ page: { after, limit: 2 } })).map((job) => job.id);
      expect(await page('')).toEqual(['a', 'b']);
      expect(await page('b')).toEqual(['c']);
      expect(await page('c')).toEqual([]);
    });

    it('records holes together with how far it has looked', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'), aJob('b'));
      const hole = { from: T0 + MINUTE, to: T0 + 3 * MINUTE, count: 3 };
      const at = T0 + 9 * MINUTE;
      await store.markAudited([{ uid: 'uid-a', to: at }], [{ jobUid: 'uid-a', at, ...hole }]);
      expect((await jobNamed(store, 'a')).auditedTo).toBe(at);
      expect(await store.changes({ what: 'hole', limit: 9 })).toEqual([
        { jobUid: 'uid-a', at, what: 'hole', before: null, after: hole, by: 'audit' },
      ]);
    });

    it('finds changes of one kind, of one job or of all, newest first', async () => {
      const { store } = await open();
      await addJobs(store, aJob('a'), aJob('b'));
      const change = (jobUid: string, what: 'enabled' | 'schedule') => ({
        ...{ jobUid, what, before: null, after: null, by: 'test' },
      });
      await effect(store, { changes: [change('uid-a', 'enabled'), change('uid-b', 'schedule')] });
      await effect(store, { changes: [change('uid-b', 'enabled')] }, T0 + MINUTE);
      const found = async (query: object) =>
        (await store.changes({ limit: 9, ...query })).map(({ jobUid, what }) => `${jobUid} ${what}`);
      expect(await found({ what: 'enabled' })).toEqual(['uid-b enabled', 'uid-a enabled']);
      expect(await found({ what: 'enabled', jobUid: 'uid-a' })).toEqual(['uid-a enabled']);
      expect(await found({ what: 'enabled', before: T0 })).toEqual(['uid-a enabled']);
      expect(await found({ what: 'hole' })).toEqual([]);
    });
  });
}
