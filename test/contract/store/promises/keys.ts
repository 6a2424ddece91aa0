// Contract: keys. The last value stands, for every process, and the audit says who changed which.

import { describe, expect, it } from 'vitest';
import { T0 } from '../../../support/ledger.ts';
import type { OpenLedger } from '../suite.ts';

const ALL = { prefix: '', after: '', limit: 9 };

export function keyPromises(open: OpenLedger): void {
  describe('keys', () => {
    it.each([[null], [0], ['text'], [[1, { a: null }]], [{ deep: { value: 'ü' } }]])(
      'keep %j',
      async (value) => {
        const { store, another } = await open();
        await store.setKey('k', 'before', T0, 'me');
        await store.setKey('k', value, T0 + 1, 'you');
        expect(await another.key('k')).toEqual({ name: 'k', value, updatedAt: T0 + 1, updatedBy: 'you' });
      },
    );

    it('are listed by name in pages, a prefix taken literally', async () => {
      const { store } = await open();
      for (const name of ['b', 'a_2', 'a%1', 'a', 'A']) await store.setKey(name, 1, T0, 'me');
      const names = async (query: object) => (await store.keys({ ...ALL, ...query })).map(({ name }) => name);
      expect(await names({})).toEqual(['A', 'a', 'a%1', 'a_2', 'b']);
      expect(await names({ limit: 2 })).toEqual(['A', 'a']);
      expect(await names({ after: 'a' })).toEqual(['a%1', 'a_2', 'b']);
      expect(await names({ prefix: 'a' })).toEqual(['a', 'a%1', 'a_2']);
      expect(await names({ prefix: 'a_' })).toEqual(['a_2']);
      expect(await names({ prefix: 'a%' })).toEqual(['a%1']);
    });

    it('are gone once they are deleted, and leave their names in the audit, not their values', async () => {
      const { store } = await open();
      await store.setKey('k', 'sesame', T0, 'me');
      expect(await store.deleteKey('k', T0 + 1, 'you')).toBe(true);
      expect(await store.deleteKey('k', T0 + 2, 'you')).toBe(false);
      expect(await store.key('k')).toBeNull();
      const changes = await store.changes({ limit: 9 });
      expect(changes.map(({ what, by }) => [what, by])).toEqual([
        ['key_deleted', 'you'],
        ['key_set', 'me'],
      ]);
      expect(JSON.stringify(changes)).not.toContain('sesame');
    });
  });
}
