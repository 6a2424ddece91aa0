// Contract: processes of jobs. Known while they are there, to whoever starts after the boot that made them.

import { describe, expect, it } from 'vitest';
import type { OpenLedger } from '../suite.ts';

const child = { bootId: 'boot-1', jobId: 'report', pid: 4_000, group: 4_000, started: 'machine:77' };

export function childPromises(open: OpenLedger): void {
  describe('children', () => {
    it('are known to every other boot, and not to their own', async () => {
      const { store, another } = await open();
      const more = { ...child, pid: 3_000, group: 3_000, jobId: 'other' };
      await store.noteChild(child);
      await store.noteChild(more);
      expect(await another.childrenOfOthers('boot-2')).toEqual([more, child]);
      expect(await another.childrenOfOthers('boot-1')).toEqual([]);
    });

    it('are known once, and no more when they are gone', async () => {
      const { store } = await open();
      await store.noteChild(child);
      await store.noteChild(child);
      expect(await store.childrenOfOthers('boot-2')).toEqual([child]);
      await store.forgetChild({ pid: child.pid, started: 'machine:78' });
      expect(await store.childrenOfOthers('boot-2')).toEqual([child]);
      await store.forgetChild(child);
      expect(await store.childrenOfOthers('boot-2')).toEqual([]);
    });
  });
}
