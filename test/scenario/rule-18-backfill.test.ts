// Rule 18: slots that were missed or skipped run after all.
import { expect, it } from 'vitest';
import { createScenario, gate, type HandlerFunction, type Scenario } from '../support/scenario.ts';

const OFF = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';
const on = (clock: string) => Date.parse(`2026-11-21T${clock}:00Z`);

/** Hourly; down from 10:00:30 to 16:30 with no catch-up: 11:00 to 16:00 are one missed row. */
async function missed(keys = 'description: x', tick: HandlerFunction = () => ({})): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `jobs:\n  tick: { enabled: true, cron: "0 * * * *", ${keys} }`,
    handlers: { tick },
  });
  await s.start();
  await s.stop();
  await s.advanceTo('2026-11-21T16:30:00Z');
  await s.start();
  expect(await s.ledger('tick')).toEqual(['2026-11-21T16:00:00Z missed: downtime x6']);
  return s;
}

const backfill = async (s: Scenario, from: string, to: string, wish = {}) => {
  const answer = await s.service.backfill('tick', { from: on(from), to: on(to), by: 'ann', ...wish });
  await s.quiet();
  return answer;
};
const sorted = async (s: Scenario) => (await s.ledger('tick')).toSorted();

it('each slot is taken out of its row, which is cut there; both ends belong to the stretch', async () => {
  const s = await missed();
  const answer = await backfill(s, '13:00', '14:00');
  expect(answer).toMatchObject({
    job: 'tick',
    dry_run: false,
    slots: ['2026-11-21T13:00:00Z', '2026-11-21T14:00:00Z'],
    runs: [{ kind: 'backfill', state: 'queued', by: 'ann' }, { kind: 'backfill' }],
  });
  expect(await sorted(s)).toEqual([
    '2026-11-21T12:00:00Z missed: downtime x2',
    '2026-11-21T13:00:00Z succeeded',
    '2026-11-21T14:00:00Z succeeded',
    '2026-11-21T16:00:00Z missed: downtime x2',
  ]);
  const rows = await s.rows('tick');
  const left = rows.find((row) => row.state === 'missed' && row.covers?.to === '2026-11-21T12:00:00Z');
  expect(left).toMatchObject({
    covers: { from: '2026-11-21T11:00:00Z', to: '2026-11-21T12:00:00Z', count: 2 },
    ended_at: '2026-11-21T16:30:00Z',
  });
});

it.each([
  ['the whole row', '11:00', '16:00', []],
  ['more than the row', '00:00', '16:29', []],
  ['its beginning', '10:01', '15:59', ['2026-11-21T16:00:00Z missed: downtime']],
  ['its end', '11:01', '16:00', ['2026-11-21T11:00:00Z missed: downtime']],
])('of %s nothing else stays', async (_case, from, to, left) => {
  const s = await missed();
  await backfill(s, from, to);
  expect((await sorted(s)).filter((row) => row.includes('missed'))).toEqual(left);
  expect((await sorted(s)).filter((row) => row.includes('succeeded'))).toHaveLength(6 - left.length);
});

it('each keeps its slot and its key', async () => {
  const s = await missed();
  await backfill(s, '12:00', '13:00');
  expect(s.calls.map(({ slot, ctx }) => [slot, ctx.idempotencyKey])).toEqual([
    ['2026-11-21T12:00:00Z', 'tick@2026-11-21T12:00:00Z'],
    ['2026-11-21T13:00:00Z', 'tick@2026-11-21T13:00:00Z'],
  ]);
});

it('as one line, oldest first: each ends, its retries included, before the next starts', async () => {
  const s = await missed('retries: 1, retry_delay: 10s', (ctx) => {
    if (ctx.slot === on('12:00') && ctx.attempt === 1) throw new Error('no luck');
    return {};
  });
  await backfill(s, '11:00', '13:00');
  expect((await sorted(s)).slice(0, 3)).toEqual([
    '2026-11-21T11:00:00Z succeeded',
    '2026-11-21T12:00:00Z queued',
    '2026-11-21T13:00:00Z queued',
  ]);
  await s.advanceTo('2026-11-21T16:30:11Z');
  expect(s.calls.map(({ slot, attempt }) => `${slot?.slice(11, 16)} ${attempt}`)).toEqual([
    '11:00 1',
    '12:00 1',
    '12:00 2',
    '13:00 1',
  ]);
});

it('it moves neither the cursor nor max_executions', async () => {
  const s = await missed('max_executions: 1');
  await backfill(s, '11:00', '16:00');
  expect(await s.service.find('tick')).toMatchObject({ state: 'active', next_run: '2026-11-21T17:00:00Z' });
  await s.advanceTo('2026-11-21T17:00:10Z');
  expect(await s.service.find('tick')).toMatchObject({ state: 'completed', run_count: 7 });
});

it('the next planned slot meets the line', async () => {
  const work = gate();
  const s = await missed('description: x', () => work.promise);
  await backfill(s, '15:00', '16:00');
  await s.advanceTo('2026-11-21T17:00:10Z');
  expect((await sorted(s)).at(-1)).toBe('2026-11-21T17:00:00Z skipped: overlap');
  work.open({});
});

it('a pause does not hold it, and slots that a pause skipped are made up for while it goes on', async () => {
  const s = await missed();
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T19:30:00Z');
  await backfill(s, '18:00', '18:00');
  await s.advanceTo('2026-11-21T20:30:00Z');
  expect((await sorted(s)).slice(1)).toEqual([
    '2026-11-21T17:00:00Z skipped: paused',
    '2026-11-21T18:00:00Z succeeded',
    '2026-11-21T19:00:00Z skipped: paused',
    '2026-11-21T20:00:00Z skipped: paused',
  ]);
});

it('a one-time job whose slot a pause holds runs, and is completed', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, at: "2026-11-21T11:00:00Z" }',
    handlers: { tick: () => ({}) },
  });
  await s.start({ paused: true });
  await s.advanceTo('2026-11-21T11:30:00Z');
  await backfill(s, '11:00', '11:00');
  await s.service.resume({ by: 'ann' });
  await s.quiet();
  expect(await s.ledger('tick')).toEqual(['2026-11-21T11:00:00Z succeeded']);
  expect(await s.service.find('tick')).toMatchObject({ state: 'completed' });
});

it('slots that ran stay as they are; what the job skipped itself has run', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "0 * * * *" }',
    handlers: { tick: (ctx) => (ctx.slot === on('11:00') ? ctx.skip('nothing new') : {}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T12:30:00Z');
  await expect(backfill(s, '11:00', '12:00')).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T11:00:00Z skipped: by_handler',
    '2026-11-21T12:00:00Z succeeded',
  ]);
});

it('a range around a pause loses its own slots only', async () => {
  const s = await missed();
  await s.stop();
  await s.advanceTo('2026-11-21T18:30:00Z');
  const command = await s.command();
  await command.service.pause({ reason: null, until: on('20:30'), by: 'ann' });
  await s.advanceTo('2026-11-21T22:30:00Z');
  const text = 'tick: { enabled: true, cron: "0 * * * *", misfire_policy: all, handler: gone }';
  await s.writeSettings(`${OFF}  ${text}`);
  await s.start();
  expect((await sorted(s)).slice(1)).toEqual([
    '2026-11-21T20:00:00Z skipped: paused x2',
    '2026-11-21T22:00:00Z skipped: handler_missing x4',
  ]);
  await s.writeSettings(`${OFF}  ${text.replace('gone', 'tick')}`);
  await s.installed.reload();
  await backfill(s, '21:00', '21:30');
  const { slots } = await backfill(s, '17:00', '20:30');
  expect(slots.map((slot) => slot.slice(11, 13))).toEqual(['17', '18', '19', '20']);
  expect((await sorted(s)).slice(-2)).toEqual([
    '2026-11-21T21:00:00Z succeeded',
    '2026-11-21T22:00:00Z skipped: handler_missing',
  ]);
});

it('a range around slots that ran, before a clock was set back, loses its own slots only', async () => {
  const s = await createScenario({
    at: '2026-11-21T08:30:00Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "0 * * * *" }',
    handlers: { tick: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T11:30:00Z');
  s.clock.jumpWall(-4 * 3_600_000);
  await s.clock.advance(30_000);
  await s.stop();
  await s.advanceTo('2026-11-21T14:30:00Z');
  await s.start();
  const ran = ['09', '10', '11'].map((hour) => `2026-11-21T${hour}:00:00Z succeeded`);
  expect(await sorted(s)).toEqual([...ran, '2026-11-21T14:00:00Z missed: downtime x4']);
  const { slots } = await backfill(s, '12:00', '13:00');
  expect(slots.map((slot) => slot.slice(11, 13))).toEqual(['12', '13']);
  expect((await sorted(s)).filter((row) => row.includes('missed'))).toEqual([
    '2026-11-21T08:00:00Z missed: downtime',
    '2026-11-21T14:00:00Z missed: downtime',
  ]);
});

it('across a change of the schedule each row has the slots of its own time', async () => {
  const s = await missed();
  await s.writeSettings(`${OFF}  tick: { enabled: true, cron: "*/20 * * * *" }`);
  await s.installed.reload();
  await s.stop();
  await s.advanceTo('2026-11-21T17:30:00Z');
  await s.start();
  const { slots } = await backfill(s, '15:30', '17:10');
  expect(slots.map((slot) => slot.slice(11, 16))).toEqual(['16:00', '16:40', '17:00']);
});

it('slots of the time in which the job was not in the settings are made up for too', async () => {
  const s = await missed();
  await s.writeSettings(OFF);
  await s.installed.reload();
  await s.advanceTo('2026-11-21T19:30:00Z');
  await s.writeSettings(`${OFF}  tick: { enabled: true, cron: "0 * * * *" }`);
  await s.installed.reload();
  expect((await sorted(s)).at(-1)).toBe('2026-11-21T19:00:00Z skipped: orphaned x3');
  expect((await backfill(s, '18:00', '18:00')).slots).toEqual(['2026-11-21T18:00:00Z']);
});

it('with dry_run it only says which', async () => {
  const s = await missed();
  expect(await backfill(s, '15:00', '16:00', { dryRun: true })).toMatchObject({
    dry_run: true,
    slots: ['2026-11-21T15:00:00Z', '2026-11-21T16:00:00Z'],
    runs: [],
  });
  expect(await s.ledger('tick')).toEqual(['2026-11-21T16:00:00Z missed: downtime x6']);
});

it('it obeys the overlap: refused while a run is live, and then no row is touched; force allows it', async () => {
  const work = gate();
  const s = await missed('description: x', (ctx) => (ctx.slot === null ? work.promise : {}));
  await s.service.runNow('tick', { by: 'ann' });
  await s.quiet();
  await expect(backfill(s, '15:00', '16:00')).rejects.toMatchObject({ code: 'ALREADY_RUNNING' });
  expect(await sorted(s)).toEqual(['2026-11-21T16:00:00Z missed: downtime x6', 'manual running']);
  await backfill(s, '15:00', '16:00', { force: true });
  expect((await sorted(s)).filter((row) => row.includes('succeeded'))).toHaveLength(2);
  work.open({});
});

it.each(['queue_one', 'cancel_previous'])(
  'with overlap %s it waits for its place, and cancels nothing',
  async (overlap) => {
    const work = gate();
    const s = await missed(`overlap: ${overlap}`, (ctx) => (ctx.slot === null ? work.promise : {}));
    await s.service.runNow('tick', { by: 'ann' });
    await s.quiet();
    await backfill(s, '16:00', '16:00');
    expect(s.calls.map(({ ctx }) => ctx.signal.aborted)).toEqual([false]);
    work.open({});
    await s.quiet();
    expect((await sorted(s)).slice(1)).toEqual(['2026-11-21T16:00:00Z succeeded', 'manual succeeded']);
  },
);

it('nothing missed or skipped there, or too much of it, is an error', async () => {
  const s = await missed();
  await expect(backfill(s, '05:00', '10:30')).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  await s.writeSettings(`${OFF}  tick: { enabled: true, every: 1s }`);
  await s.installed.reload();
  await s.stop();
  await s.advanceTo('2026-11-21T17:30:00Z');
  await s.start();
  await expect(backfill(s, '16:00', '17:30')).rejects.toMatchObject({ code: 'TOO_LARGE' });
});

it('one under way outlives a crash', async () => {
  const work = gate();
  const s = await missed('description: x', (ctx) =>
    ctx.attempt === 1 && ctx.slot === on('15:00') ? work.promise : {},
  );
  await backfill(s, '15:00', '16:00');
  await s.crash();
  await s.start();
  await s.advanceTo('2026-11-21T16:31:00Z');
  expect((await sorted(s)).slice(1)).toEqual([
    '2026-11-21T15:00:00Z succeeded',
    '2026-11-21T16:00:00Z succeeded',
  ]);
});
