// Rule 12: cron in a zone whose clocks change, and what cron takes and refuses.
import { expect, it } from 'vitest';
import { createScenario, type Scenario } from '../support/scenario.ts';

/** Jobs of one handler that caught up one by one from `from` to `to`, while no service was up between. */
async function slotsBetween(
  from: string,
  to: string,
  job: string,
  zone = 'Europe/Paris',
): Promise<(string | null)[]> {
  const s = await createScenario({
    at: from,
    scheduler: `timezone: ${zone}\njobs:\n  job: { enabled: true, ${job}, misfire_policy: all, coalesce: false, catchup_max: 100, catchup_window: 30d }`,
    handlers: { job: () => ({}) },
  });
  await s.start();
  await s.stop();
  await s.advanceTo(to);
  await s.start();
  const rows = await s.rows('job');
  expect(rows.filter((row) => row.state !== 'succeeded')).toEqual([]);
  return rows.map((row) => row.slot);
}

async function next(job: string, at = '2026-11-21T10:00:30Z', count = 4): Promise<string[]> {
  const s = await createScenario({
    at,
    scheduler: `jobs:\n  job: { enabled: true, ${job} }`,
    handlers: { job: () => ({}) },
  });
  await s.start();
  return (await s.service.next({ job: 'job', count })).map((each) => each.slot.replace(/T00:00:00Z$/, ''));
}

async function ticking(at: string, cron: string): Promise<Scenario> {
  const s = await createScenario({
    at,
    scheduler: `timezone: Europe/Paris\njobs:\n  night: { enabled: true, cron: "${cron}" }`,
    handlers: { night: () => ({}) },
  });
  await s.start();
  return s;
}

it('a slot in the spring gap runs once, at the first instant after the gap', async () => {
  const s = await ticking('2026-03-29T00:59:00Z', '30 2 * * *');
  await s.advanceTo('2026-03-29T01:01:00Z');
  expect(s.calls.map((call) => call.at)).toEqual(['2026-03-29T01:00:00Z']);
  await s.stop();
  await s.advanceTo('2026-03-30T00:29:50Z');
  await s.start();
  await s.clock.advance(30_000);
  expect(await s.ledger('night')).toEqual([
    '2026-03-29T03:00:00+02:00 succeeded',
    '2026-03-30T02:30:00+02:00 succeeded',
  ]);
});

it.each(['0,15,59 2 * * *', '0 2,3 * * *', '1-59/29 2 * * *'])(
  'the slots of one gap that fall on one instant are one slot: %s',
  async (cron) => {
    const s = await ticking('2026-03-29T00:59:30Z', cron);
    await s.advanceTo('2026-03-29T01:00:30Z');
    expect(await s.ledger('night')).toEqual(['2026-03-29T03:00:00+02:00 succeeded']);
    expect((await s.rows('night'))[0]?.covers).toBeNull();
  },
);

it('the size of a gap makes no difference: half an hour, a whole day', async () => {
  const lordHowe = await slotsBetween(
    '2026-10-03T15:00:00Z',
    '2026-10-03T16:00:00Z',
    'cron: "5,10 2 * * *"',
    'Australia/Lord_Howe',
  );
  expect(lordHowe).toEqual(['2026-10-04T02:30:00+11:00']);
  const apia = await slotsBetween(
    '2011-12-29T22:00:00Z',
    '2011-12-31T12:00:00Z',
    'cron: "0 9 30 * *"',
    'Pacific/Apia',
  );
  expect(apia).toEqual(['2011-12-31T00:00:00+14:00']);
});

it('in the repeated hour a slot runs once, at the first', async () => {
  const s = await ticking('2026-10-25T00:29:30Z', '30 2 * * *');
  await s.advanceTo('2026-10-25T00:30:30Z');
  expect(await s.ledger('night')).toEqual(['2026-10-25T02:30:00+02:00 succeeded']);
  await s.stop();
  await s.advanceTo('2026-10-25T01:29:30Z');
  await s.start();
  await s.advanceTo('2026-10-25T01:30:30Z');
  expect(await s.ledger('night')).toEqual(['2026-10-25T02:30:00+02:00 succeeded']);
  expect(await s.service.next({ job: 'night', count: 1 })).toMatchObject([
    { slot: '2026-10-26T02:30:00+01:00' },
  ]);
});

it('a star in hour or minute follows elapsed time: twice in the repeated hour', async () => {
  expect(await slotsBetween('2026-10-24T23:50:00Z', '2026-10-25T02:10:00Z', 'cron: "*/30 * * * *"')).toEqual([
    '2026-10-25T02:00:00+02:00',
    '2026-10-25T02:30:00+02:00',
    '2026-10-25T02:00:00+01:00',
    '2026-10-25T02:30:00+01:00',
    '2026-10-25T03:00:00+01:00',
  ]);
  expect(await slotsBetween('2026-10-24T23:50:00Z', '2026-10-25T02:10:00Z', 'cron: "15 * * * *"')).toEqual([
    '2026-10-25T02:15:00+02:00',
    '2026-10-25T02:15:00+01:00',
  ]);
  expect(await slotsBetween('2026-10-24T23:50:00Z', '2026-10-25T03:10:00Z', 'cron: "*/30 2 * * *"')).toEqual([
    '2026-10-25T02:00:00+02:00',
    '2026-10-25T02:30:00+02:00',
    '2026-10-25T02:00:00+01:00',
    '2026-10-25T02:30:00+01:00',
  ]);
});

it('a star in hour or minute follows elapsed time: never in a gap', async () => {
  expect(await slotsBetween('2026-03-29T00:20:00Z', '2026-03-29T01:40:00Z', 'cron: "*/30 * * * *"')).toEqual([
    '2026-03-29T01:30:00+01:00',
    '2026-03-29T03:00:00+02:00',
    '2026-03-29T03:30:00+02:00',
  ]);
  expect(await slotsBetween('2026-03-28T22:00:00Z', '2026-03-29T12:00:00Z', 'cron: "*/20 2 * * *"')).toEqual(
    [],
  );
});

it('intervals follow elapsed time', async () => {
  expect(await slotsBetween('2026-10-24T22:30:00Z', '2026-10-25T02:30:00Z', 'every: 1h')).toEqual([
    '2026-10-25T01:30:00+02:00',
    '2026-10-25T02:30:00+02:00',
    '2026-10-25T02:30:00+01:00',
    '2026-10-25T03:30:00+01:00',
  ]);
  expect(await slotsBetween('2026-10-24T10:00:00Z', '2026-10-26T10:00:00Z', 'every: 1d')).toEqual([
    '2026-10-25T11:00:00+01:00',
    '2026-10-26T11:00:00+01:00',
  ]);
});

it('a range row counts the slots that there were', async () => {
  const s = await ticking('2026-10-24T21:30:00Z', '0 * * * *');
  await s.stop();
  await s.advanceTo('2026-10-25T22:30:00Z');
  await s.start();
  expect(await s.ledger('night')).toEqual(['2026-10-25T23:00:00+01:00 missed: downtime x25']);
});

it('day of month and day of week both restricted are alternatives', async () => {
  expect(await next('cron: "0 0 13 * FRI"')).toEqual([
    '2026-11-27',
    '2026-12-04',
    '2026-12-11',
    '2026-12-13',
  ]);
});

it('a field that begins with a star is not restricted, a step included', async () => {
  expect(await next('cron: "0 0 */10 * MON"')).toEqual([
    '2026-12-21',
    '2027-01-11',
    '2027-02-01',
    '2027-03-01',
  ]);
  expect(await next('cron: "0 0 13 * *"', undefined, 2)).toEqual(['2026-12-13', '2027-01-13']);
  expect(await next('cron: "0 0 ? * MON"', undefined, 2)).toEqual(['2026-11-23', '2026-11-30']);
});

it('day_match: and of one job asks for both', async () => {
  expect(await next('cron: "0 0 13 * FRI", day_match: and', undefined, 2)).toEqual([
    '2027-08-13',
    '2028-10-13',
  ]);
});

it.each(['0', '7', 'SUN', 'sunday'])('Sunday is 0 and 7, names are allowed: %s', async (day) => {
  expect(await next(`cron: "0 0 * * ${day}"`, undefined, 2)).toEqual(['2026-11-22', '2026-11-29']);
});

it.each(['1', 'JAN', 'january'])('months have names too: %s', async (month) => {
  expect(await next(`cron: "0 0 1 ${month} *"`, undefined, 1)).toEqual(['2027-01-01']);
});

it('the next slot lies after now, also for a job that is made on a slot', async () => {
  const s = await ticking('2026-11-21T10:00:00Z', '* * * * *');
  expect(await s.service.next({ job: 'night', count: 1 })).toMatchObject([
    { slot: '2026-11-21T11:01:00+01:00' },
  ]);
  await s.advanceTo('2026-11-21T10:02:00Z');
  expect(await s.ledger('night')).toEqual([
    '2026-11-21T11:01:00+01:00 succeeded',
    '2026-11-21T11:02:00+01:00 succeeded',
  ]);
  expect(await s.service.next({ job: 'night', count: 1 })).toMatchObject([
    { slot: '2026-11-21T11:03:00+01:00' },
  ]);
});

it('a schedule that never fires says so', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  never: { enabled: true, cron: "0 0 1 * 1#2", day_match: and }',
    handlers: { never: () => ({}) },
  });
  await s.start();
  const job = await s.service.find('never');
  expect(job).toMatchObject({ next_run: null });
  expect(job.warnings).toEqual(['its schedule never fires']);
  expect(s.lines).toContainEqual(expect.objectContaining({ level: 'WARN', code: 'NEVER_FIRES' }));
});

it.each([
  ['0 0 30 2 *', 'a day that never comes'],
  ['0 0 31 4,6,9,11 *', 'a day that never comes'],
  ['60 * * * *', 'minute "60"'],
  ['0 24 * * *', 'hour "24"'],
  ['* * * *', '4 fields'],
  ['0 0 1 1 * 2027', 'day of week "2027"'],
  ['0 0 12 1 1 * 2027', '7 fields'],
  ['@reboot', 'run_on_start: true'],
  ['@every 5m', 'write an interval'],
  ['H 3 * * *', 'jitter to spread jobs'],
  ['5/10 * * * *', 'a step needs a range'],
  ['*/0 * * * *', 'minute "*/0"'],
  ['0 0 * * L', 'write the weekday too'],
  ['0 0 * * 5#6', 'day of week "5#6"'],
  ['', 'expected text'],
])('refused: "%s"', async (cron, says) => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `jobs:\n  job: { enabled: true, cron: "${cron}" }`,
    handlers: { job: () => ({}) },
  });
  await expect(s.start()).rejects.toThrow(says);
});
