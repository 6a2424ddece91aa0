// Contract: registered cleanups, their audit and their last runs (the law of the housekeeper).

import { describe, expect, it } from 'vitest';
import type { CleanupRule } from '#core/cleanup';
import { T0 } from '../../../support/ledger.ts';
import type { OpenLedger } from '../suite.ts';

const rule = (over: Partial<CleanupRule> = {}): CleanupRule => ({
  id: 'logs',
  directory: '/srv/logs',
  pattern: '*.log',
  retentionDays: 1.5,
  maxFiles: 0,
  maxSizeMb: null,
  minKeep: 2,
  priority: 7,
  recursive: true,
  dryRun: false,
  description: 'logs',
  maxDeleteShare: 0.5,
  source: 'api',
  origin: null,
  moduleId: 'mod',
  ...over,
});

export function cleanupPromises(open: OpenLedger): void {
  describe('cleanups', () => {
    it('are kept as registered, by id, and seen by other processes', async () => {
      const { store, another } = await open();
      for (const id of ['b', 'a']) {
        await store.changeCleanup(T0, 'me', () => ({ kind: 'put', rule: rule({ id }) }));
      }
      const kept = { createdAt: T0, updatedAt: T0 };
      expect(await another.cleanups()).toEqual([
        { ...rule({ id: 'a' }), ...kept },
        { ...rule({ id: 'b' }), ...kept },
      ]);
    });

    it('are replaced under their id, and keep the time of their making', async () => {
      const { store } = await open();
      await store.changeCleanup(T0, 'me', () => ({ kind: 'put', rule: rule() }));
      const changed = rule({ maxFiles: null, recursive: false, moduleId: null });
      await store.changeCleanup(T0 + 5, 'you', ([now]) => {
        expect(now).toMatchObject({ id: 'logs', maxFiles: 0 });
        return { kind: 'put', rule: changed };
      });
      expect(await store.cleanups()).toEqual([{ ...changed, createdAt: T0, updatedAt: T0 + 5 }]);
    });

    it('leave a row of the audit for each change, and none for what was not there', async () => {
      const { store } = await open();
      await store.changeCleanup(T0, 'me', () => ({ kind: 'put', rule: rule() }));
      await store.changeCleanup(T0 + 1, 'you', () => ({ kind: 'put', rule: rule({ minKeep: 9 }) }));
      await store.changeCleanup(T0 + 2, 'they', () => ({ kind: 'remove', id: 'logs' }));
      await store.changeCleanup(T0 + 3, 'they', () => ({ kind: 'remove', id: 'logs' }));
      expect(await store.cleanups()).toEqual([]);
      expect(await store.changes({ limit: 9 })).toMatchObject([
        { what: 'cleanup_removed', before: { id: 'logs', minKeep: 9 }, after: null, by: 'they', at: T0 + 2 },
        { what: 'cleanup_updated', before: { minKeep: 2 }, after: { minKeep: 9 }, by: 'you', at: T0 + 1 },
        { what: 'cleanup_registered', before: null, after: { id: 'logs', moduleId: 'mod' }, jobUid: null },
      ]);
    });

    it('are as they were when a decision throws', async () => {
      const { store } = await open();
      await store.changeCleanup(T0, 'me', () => ({ kind: 'put', rule: rule() }));
      const refusal = store.changeCleanup(T0 + 1, 'me', () => {
        throw new Error('no');
      });
      await expect(refusal).rejects.toThrow('no');
      expect(await store.cleanups()).toHaveLength(1);
      expect(await store.changes({ limit: 9 })).toHaveLength(1);
    });

    it('have a last run that only moves forward and goes with a rule that is removed', async () => {
      const { store, another } = await open();
      await store.changeCleanup(T0, 'me', () => ({ kind: 'put', rule: rule() }));
      await store.noteCleanupRuns(['logs', 'of_settings'], T0 + 10);
      await another.noteCleanupRuns(['logs'], T0 + 5);
      await store.noteCleanupRuns([], T0 + 20);
      expect(await store.cleanupRuns()).toEqual(
        new Map([
          ['logs', T0 + 10],
          ['of_settings', T0 + 10],
        ]),
      );
      await store.changeCleanup(T0 + 30, 'me', () => ({ kind: 'remove', id: 'logs' }));
      expect([...(await store.cleanupRuns()).keys()]).toEqual(['of_settings']);
    });
  });
}
