// Rule 15: a job that is deleted starts nothing more, and keeps its history or loses it at once.
import { expect, it } from 'vitest';
import type { JobPolicy, JobSpec } from '#core/job';
import { aPolicy } from '../support/ledger.ts';
import { createScenario, gate, type HandlerFunction, type Scenario } from '../support/scenario.ts';

const GONE = { purge: false, cancelRunning: false, by: 'ann' };

/** A job made by a call: every minute from the moment it is made. */
const aSpec = (id: string, policy: Partial<JobPolicy> = {}, over: Partial<JobSpec> = {}): JobSpec => ({
  ...{ id, name: id, description: null, handler: 'tick', input: {}, source: 'api', origin: null },
  ...{ owner: 'ann', moduleId: null, enabled: true, manualOnly: false, runOnStart: false },
  schedule: { kind: 'every', every: '1m', timezone: 'UTC', anchor: null },
  policy: aPolicy(policy),
  ...{ warnings: [], configHash: 'c' },
  ...over,
});

/** Up, with the job `tick` made at 10:00 by a call. */
async function made(
  policy: Partial<JobPolicy> = {},
  tick: HandlerFunction = () => ({}),
  head = '',
): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-11-21T10:00:00Z',
    scheduler: `${head}jobs:\n  yaml: { enabled: true, cron: "0 12 * * *", handler: tick }`,
    handlers: { tick },
  });
  await s.start();
  await s.service.createJob(aSpec('tick', policy), 'ann');
  await s.quiet();
  return s;
}

const ids = async (s: Scenario) => (await s.service.list()).map((job) => job.id);

it('no new starts: the schedule is over, the job is not listed, its id is unknown', async () => {
  const s = await made();
  await s.advanceTo('2026-11-21T10:01:30Z');
  expect(await s.service.deleteJob('tick', GONE)).toEqual({ deleted: 'tick' });
  await s.advanceTo('2026-11-21T10:05:30Z');
  expect(s.calls.map((call) => call.slot)).toEqual(['2026-11-21T10:01:00Z']);
  expect(await ids(s)).not.toContain('tick');
  await expect(s.service.runNow('tick', { by: 'ann', force: true })).rejects.toMatchObject({
    code: 'JOB_NOT_FOUND',
  });
  await expect(s.service.deleteJob('tick', GONE)).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
});

it('what waits has not started and never will, by hand or not; a waiting retry fails with its last error', async () => {
  const work = gate();
  const s = await made({ overlap: 'queue_all', retryDelayMs: 600_000 }, (ctx) => {
    if (ctx.slot === Date.parse('2026-11-21T10:01:00Z')) throw new Error('no luck');
    return work.promise;
  });
  await s.advanceTo('2026-11-21T10:03:30Z');
  await s.service.runNow('tick', { by: 'ann' });
  await s.service.deleteJob('tick', GONE);
  await s.quiet();
  expect(await s.ledger()).toEqual([
    '2026-11-21T10:01:00Z failed: deleted',
    '2026-11-21T10:02:00Z running',
    '2026-11-21T10:03:00Z skipped: deleted',
    'manual skipped: deleted',
  ]);
  expect((await s.rows())[0]).toMatchObject({ attempt: 1, error: { message: 'no luck' } });
  work.open({});
});

it('a live run finishes and is recorded', async () => {
  const work = gate();
  const s = await made({}, () => work.promise);
  await s.advanceTo('2026-11-21T10:01:30Z');
  const [row] = await s.rows();
  await s.service.deleteJob('tick', GONE);
  await s.quiet();
  expect(s.calls[0]?.ctx.signal.aborted).toBe(false);
  work.open({ items_processed: 3 });
  await s.quiet();
  expect(await s.service.run(row!.run_id)).toMatchObject({
    job: 'tick',
    state: 'succeeded',
    statistics: { items_processed: 3 },
  });
});

it.each([
  ['scheduled', undefined],
  ['by hand with retries', true],
])('a live run that fails is not tried again: %s', async (_case, retry) => {
  const work = gate();
  const s = await made({}, () => work.promise);
  if (retry) await s.service.runNow('tick', { by: 'ann', retry });
  await s.advanceTo('2026-11-21T10:01:30Z');
  await s.service.deleteJob('tick', GONE);
  work.fail(new Error('no luck'));
  await s.advanceTo('2026-11-21T10:10:00Z');
  expect((await s.rows())[0]).toMatchObject({
    state: 'failed',
    reason: 'deleted',
    attempt: 1,
    error: { message: 'no luck' },
  });
  expect(s.calls).toHaveLength(1);
});

it.each([
  ['scheduled', false],
  ['by hand', true],
])('a live run that a shutdown cuts is not started again: %s', async (_case, byHand) => {
  const s = await made({}, () => gate().promise);
  if (byHand) await s.service.runNow('tick', { by: 'ann' });
  await s.advanceTo('2026-11-21T10:01:30Z');
  const [row] = await s.rows();
  await s.service.deleteJob('tick', GONE);
  await s.stop();
  await s.start();
  await s.advanceTo('2026-11-21T10:10:00Z');
  expect(await s.service.run(row!.run_id)).toMatchObject({ state: 'interrupted', reason: 'deleted' });
  expect(s.calls).toHaveLength(1);
});

it('a live run that a crash cuts is not started again', async () => {
  const s = await made({}, () => gate().promise);
  await s.advanceTo('2026-11-21T10:01:30Z');
  await s.service.deleteJob('tick', GONE);
  await s.crash();
  await s.start();
  await s.advanceTo('2026-11-21T10:10:00Z');
  expect(await s.ledger()).toEqual(['2026-11-21T10:01:00Z failed: deleted']);
  expect(s.calls).toHaveLength(1);
});

it('with cancel_running it is stopped, and recorded as cancelled', async () => {
  const work = gate();
  const s = await made({}, () => work.promise);
  await s.advanceTo('2026-11-21T10:01:30Z');
  await s.service.deleteJob('tick', { ...GONE, cancelRunning: true });
  await s.quiet();
  expect(s.calls[0]?.ctx.signal.aborted).toBe(true);
  expect(await s.ledger()).toEqual(['2026-11-21T10:01:00Z stopping']);
  work.open({});
  await s.quiet();
  expect(await s.ledger()).toEqual(['2026-11-21T10:01:00Z cancelled']);
});

it('its history stays', async () => {
  const s = await made();
  await s.advanceTo('2026-11-21T10:02:30Z');
  await s.service.deleteJob('tick', GONE);
  expect(await s.ledger()).toEqual(['2026-11-21T10:01:00Z succeeded', '2026-11-21T10:02:00Z succeeded']);
});

it('with purge it goes at once', async () => {
  const s = await made();
  await s.advanceTo('2026-11-21T10:02:30Z');
  const [row] = await s.rows();
  await s.service.deleteJob('tick', { ...GONE, purge: true });
  expect(await s.ledger()).toEqual([]);
  await expect(s.service.run(row!.run_id)).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
});

it('with purge a live run goes with its end, and what waits goes at once', async () => {
  const work = gate();
  const s = await made({ overlap: 'queue_one' }, () => work.promise);
  await s.advanceTo('2026-11-21T10:02:30Z');
  await s.service.deleteJob('tick', { ...GONE, purge: true });
  expect(await s.ledger()).toEqual(['2026-11-21T10:01:00Z running']);
  work.open({});
  await s.quiet();
  expect(await s.ledger()).toEqual([]);
});

it('with purge not even the slots of a downtime leave a row', async () => {
  const s = await made();
  await s.stop();
  await s.advanceTo('2026-11-21T10:05:30Z');
  const command = await s.command();
  await command.service.deleteJob('tick', { ...GONE, purge: true });
  expect(await command.service.history({ limit: 9 })).toEqual([]);
});

it('deleted while no service is up, the slots of the downtime have their account', async () => {
  const s = await made();
  await s.advanceTo('2026-11-21T10:01:30Z');
  await s.stop();
  await s.advanceTo('2026-11-21T10:05:30Z');
  const command = await s.command();
  await command.service.deleteJob('tick', GONE);
  await s.start();
  await s.advanceTo('2026-11-21T10:10:00Z');
  expect(await s.ledger()).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:05:00Z missed: downtime x4',
  ]);
});

it('the id is free at once: a job made again is another one, with a history of its own', async () => {
  const work = gate();
  const s = await made({}, (ctx) => (s.calls.length === 1 ? work.promise : { n: ctx.attempt }));
  await s.advanceTo('2026-11-21T10:01:30Z');
  await s.service.deleteJob('tick', GONE);
  await s.service.createJob(aSpec('tick'), 'ben');
  await s.advanceTo('2026-11-21T10:02:45Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:02:30Z succeeded']);
  expect(await s.service.find('tick')).toMatchObject({ run_count: 1, success_count: 1 });
  work.open({});
  await s.quiet();
  expect(await s.service.find('tick')).toMatchObject({ run_count: 1, success_count: 1 });
  expect(await s.ledger()).toEqual(['2026-11-21T10:01:00Z succeeded', '2026-11-21T10:02:30Z succeeded']);
});

it('a pause of the job goes with it', async () => {
  const s = await made();
  await s.service.pause({ job: 'tick', reason: null, until: null, by: 'ann' });
  await s.service.deleteJob('tick', GONE);
  await s.service.createJob(aSpec('tick'), 'ben');
  await s.advanceTo('2026-11-21T10:01:30Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z succeeded']);
});

it('a run of a deleted job is not repeated, nor under a new job of its id', async () => {
  const s = await made();
  await s.advanceTo('2026-11-21T10:01:30Z');
  const [row] = await s.rows();
  await s.service.deleteJob('tick', GONE);
  const rerun = () => s.service.rerun(row!.run_id, { by: 'ann' });
  await expect(rerun()).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  await s.service.createJob(aSpec('tick'), 'ben');
  await expect(rerun()).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
});

it('a job of the settings is taken out of the file, not deleted', async () => {
  const s = await made();
  await expect(s.service.deleteJob('yaml', GONE)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringMatching(/aclarai\.config\.yaml:\d+$/),
  });
});

it('an orphaned one can be deleted before its day is over', async () => {
  const s = await made();
  await s.writeSettings('jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }');
  await s.installed.reload();
  await s.service.deleteJob('yaml', GONE);
  expect(await ids(s)).not.toContain('yaml');
});

it('an unknown id is an error that names the nearest', async () => {
  const s = await made();
  await expect(s.service.deleteJob('tik', GONE)).rejects.toMatchObject({
    code: 'JOB_NOT_FOUND',
    fix: 'did you mean tick?',
  });
});
