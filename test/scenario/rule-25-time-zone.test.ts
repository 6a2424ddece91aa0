// Rule 25: in which zone schedules are read, and times are shown.
import { expect, it } from 'vitest';
import { createScenario, type Scenario } from '../support/scenario.ts';

const at = '2026-11-21T10:00:30Z';
const OFF = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';
const DAILY = 'daily: { enabled: true, cron: "0 9 * * *" }';
const OWN = 'own: { enabled: true, cron: "0 9 * * *", timezone: America/Havana }';

async function zoned(head: string, env: Record<string, string> = {}, jobs = [DAILY, OWN]): Promise<Scenario> {
  const s = await createScenario({
    at,
    env,
    scheduler: `${head}jobs:\n  ${jobs.join('\n  ')}`,
    handlers: { daily: () => ({}), own: () => ({}) },
  });
  await s.start();
  return s;
}

it.each<[string, Record<string, string>, string, string, string]>([
  [
    'SCHEDULER_TIMEZONE goes first',
    { SCHEDULER_TIMEZONE: 'Asia/Tokyo', TZ: 'UTC' },
    'timezone: Europe/Paris\n',
    'Asia/Tokyo',
    '2026-11-22T09:00:00+09:00',
  ],
  [
    'then the file',
    { TZ: 'Asia/Tokyo' },
    'timezone: Europe/Paris\n',
    'Europe/Paris',
    '2026-11-22T09:00:00+01:00',
  ],
  ['then TZ', { TZ: 'Asia/Tokyo' }, '', 'Asia/Tokyo', '2026-11-22T09:00:00+09:00'],
  ['else UTC', {}, '', 'UTC', '2026-11-22T09:00:00Z'],
  ['a TZ that is empty names none', { TZ: '' }, '', 'UTC', '2026-11-22T09:00:00Z'],
  ['a TZ that is a path names none', { TZ: ':/etc/localtime' }, '', 'UTC', '2026-11-22T09:00:00Z'],
])('%s', async (_case, env, head, zone, slot) => {
  const s = await zoned(head, env);
  expect(await s.service.next({ job: 'daily', count: 1 })).toEqual([
    { job: 'daily', job_name: 'daily', slot, timezone: zone },
  ]);
  expect(await s.installed.status()).toMatchObject({ timezone: zone });
});

it('timezone per job, whatever holds for the others', async () => {
  const s = await zoned('timezone: Europe/Paris\n', { SCHEDULER_TIMEZONE: 'Asia/Tokyo' });
  expect(await s.service.next({ job: 'own', count: 1 })).toMatchObject([
    { timezone: 'America/Havana', slot: '2026-11-21T09:00:00-05:00' },
  ]);
});

it('scheduler.defaults.timezone stands between the job and the scheduler', async () => {
  const s = await zoned('timezone: Europe/Paris\ndefaults: { timezone: Asia/Tokyo }\n');
  expect((await s.service.find('daily')).schedule.timezone).toBe('Asia/Tokyo');
  expect((await s.service.find('own')).schedule.timezone).toBe('America/Havana');
  expect(await s.installed.status()).toMatchObject({ timezone: 'Europe/Paris' });
});

it('stored as instants: another zone shows the same instant, and moves what is to come', async () => {
  const s = await zoned('timezone: Europe/Paris\n', {}, ['daily: { enabled: true, cron: "1 11 * * *" }']);
  await s.advanceTo('2026-11-21T10:01:10Z');
  expect(await s.rows('daily')).toMatchObject([{ slot: '2026-11-21T11:01:00+01:00', state: 'succeeded' }]);
  await s.writeSettings(`timezone: Asia/Tokyo\n${OFF}  daily: { enabled: true, cron: "1 11 * * *" }`);
  await s.installed.reload();
  expect(await s.rows('daily')).toMatchObject([{ slot: '2026-11-21T19:01:00+09:00', state: 'succeeded' }]);
  expect(await s.service.next({ job: 'daily', count: 1 })).toMatchObject([
    { slot: '2026-11-22T11:01:00+09:00' },
  ]);
});

it('a changed zone is a changed schedule: nothing is caught up across it', async () => {
  const s = await zoned('timezone: UTC\n', {}, [
    'daily: { enabled: true, cron: "0 * * * *", misfire_policy: all }',
  ]);
  await s.stop();
  await s.advanceTo('2026-11-21T12:30:00Z');
  await s.writeSettings(
    `timezone: Asia/Tokyo\n${OFF}  daily: { enabled: true, cron: "0 * * * *", misfire_policy: all }`,
  );
  await s.start();
  expect(await s.ledger('daily')).toEqual(['2026-11-21T21:00:00+09:00 missed: downtime x2']);
});

it('every time of a job and its runs is shown with the offset of its zone', async () => {
  const s = await zoned('', {}, ['own: { enabled: true, cron: "* * * * *", timezone: Asia/Kathmandu }']);
  await s.advanceTo('2026-11-21T10:02:10Z');
  expect(await s.service.find('own')).toMatchObject({
    next_run: '2026-11-21T15:48:00+05:45',
    last_run: '2026-11-21T15:47:00+05:45',
    created_at: '2026-11-21T15:45:30+05:45',
    schedule: { timezone: 'Asia/Kathmandu' },
  });
  expect((await s.rows('own'))[0]).toMatchObject({
    slot: '2026-11-21T15:46:00+05:45',
    due_at: '2026-11-21T15:46:00+05:45',
    queued_at: '2026-11-21T15:46:00+05:45',
    started_at: '2026-11-21T15:46:00+05:45',
    ended_at: '2026-11-21T15:46:00+05:45',
  });
  expect(await s.service.why('own', Date.parse('2026-11-21T10:01:00Z'))).toMatchObject({
    at: '2026-11-21T15:46:00+05:45',
    slot: '2026-11-21T15:46:00+05:45',
  });
});

it('times of the scheduler are shown in its zone', async () => {
  const s = await zoned('timezone: Europe/Paris\n');
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  const status = await s.installed.status();
  expect(status).toMatchObject({ since: '2026-11-21T11:00:30+01:00', now: '2026-11-21T11:00:30+01:00' });
  expect(status.paused).toMatchObject([{ since: '2026-11-21T11:00:30+01:00' }]);
});

it("status shows the tz database's version", async () => {
  expect((await (await zoned('')).installed.status()).tzdata).toBe(process.versions.tz);
});

it('a zone in any case is shown in its own spelling', async () => {
  const s = await zoned('timezone: europe/paris\n');
  expect(await s.installed.status()).toMatchObject({ timezone: 'Europe/Paris' });
});

it.each([
  ['Europe/Pariss', 'did you mean "Europe/Paris"?'],
  ['Paris', 'did you mean "Europe/Paris"?'],
  ['"+02:00"', 'an offset has no rules for summer time'],
])('timezone: %s is refused', async (zone, says) => {
  await expect(zoned(`timezone: ${zone}\n`)).rejects.toThrow(says);
  await expect(
    zoned('', {}, [`own: { enabled: true, cron: "0 9 * * *", timezone: ${zone} }`]),
  ).rejects.toThrow(says);
});

it('a zone in a variable that is none is refused too, where it counts', async () => {
  await expect(zoned('', { SCHEDULER_TIMEZONE: 'Nowhere/City' })).rejects.toThrow(/SCHEDULER_TIMEZONE/);
  await expect(zoned('', { TZ: 'Nowhere/City' })).rejects.toThrow('set TZ to a zone');
  const s = await zoned('timezone: Europe/Paris\n', { TZ: 'Nowhere/City' });
  expect(await s.installed.status()).toMatchObject({ timezone: 'Europe/Paris' });
});
