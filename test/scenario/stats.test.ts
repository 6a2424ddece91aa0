// Figures about all jobs, over the days, weeks and months of the scheduler's zone.

import { expect, it } from 'vitest';
import { createScenario } from '../support/scenario.ts';

it('counts starts of today, this week and this month, and how they ended', async () => {
  const s = await createScenario({
    // A Sunday; the month, the week and the day begin at an hour of their own in Berlin.
    at: '2026-02-28T22:30:00Z',
    scheduler: `
timezone: Europe/Berlin
jobs:
  good: { handler: good, enabled: true, cron: "0 * * * *" }
  bad: { handler: bad, enabled: true, cron: "30 12 * * *", retries: 0 }
  off: { handler: good, enabled: false, cron: "0 * * * *" }`,
    handlers: {
      good: () => ({}),
      bad: () => {
        throw new Error('no');
      },
    },
  });
  await s.start();
  expect(await s.service.stats()).toMatchObject({
    executions_today: 0,
    success_rate: null,
    average_duration: null,
  });
  await s.service.pause({ job: 'bad', reason: null, until: null, by: 'ann' });
  await s.service.resume({ job: 'bad', by: 'ann' });
  // 00:00 to 23:00 on Sunday, 1 March: 24; the first of them ends February in UTC, not in Berlin.
  await s.advanceTo('2026-03-01T22:30:00Z');
  expect(await s.service.stats()).toEqual({
    total: 5,
    active: 2,
    paused: 0,
    executions_today: 25,
    executions_this_week: 25,
    executions_this_month: 25,
    success_rate: 24 / 25,
    average_duration: 0,
  });
  await s.service.pause({ job: 'bad', reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-03-02T00:30:00Z');
  expect(await s.service.stats()).toMatchObject({
    active: 1,
    paused: 1,
    executions_today: 2,
    executions_this_week: 2,
    executions_this_month: 27,
  });
});
