// Guard rails of jobs that agents make: interval, quota, and an end.

import { describe, expect, it } from 'vitest';
import type { JsonObject } from '#core/handler';
import { createScenario, type Scenario } from '../support/scenario.ts';

const at = '2026-03-01T00:00:30Z';
const AGENT = { by: 'mcp:anna', source: 'agent' } as const;

async function started(agents = ''): Promise<Scenario> {
  const s = await createScenario({
    at,
    scheduler: `timezone: UTC\nagents: { ${agents} }\njobs:`,
    handlers: { tick: () => ({}) },
  });
  await s.start();
  return s;
}

const job = (id: string, over: JsonObject = {}): JsonObject => ({
  ...{ id, handler: 'tick', every: '1h', owner: 'anna' },
  ...over,
});

describe('a job of an agent', () => {
  it.each([{ every: '30s' }, { every: '59s' }, { cron: '0,1 3 * * *' }])(
    'that would run every %j is refused with the limit',
    async (often) => {
      const s = await started('min_interval: 5m');
      const { every: _every, ...rest } = job('a');
      await expect(s.service.create({ ...rest, ...often }, AGENT)).rejects.toMatchObject({
        code: 'QUOTA_EXCEEDED',
        message: expect.stringContaining('5m'),
        fix: expect.stringContaining('scheduler.agents.min_interval'),
      });
      // A person may.
      expect(await s.service.create({ ...rest, ...often }, { by: 'anna', source: 'api' })).toMatchObject({
        id: 'a',
      });
    },
  );

  it('is not made to run more often by a change, whoever makes it', async () => {
    const s = await started();
    await s.service.create(job('a'), AGENT);
    await expect(s.service.update('a', { every: '10s' }, { by: 'anna' })).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
    });
    expect(await s.service.update('a', { every: '1m' }, { by: 'anna' })).toMatchObject({
      schedule: { expression: '1m' },
    });
  });

  it('is one of a few: more are refused with the limit, what there is, and how to raise it', async () => {
    const s = await started('max_jobs: 2');
    await s.service.create(job('a'), AGENT);
    await s.service.create(job('b'), AGENT);
    await expect(s.service.create(job('c'), AGENT)).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
      message: 'agent anna has 2 jobs, at most 2: a, b',
      fix: expect.stringContaining('scheduler.agents.max_jobs'),
    });
    expect(await s.service.create(job('c', { owner: 'otto' }), AGENT)).toMatchObject({ owner: 'otto' });
    await s.service.deleteJob('a', { purge: false, cancelRunning: false, by: 'anna' });
    expect(await s.service.create(job('d'), AGENT)).toMatchObject({ source: 'agent' });
  });

  it('ends as completed so long after it was made or last changed', async () => {
    const s = await started('max_ttl: 5h');
    await s.service.create(job('a'), AGENT);
    await s.service.create(job('b'), AGENT);
    await s.service.create(job('mine'), { by: 'anna', source: 'api' });
    await s.advanceTo('2026-03-01T03:00:00Z');
    await s.service.update('b', { description: 'still wanted' }, { by: 'anna' });
    await s.advanceTo('2026-03-01T07:00:00Z');
    const state = async (id: string) => (await s.service.find(id)).state;
    expect([await state('a'), await state('b'), await state('mine')]).toEqual([
      'completed',
      'active',
      'active',
    ]);
    const runs = (await s.ledger('a')).length;
    await s.advanceTo('2026-03-01T10:00:00Z');
    expect([await state('b'), (await s.ledger('a')).length]).toEqual(['completed', runs]);
    expect((await s.service.why('a', '2026-03-01T09:00:30Z')).answer).toBe('not_scheduled');
  });
});
