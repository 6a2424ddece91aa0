// Rule 6: pauses.
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createScenario, gate, type Scenario } from '../support/scenario.ts';

const TICK = 'jobs:\n  tick: { enabled: true, cron: "* * * * *" }';
const ENV_FILE = (s: Scenario) => path.join(s.dir, 'settings/.env');

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

it.each(['true', '1', 'YES', 'On'])('AUTOMATION_PAUSE=%s in the environment pauses', async (value) => {
  const s = await ticking({ AUTOMATION_PAUSE: value });
  await s.advanceTo('2026-11-21T10:01:30Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z skipped: paused']);
});

it('another value does not', async () => {
  const s = await ticking({ AUTOMATION_PAUSE: 'false' });
  await s.advanceTo('2026-11-21T10:01:30Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z succeeded']);
});

it('the .env file is read at every fire, and wins over the environment when it names the variable', async () => {
  const s = await ticking({ AUTOMATION_PAUSE: 'true' });
  await writeFile(ENV_FILE(s), 'AUTOMATION_PAUSE=false\n');
  await s.advanceTo('2026-11-21T10:01:30Z');
  await writeFile(ENV_FILE(s), 'AUTOMATION_PAUSE=on\n');
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:02:00Z skipped: paused',
  ]);
});

it('a variable that is removed from the file counts as unset there', async () => {
  const s = await ticking();
  await writeFile(ENV_FILE(s), 'AUTOMATION_PAUSE=1\n');
  await s.advanceTo('2026-11-21T10:01:30Z');
  await writeFile(ENV_FILE(s), 'OTHER=1\n');
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z skipped: paused',
    '2026-11-21T10:02:00Z succeeded',
  ]);
});

it('.aclarai_pause in the vault root pauses while it is there', async () => {
  const s = await ticking();
  const file = path.join(s.dir, 'vault/.aclarai_pause');
  await writeFile(file, '');
  await s.advanceTo('2026-11-21T10:02:30Z');
  await rm(file);
  await s.advanceTo('2026-11-21T10:03:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:02:00Z skipped: paused x2',
    '2026-11-21T10:03:00Z succeeded',
  ]);
});

it('slots of one pause become one gap row, closed at resume', async () => {
  const s = await ticking();
  await s.service.pause({ reason: 'maintenance', until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T10:05:30Z');
  await s.service.resume({ by: 'ann' });
  await s.advanceTo('2026-11-21T10:06:30Z');
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T10:07:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:05:00Z skipped: paused x5',
    '2026-11-21T10:06:00Z succeeded',
    '2026-11-21T10:07:00Z skipped: paused',
  ]);
});

it('a gap row is closed hourly', async () => {
  const s = await ticking();
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T11:02:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T11:00:00Z skipped: paused x60',
    '2026-11-21T11:02:00Z skipped: paused x2',
  ]);
});

it('a gap row is closed at a restart, and a pause that held before and after held between', async () => {
  const s = await ticking({ AUTOMATION_PAUSE: '1' });
  await s.advanceTo('2026-11-21T10:02:30Z');
  await s.stop();
  await s.advanceTo('2026-11-21T10:06:30Z');
  await s.start();
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:02:00Z skipped: paused x2',
    '2026-11-21T10:06:00Z skipped: paused x4',
  ]);
});

it('resume computes the next slot after now: nothing paused is caught up', async () => {
  const s = await ticking();
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T10:03:30Z');
  await s.service.resume({ by: 'ann' });
  await s.quiet();
  expect(s.calls).toEqual([]);
  expect(await s.service.next({ job: 'tick', count: 1 })).toMatchObject([{ slot: '2026-11-21T10:04:00Z' }]);
});

it('a slot whose due lay in a pause is skipped even if it is decided after the resume', async () => {
  const s = await ticking();
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  s.clock.jumpWall(60_000);
  await s.service.resume({ by: 'ann' });
  await s.clock.advance(30_000);
  expect(await s.ledger('tick')).toContain('2026-11-21T10:01:00Z skipped: paused');
});

it('what is already queued waits; running work goes on; runs by hand stay allowed', async () => {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler:
      'max_concurrent_executions: 1\njobs:\n  a: { enabled: true, cron: "1 10 * * *", priority: 1 }\n  b: { enabled: true, cron: "1 10 * * *" }',
    handlers: { a: () => work.promise, b: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  work.open({});
  await s.advanceTo('2026-11-21T10:02:00Z');
  expect(await s.ledger()).toEqual(['2026-11-21T10:01:00Z succeeded', '2026-11-21T10:01:00Z queued']);
  await s.service.runNow('a', { by: 'ann' });
  await s.quiet();
  expect((await s.rows('a')).map((row) => `${row.kind} ${row.state}`)).toEqual([
    'scheduled succeeded',
    'manual succeeded',
  ]);
  await s.service.resume({ by: 'ann' });
  await s.quiet();
  expect((await s.ledger('b'))[0]).toBe('2026-11-21T10:01:00Z succeeded');
});

it('resume says which sources still hold', async () => {
  const s = await ticking({ AUTOMATION_PAUSE: 'true' });
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  const answer = await s.service.resume({ by: 'ann' });
  expect(answer.still_paused_by).toMatchObject([{ source: 'environment', who: 'AUTOMATION_PAUSE' }]);
});

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

it('a one-time slot that passed in a pause runs at resume if within 24 h', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:00Z',
    scheduler: 'jobs:\n  once: { enabled: true, at: "2026-11-21T10:30:00Z" }',
    handlers: { once: () => ({}) },
  });
  await s.start();
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T12:00:00Z');
  expect(await s.ledger('once')).toEqual(['2026-11-21T10:30:00Z skipped: paused']);
  await s.service.resume({ by: 'ann' });
  await s.advanceTo('2026-11-21T12:01:00Z');
  expect(await s.ledger('once')).toEqual(['2026-11-21T10:30:00Z succeeded']);
  expect(await s.service.find('once')).toMatchObject({ state: 'completed' });
});

it('later than that its skip stands', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:00Z',
    scheduler: 'jobs:\n  once: { enabled: true, at: "2026-11-21T10:30:00Z" }',
    handlers: { once: () => ({}) },
  });
  await s.start();
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T10:31:00Z');
  await s.stop();
  await s.advanceTo('2026-11-22T11:00:00Z');
  await s.start();
  await s.service.resume({ by: 'ann' });
  await s.advanceTo('2026-11-22T11:01:00Z');
  expect(await s.ledger('once')).toEqual(['2026-11-21T10:30:00Z skipped: paused']);
  expect(await s.service.find('once')).toMatchObject({ state: 'completed' });
});

it('editing a paused job keeps it paused', async () => {
  const s = await ticking();
  await s.service.pause({ job: 'tick', reason: null, until: null, by: 'ann' });
  await s.writeSettings(
    'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n  tick: { enabled: true, cron: "*/2 * * * *" }',
  );
  await s.installed.reload();
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:02:00Z skipped: paused']);
});

it('a pause made during a run sticks', async () => {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: TICK,
    handlers: { tick: () => work.promise },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.service.pause({ job: 'tick', reason: null, until: null, by: 'ann' });
  work.open({});
  await s.advanceTo('2026-11-21T10:03:10Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:03:00Z skipped: paused x2',
  ]);
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

it('a command with another environment neither lifts nor makes the pause of the service', async () => {
  const s = await ticking({ AUTOMATION_PAUSE: 'true' });
  const other = await s.command();
  expect((await other.status()).paused).toMatchObject([{ source: 'environment' }]);
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:02:00Z skipped: paused x2']);
  const third = await s.command({ SCHEDULER_TIMEZONE: 'UTC' });
  await third.status();
  await s.stop();
  await s.advanceTo('2026-11-21T10:04:30Z');
  await (await s.command()).status();
  await s.start();
  expect((await s.ledger('tick'))[1]).toBe('2026-11-21T10:04:00Z skipped: paused x2');
});

it('without a service a command shows the outside pauses as it finds them', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: TICK,
    handlers: { tick: () => ({}) },
  });
  expect((await (await s.command({ AUTOMATION_PAUSE: 'true' })).status()).paused).toMatchObject([
    { source: 'environment' },
  ]);
  expect((await (await s.command()).status()).paused).toEqual([]);
});

it('a source that is first seen at a slot holds that slot, though timers wake a little late', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: TICK,
    handlers: { tick: () => ({}) },
  });
  const timer = s.clock.timer.bind(s.clock);
  s.clock.timer = (ms, wake) => timer(ms + 2, wake);
  await s.start();
  await s.advanceTo('2026-11-21T10:00:59Z');
  const marker = path.join(s.dir, 'vault/.aclarai_pause');
  await writeFile(marker, '');
  await s.advanceTo('2026-11-21T10:01:59Z');
  await rm(marker);
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z skipped: paused',
    '2026-11-21T10:02:00Z succeeded',
  ]);
});

it('of two .env files the later that names the variable wins', async () => {
  const s = await ticking();
  await writeFile(path.join(s.dir, '.env'), 'AUTOMATION_PAUSE=true\n');
  await s.advanceTo('2026-11-21T10:01:30Z');
  await writeFile(ENV_FILE(s), 'AUTOMATION_PAUSE=false\n');
  await s.advanceTo('2026-11-21T10:02:30Z');
  await rm(ENV_FILE(s));
  await s.advanceTo('2026-11-21T10:03:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z skipped: paused',
    '2026-11-21T10:02:00Z succeeded',
    '2026-11-21T10:03:00Z skipped: paused',
  ]);
});

it('an open gap row survives a reload', async () => {
  const s = await ticking();
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T10:01:30Z');
  await s.installed.reload();
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:02:00Z skipped: paused x2']);
});
