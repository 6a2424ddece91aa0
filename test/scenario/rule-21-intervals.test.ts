// Rule 21: intervals are a fixed grid.
import { expect, it } from 'vitest';
import { createScenario, type HandlerFunction, type Scenario } from '../support/scenario.ts';

const at = '2026-11-21T10:00:30.400Z';
const OFF = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';

async function beating(
  job: string,
  options: { at?: string; handler?: HandlerFunction } = {},
): Promise<Scenario> {
  const s = await createScenario({
    at: options.at ?? at,
    scheduler: `jobs:\n  beat: { enabled: true, ${job} }`,
    handlers: { beat: options.handler ?? (() => ({})) },
  });
  await s.start();
  return s;
}

const nextSlots = async (s: Scenario, count = 3) =>
  (await s.service.next({ job: 'beat', count })).map((each) => each.slot);

async function edit(s: Scenario, job: string): Promise<void> {
  await s.writeSettings(`${OFF}  beat: { enabled: true, ${job} }`);
  await s.installed.reload();
}

it('anchor + n·every with n from 1 on; the anchor is the creation, in whole seconds', async () => {
  const s = await beating('every: 90s');
  expect((await s.service.find('beat')).schedule).toEqual({
    kind: 'every',
    expression: '90s',
    timezone: 'UTC',
    anchor: '2026-11-21T10:00:30Z',
  });
  expect(await nextSlots(s)).toEqual([
    '2026-11-21T10:02:00Z',
    '2026-11-21T10:03:30Z',
    '2026-11-21T10:05:00Z',
  ]);
});

it('never measured from completion', async () => {
  const s = await beating('every: 90s', { handler: (ctx) => ctx.sleep('40s').then(() => ({})) });
  await s.advanceTo('2026-11-21T10:06:00Z');
  expect(await s.ledger('beat')).toEqual([
    '2026-11-21T10:02:00Z succeeded',
    '2026-11-21T10:03:30Z succeeded',
    '2026-11-21T10:05:00Z succeeded',
  ]);
});

it('work that is longer than the interval does not move the grid', async () => {
  const s = await beating('every: 60s', { handler: (ctx) => ctx.sleep('70s').then(() => ({})) });
  await s.advanceTo('2026-11-21T10:04:40Z');
  expect(await s.ledger('beat')).toEqual([
    '2026-11-21T10:01:30Z succeeded',
    '2026-11-21T10:02:30Z skipped: overlap',
    '2026-11-21T10:03:30Z succeeded',
    '2026-11-21T10:04:30Z skipped: overlap',
  ]);
});

it('a run by hand does not move the grid', async () => {
  const s = await beating('every: 90s');
  await s.advanceTo('2026-11-21T10:01:50Z');
  await s.service.runNow('beat', { by: 'ann' });
  await s.quiet();
  expect(await nextSlots(s, 1)).toEqual(['2026-11-21T10:02:00Z']);
});

it('the grid survives a restart and a change of anything else', async () => {
  const s = await beating('every: 90s');
  await s.advanceTo('2026-11-21T10:02:10Z');
  await s.stop();
  await s.writeSettings(`${OFF}  beat: { enabled: true, every: 90s, priority: 5 }`);
  await s.start();
  await s.advanceTo('2026-11-21T10:03:40Z');
  expect(await s.ledger('beat')).toEqual([
    '2026-11-21T10:02:00Z succeeded',
    '2026-11-21T10:03:30Z succeeded',
  ]);
});

it('the grid survives being off, and being away', async () => {
  const s = await beating('every: 90s');
  await s.writeSettings(`${OFF}  beat: { enabled: false, every: 90s }`);
  await s.installed.reload();
  await s.advanceTo('2026-11-21T10:04:00Z');
  await edit(s, 'every: 90s');
  expect(await nextSlots(s, 1)).toEqual(['2026-11-21T10:05:00Z']);
  await s.writeSettings(OFF);
  await s.installed.reload();
  await s.advanceTo('2026-11-21T10:07:00Z');
  await edit(s, 'every: 90s');
  expect(await nextSlots(s, 1)).toEqual(['2026-11-21T10:08:00Z']);
});

it('a changed interval begins its grid at the change, in whole seconds', async () => {
  const s = await beating('every: 90s');
  await s.clock.advance(20_300);
  await edit(s, 'every: 60s');
  expect((await s.service.find('beat')).schedule).toMatchObject({ anchor: '2026-11-21T10:00:50Z' });
  expect(await nextSlots(s, 2)).toEqual(['2026-11-21T10:01:50Z', '2026-11-21T10:02:50Z']);
});

it('another text is a change, also where it says the same', async () => {
  const s = await beating('every: 90s');
  await s.clock.advance(20_300);
  await edit(s, 'every: "1.5 minutes"');
  expect(await nextSlots(s, 1)).toEqual(['2026-11-21T10:02:20Z']);
});

it('elapsed time: the grid does not follow the clock when it is set', async () => {
  const s = await beating('every: 1h');
  s.clock.jumpWall(10 * 60_000);
  await s.clock.advance(30_000);
  expect(await nextSlots(s, 1)).toEqual(['2026-11-21T11:00:30Z']);
});

it.each([
  ['in the past', '2026-11-21T00:00:10Z', ['2026-11-21T10:05:10Z', '2026-11-21T10:10:10Z']],
  [
    'in the future: first slot one interval after it',
    '2026-11-21T12:00:00Z',
    ['2026-11-21T12:05:00Z', '2026-11-21T12:10:00Z'],
  ],
  [
    'a naive time, read in the zone of the job',
    '2026-11-21T13:00:00',
    ['2026-11-21T13:05:00+01:00', '2026-11-21T13:10:00+01:00'],
  ],
])('an anchor %s', async (_case, anchor, slots) => {
  const zone = anchor.endsWith('Z') ? '' : ', timezone: Europe/Paris';
  const s = await beating(`every: 5m, anchor: "${anchor}"${zone}`);
  expect(await nextSlots(s, 2)).toEqual(slots);
});

it('an anchor that is written into the file, or changed, moves the grid', async () => {
  const s = await beating('every: 5m');
  await edit(s, 'every: 5m, anchor: "2026-11-21T00:00:00Z"');
  expect(await nextSlots(s, 1)).toEqual(['2026-11-21T10:05:00Z']);
  await edit(s, 'every: 5m, anchor: "2026-11-21T00:01:00Z"');
  expect(await nextSlots(s, 1)).toEqual(['2026-11-21T10:01:00Z']);
});

it('months are calendar months from the day of the anchor, clamped', async () => {
  const s = await beating('every: 1mo, anchor: "2026-12-31T09:00:00", timezone: Europe/Paris');
  expect(await nextSlots(s, 5)).toEqual([
    '2027-01-31T09:00:00+01:00',
    '2027-02-28T09:00:00+01:00',
    '2027-03-31T09:00:00+02:00',
    '2027-04-30T09:00:00+02:00',
    '2027-05-31T09:00:00+02:00',
  ]);
});

it('two months, from a leap day', async () => {
  const s = await beating('every: 12mo, anchor: "2024-02-29T00:00:00Z"');
  expect(await nextSlots(s, 2)).toEqual(['2027-02-28T00:00:00Z', '2028-02-29T00:00:00Z']);
});

it.each([
  ['30s', '10:01:00'],
  ['5m', '10:05:30'],
  ['2h', '12:00:30'],
  ['"30 seconds"', '10:01:00'],
  ['"5 minutes"', '10:05:30'],
  ['"1 minute"', '10:01:30'],
  ['"2 hours"', '12:00:30'],
  ['1.5h', '11:30:30'],
  ['90', '10:02:00'],
])('every: %s; m is minutes', async (every, time) => {
  expect(await nextSlots(await beating(`every: ${every}`), 1)).toEqual([`2026-11-21T${time}Z`]);
});

it.each([
  ['1d', '2026-11-22'],
  ['"2 days"', '2026-11-23'],
  ['1w', '2026-11-28'],
  ['"1 week"', '2026-11-28'],
  ['1mo', '2026-12-21'],
  ['"1 month"', '2026-12-21'],
])('every: %s', async (every, day) => {
  expect(await nextSlots(await beating(`every: ${every}`), 1)).toEqual([`${day}T10:00:30Z`]);
});

it.each(['0s', '0', '0mo', '-5m', '-1', '5x', '5', '1.5mo', '100ms', '0.5s', 'soon', '""', '"5m 30s"'])(
  'refused: every: %s',
  async (every) => {
    const quoted = every === '5' ? '5 fortnights' : every;
    await expect(beating(`every: ${quoted}`)).rejects.toThrow(/scheduler\.jobs\.beat\.every: /);
  },
);

it('refused: an anchor beside anything but an interval', async () => {
  await expect(beating('cron: "* * * * *", anchor: "2026-11-21T00:00:00Z"')).rejects.toThrow(
    'anchor counts for `every` only',
  );
});
