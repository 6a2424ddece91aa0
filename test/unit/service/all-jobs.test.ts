// All jobs are read and shaped in pages: each once, by id, and others have their turn between two of them.
import { expect, it } from 'vitest';
import type { StoredJob } from '#core/job';
import { allJobs, inTurns } from '#service/all-jobs';
import type { Store } from '#store/store';

const ids = Array.from({ length: 450 }, (_, n) => `job_${String(n).padStart(3, '0')}`);
const asked: number[] = [];
const store: Pick<Store, 'jobs'> = {
  async jobs(query) {
    const { after, limit } = query!.page!;
    const page = ids.filter((id) => id > after).slice(0, limit);
    asked.push(page.length);
    return page.map((id) => ({ id }) as StoredJob);
  },
};

it('answers every job once, by id, never many in one read', async () => {
  expect((await allJobs(store)).map((job) => job.id)).toEqual(ids);
  expect(asked.length).toBeGreaterThan(2);
  expect(Math.max(...asked)).toBeLessThan(ids.length / 2);
});

it('lets others in between two pages, of reading and of shaping', async () => {
  for (const work of [() => allJobs(store), () => inTurns(ids, (id) => id.length)]) {
    let turns = 0;
    let isOver = false;
    const count = () => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    expect(await work()).toHaveLength(ids.length);
    isOver = true;
    expect(turns).toBeGreaterThanOrEqual(2);
  }
});
