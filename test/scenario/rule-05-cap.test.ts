import { expect, it } from 'vitest';
import { createScenario, gate } from '../support/scenario.ts';

it('runs a job at each slot and keeps a row of each', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *", handler: tick }',
    handlers: { tick: () => ({ success: true, items_processed: 3 }) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:03:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:02:00Z succeeded',
    '2026-11-21T10:03:00Z succeeded',
  ]);
  void gate;
});
