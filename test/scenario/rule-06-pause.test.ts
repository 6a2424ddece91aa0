// Rule 6, the sources: environment, files, and what is stored.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { altered } from '../support/altered-store.ts';
import { createScenario, type Scenario } from '../support/scenario.ts';

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

it('resume says which sources still hold', async () => {
  const s = await ticking({ AUTOMATION_PAUSE: 'true' });
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  const answer = await s.service.resume({ by: 'ann' });
  expect(answer.still_paused_by).toMatchObject([{ source: 'environment', who: 'AUTOMATION_PAUSE' }]);
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

it('a slot that becomes due while the sources are being read is decided by the next look at them', async () => {
  let isSlow = false;
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *" }',
    handlers: { tick: () => ({}) },
    openStore: altered((store) => ({
      async observe(...args) {
        if (isSlow) {
          isSlow = false;
          await writeFile(path.join(s.dir, 'vault/.aclarai_pause'), '');
          s.clock.block(1_000);
        }
        return await store.observe(...args);
      },
    })),
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:00:59.500Z');
  isSlow = true;
  await s.installed.reload();
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger()).toEqual(['2026-11-21T10:02:00Z skipped: paused x2']);
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

it.each(['0', 'no', 'off', '', 'please'])('AUTOMATION_PAUSE="%s" holds nothing', async (value) => {
  const s = await ticking({ AUTOMATION_PAUSE: value });
  await s.advanceTo('2026-11-21T10:01:10Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z succeeded']);
});

it('a file that names the variable with nothing behind it lifts that of the environment', async () => {
  const s = await ticking({ AUTOMATION_PAUSE: 'true' });
  await writeFile(ENV_FILE(s), 'AUTOMATION_PAUSE=\n');
  await s.advanceTo('2026-11-21T10:01:10Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z succeeded']);
});

it('a file that does not name it any more leaves it to the environment', async () => {
  const s = await ticking({ AUTOMATION_PAUSE: 'true' });
  await writeFile(ENV_FILE(s), 'AUTOMATION_PAUSE=false\n');
  await s.advanceTo('2026-11-21T10:01:10Z');
  await writeFile(ENV_FILE(s), 'OTHER=1\n');
  await s.advanceTo('2026-11-21T10:02:10Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:02:00Z skipped: paused',
  ]);
});

it('.aclarai_pause may be anything of that name', async () => {
  const s = await ticking();
  await mkdir(path.join(s.dir, 'vault/.aclarai_pause'));
  await s.advanceTo('2026-11-21T10:01:10Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z skipped: paused']);
});

it('a pause that is stored outlives a restart; one of the environment goes with it', async () => {
  const s = await ticking();
  await s.service.pause({ reason: 'backup', until: null, by: 'ann' });
  await s.crash();
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z skipped: paused']);
  expect((await s.installed.status()).paused).toMatchObject([{ source: 'api', who: 'ann', why: 'backup' }]);
});

it('a source that comes while no service is up holds from the start on, not before', async () => {
  const s = await ticking();
  await s.stop();
  await writeFile(path.join(s.dir, 'vault/.aclarai_pause'), '');
  await s.advanceTo('2026-11-21T10:03:30Z');
  await s.start();
  await s.advanceTo('2026-11-21T10:04:10Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:03:00Z queued x3',
    '2026-11-21T10:04:00Z skipped: paused',
  ]);
  await rm(path.join(s.dir, 'vault/.aclarai_pause'));
  await s.advanceTo('2026-11-21T10:04:40Z');
  expect((await s.ledger('tick'))[0]).toBe('2026-11-21T10:03:00Z succeeded x3');
});

it('a source that goes while no service is up has held until the last sign of life', async () => {
  const s = await ticking();
  const marker = path.join(s.dir, 'vault/.aclarai_pause');
  await writeFile(marker, '');
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.crash();
  await rm(marker);
  await s.advanceTo('2026-11-21T10:02:30Z');
  await s.start();
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z skipped: paused',
    '2026-11-21T10:02:00Z succeeded',
  ]);
});

it('a source that was seen at a slot after the last tick, and is gone at the start after, held that slot', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "5 * * * * *" }',
    handlers: { tick: () => ({}) },
  });
  await s.start();
  const marker = path.join(s.dir, 'vault/.aclarai_pause');
  await writeFile(marker, '');
  await s.advanceTo('2026-11-21T10:01:05Z');
  await s.crash();
  await rm(marker);
  await s.advanceTo('2026-11-21T10:01:20Z');
  await s.start();
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:05Z skipped: paused']);
  const held = { source: 'vault_file', ended_at: '2026-11-21T10:01:05.001Z' };
  expect(await s.service.why('tick', '2026-11-21T10:01:05Z')).toMatchObject({ because: { pauses: [held] } });
});

it('a source outside cannot be lifted by resume: it is named', async () => {
  const s = await ticking({ AUTOMATION_PAUSE: 'true' });
  await expect(s.service.resume({ by: 'ann' })).rejects.toMatchObject({
    code: 'NOT_PAUSED',
    fix: 'held by AUTOMATION_PAUSE: lift it there',
  });
});
