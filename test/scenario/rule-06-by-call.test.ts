// Rule 6, pauses by a call: of all jobs and of one, timed, and by the tool.
import { expect, it } from 'vitest';
import { openSqliteStore } from '#store/sqlite/open';
import { createScenario, type Scenario } from '../support/scenario.ts';

const TICK = 'jobs:\n  tick: { enabled: true, cron: "* * * * *" }';

async function ticking(env: Record<string, string> = {}): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: TICK,
    handlers: { tick: () => ({}) },
    env,
  });
  await s.start();
  return s;
}

it('global and per-job pauses are separate: resuming all never revives a job paused by itself', async () => {
  const s = await ticking();
  await s.service.pause({ job: 'tick', reason: null, until: null, by: 'ann' });
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.service.resume({ by: 'ann' });
  await s.advanceTo('2026-11-21T10:01:30Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z skipped: paused']);
  await s.service.resume({ job: 'tick', by: 'ann' });
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect((await s.ledger('tick'))[1]).toBe('2026-11-21T10:02:00Z succeeded');
});

it('pausing twice and resuming nothing are errors', async () => {
  const s = await ticking();
  await expect(s.service.resume({ by: 'ann' })).rejects.toMatchObject({ code: 'NOT_PAUSED' });
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await expect(s.service.pause({ reason: null, until: null, by: 'bob' })).rejects.toMatchObject({
    code: 'ALREADY_PAUSED',
  });
});

it('why names who paused, from when to when', async () => {
  const s = await ticking();
  await s.service.pause({ reason: 'backup', until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T10:02:30Z');
  await s.service.resume({ by: 'ann' });
  const answer = await s.service.why('tick', Date.parse('2026-11-21T10:01:00Z'));
  expect(answer).toMatchObject({
    answer: 'skipped',
    reason: 'paused',
    because: {
      pauses: [
        { who: 'ann', why: 'backup', since: '2026-11-21T10:00:30Z', ended_at: '2026-11-21T10:02:30Z' },
      ],
    },
  });
});

it('a timed pause ends by itself, to the second', async () => {
  const s = await ticking();
  const until = Date.parse('2026-11-21T10:03:00Z');
  await s.service.pause({ reason: null, until, by: 'ann' });
  expect((await s.installed.status()).paused).toMatchObject([{ until: '2026-11-21T10:03:00Z' }]);
  await s.advanceTo('2026-11-21T10:03:00Z');
  expect((await s.installed.status()).paused).toEqual([]);
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:02:00Z skipped: paused x2',
    '2026-11-21T10:03:00Z succeeded',
  ]);
});

it('a timed pause ends at its time also while no service is up', async () => {
  const s = await ticking();
  await s.service.pause({ reason: null, until: Date.parse('2026-11-21T10:02:30Z'), by: 'ann' });
  await s.stop();
  await s.advanceTo('2026-11-21T10:04:30Z');
  await s.start();
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:02:00Z skipped: paused x2',
    '2026-11-21T10:04:00Z succeeded x2',
  ]);
});

it('a timed pause can be lifted early', async () => {
  const s = await ticking();
  await s.service.pause({ reason: null, until: Date.parse('2026-11-21T12:00:00Z'), by: 'ann' });
  await s.service.resume({ by: 'bob' });
  await s.advanceTo('2026-11-21T10:01:10Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z succeeded']);
});

it('resuming one job leaves the pause of all, and says so', async () => {
  const s = await ticking();
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.service.pause({ job: 'tick', reason: null, until: null, by: 'bob' });
  expect(await s.service.resume({ job: 'tick', by: 'bob' })).toMatchObject({
    resumed: 1,
    still_paused_by: [{ source: 'api', who: 'ann' }],
  });
  await expect(s.service.resume({ job: 'tick', by: 'bob' })).rejects.toMatchObject({ code: 'NOT_PAUSED' });
  await s.advanceTo('2026-11-21T10:01:10Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z skipped: paused']);
});

it('where only the stop of the tool holds the word is stopped', async () => {
  const s = await ticking();
  const store = await openSqliteStore({ stateDir: s.installed.settings.stateDir, clock: s.clock });
  const stop = {
    jobUid: null,
    source: 'tool',
    who: 'tool',
    why: null,
    since: s.clock.now(),
    until: null,
  } as const;
  await store.pause(stop);
  await s.advanceTo('2026-11-21T10:02:10Z');
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T10:03:10Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:02:00Z skipped: stopped x2',
    '2026-11-21T10:03:00Z skipped: paused',
  ]);
  await store.close();
});

it('a pause that ends before it begins is refused', async () => {
  const s = await ticking();
  await expect(
    s.service.pause({ reason: null, until: Date.parse('2026-11-21T10:00:30Z'), by: 'ann' }),
  ).rejects.toMatchObject({ code: 'INVALID_PARAMETERS' });
  expect((await s.installed.status()).paused).toEqual([]);
});
