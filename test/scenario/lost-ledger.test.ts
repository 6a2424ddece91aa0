// The state directory is deleted, moved or replaced under a running service: it says so, and admits nothing meanwhile.

import { cp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createScenario, type Scenario } from '../support/scenario.ts';

async function ticking(): Promise<{ s: Scenario; state: string; aside: string }> {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *" }',
    handlers: { tick: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:02:30Z');
  return { s, state: s.installed.settings.stateDir, aside: path.join(s.dir, 'aside') };
}

const LOST = expect.stringMatching(/scheduler\.db was (deleted or moved|replaced by another file)/);

it('deleted: nothing is admitted, log and status say so with a fix; put back, it goes on', async () => {
  const { s, state, aside } = await ticking();
  await rename(state, aside);
  await s.advanceTo('2026-11-21T10:05:30Z');
  expect(s.calls).toHaveLength(2);
  expect((await s.installed.status()).warnings).toContainEqual(LOST);
  expect(s.lines).toContainEqual(
    expect.objectContaining({
      level: 'ERROR',
      error: LOST,
      details: { fix: expect.stringContaining('put the directory back') },
    }),
  );
  await expect(s.service.runNow('tick', { by: 'ann' })).rejects.toMatchObject({ code: 'DATABASE_ERROR' });
  await rename(aside, state);
  await s.advanceTo('2026-11-21T10:06:30Z');
  expect((await s.installed.status()).warnings).toEqual([]);
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:02:00Z succeeded',
    '2026-11-21T10:06:00Z succeeded x4',
  ]);
});

it('within a heartbeat, also where nothing is due', async () => {
  const { s, state, aside } = await ticking();
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await rename(state, aside);
  await s.clock.advance(10_000);
  expect(s.lines).toContainEqual(expect.objectContaining({ level: 'ERROR', error: LOST }));
  await rename(aside, state);
});

it('replaced by a copy: neither the one that is open nor the other gets a row', async () => {
  const { s, state, aside } = await ticking();
  await rename(state, aside);
  await cp(aside, state, { recursive: true });
  await s.advanceTo('2026-11-21T10:05:30Z');
  expect(s.calls).toHaveLength(2);
  expect((await s.installed.status()).warnings).toContainEqual(LOST);
  const command = await s.command();
  expect(await command.service.history({ limit: 10 })).toHaveLength(2);
  await rm(state, { recursive: true });
  await rename(aside, state);
});
