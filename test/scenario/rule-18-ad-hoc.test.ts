// Rule 18: a handler and an input without a job leave history, too.
import { expect, it } from 'vitest';
import { createScenario, gate, type HandlerFunction, type Scenario } from '../support/scenario.ts';

const noop = () => ({ pages: 3 });

async function up(report: HandlerFunction = noop, options = {}, keys = ''): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `${keys}\njobs:\n  tick: { enabled: true, cron: "* * * * *" }`,
    handlers: { tick: () => ({}), report },
  });
  await s.start(options);
  return s;
}

it('kind adhoc, without a slot: input, result and who asked are on record', async () => {
  const s = await up();
  const queued = await s.service.runAdHoc({ handler: 'report', input: { month: '2026-03' }, by: 'ann' });
  expect(queued).toMatchObject({
    kind: 'adhoc',
    state: 'queued',
    slot: null,
    by: 'ann',
    job: 'adhoc:report',
  });
  await s.quiet();
  expect(await s.rows()).toMatchObject([
    {
      run_id: queued.run_id,
      kind: 'adhoc',
      state: 'succeeded',
      input: { month: '2026-03' },
      statistics: { pages: 3 },
    },
  ]);
  expect(await s.rows('adhoc:report')).toHaveLength(1);
  expect(s.calls[0]?.ctx.input).toEqual({ month: '2026-03' });
});

it('what its runs are kept under is no job: not listed, not counted, not suggested, never scheduled', async () => {
  const s = await up();
  await s.service.runAdHoc({ handler: 'report', by: 'ann' });
  await s.quiet();
  expect((await s.service.list()).map((job) => job.id)).not.toContain('adhoc:report');
  const { totals } = await s.service.simulate({ to: '2026-11-22T10:00:00Z' });
  expect(Object.keys(totals.jobs)).not.toContain('adhoc:report');
  expect((await s.installed.status()).jobs).toEqual({ active: 1, disabled: 2 });
  expect(await s.service.next({ job: 'adhoc:report', count: 3 })).toEqual([]);
  await expect(s.service.find('adhoc:repor')).rejects.toMatchObject({
    code: 'JOB_NOT_FOUND',
    fix: expect.not.stringContaining('adhoc:'),
  });
});

it('an unknown handler is an error with the nearest, and leaves no row', async () => {
  const s = await up();
  await expect(s.service.runAdHoc({ handler: 'reprot', by: 'ann' })).rejects.toMatchObject({
    code: 'HANDLER_NOT_FOUND',
    fix: expect.stringContaining('did you mean report?'),
  });
  expect(await s.rows()).toEqual([]);
});

it('the input is checked against the schema of the handler', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: false }',
    files: {
      'count.ts': `import { defineJob, z } from 'aclarai-scheduler';
export default defineJob({ input: z.strictObject({ folder: z.string() }), run: (ctx) => ({ at: ctx.input.folder }) });`,
    },
  });
  await s.start();
  await expect(
    s.service.runAdHoc({ handler: 'count', input: { folder: 3 }, by: 'ann' }),
  ).rejects.toMatchObject({ code: 'INVALID_PARAMETERS', message: expect.stringContaining('folder') });
  await s.service.runAdHoc({ handler: 'count', input: { folder: 'a' }, by: 'ann' });
  await s.quiet();
  expect(await s.rows()).toMatchObject([{ state: 'succeeded', statistics: { at: 'a' } }]);
});

it('runs of one handler do not exclude each other; the global cap holds them', async () => {
  const work = gate();
  const s = await up(() => work.promise, {}, 'max_concurrent_executions: 2');
  for (let n = 0; n < 3; n++) await s.service.runAdHoc({ handler: 'report', by: 'ann' });
  await s.quiet();
  expect(await s.ledger()).toEqual(['adhoc running', 'adhoc running', 'adhoc queued']);
  work.open({});
  await s.quiet();
  expect(await s.ledger()).toEqual(['adhoc succeeded', 'adhoc succeeded', 'adhoc succeeded']);
});

it('a pause does not hold it', async () => {
  const s = await up(noop, { paused: true });
  await s.service.runAdHoc({ handler: 'report', by: 'ann' });
  await s.quiet();
  expect(await s.ledger()).toEqual(['adhoc succeeded']);
});

it('it is tried once, with retry as often as the settings say', async () => {
  const fails = () => {
    throw new Error('no luck');
  };
  const s = await up(fails, {}, 'defaults: { retries: 1, retry_delay: 5 }');
  await s.service.runAdHoc({ handler: 'report', by: 'ann' });
  await s.service.runAdHoc({ handler: 'report', by: 'ann', retry: true });
  await s.advanceTo('2026-11-21T10:00:50Z');
  expect((await s.rows()).map((row) => [row.state, row.attempt])).toEqual([
    ['failed', 1],
    ['failed', 2],
  ]);
});

it('why answers for it, and it can be cancelled', async () => {
  const s = await up(
    (ctx) =>
      new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason))),
  );
  const { run_id } = await s.service.runAdHoc({ handler: 'report', by: 'ann' });
  await s.advanceTo('2026-11-21T10:00:40Z');
  const why = await s.service.why('adhoc:report', '2026-11-21T10:00:35Z');
  expect(why).toMatchObject({ job: 'adhoc:report', answer: 'not_scheduled' });
  expect(why.because).toMatchObject({ off: 'by_hand_only' });
  await s.service.cancelRun(run_id, 'ann');
  await s.quiet();
  expect(await s.ledger()).toEqual(['adhoc cancelled']);
});

it('one that waits survives a crash; one that was at work is interrupted, and can be repeated', async () => {
  const work = gate();
  const s = await up(() => work.promise, {}, 'max_concurrent_executions: 1');
  const first = await s.service.runAdHoc({ handler: 'report', input: { n: 1 }, by: 'ann' });
  await s.service.runAdHoc({ handler: 'report', input: { n: 2 }, by: 'ann' });
  await s.quiet();
  await s.crash();
  s.handlers.report = noop;
  await s.start();
  expect(await s.ledger()).toEqual(['adhoc interrupted', 'adhoc succeeded']);
  await s.service.rerun(first.run_id, { by: 'ann' });
  await s.quiet();
  expect((await s.rows()).map((row) => row.input.n)).toEqual([1, 2, 1]);
  work.open({});
});

it('its history goes at retention, and nothing of it stays', async () => {
  const s = await up(noop, {}, 'history_retention_days: 1');
  await s.service.runAdHoc({ handler: 'report', by: 'ann' });
  await s.advanceTo('2026-11-22T13:00:30Z');
  expect((await s.rows()).filter((row) => row.kind === 'adhoc')).toEqual([]);
  await expect(s.service.find('adhoc:report')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
});

it('a job of the settings cannot take such an id', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  "adhoc:report": { enabled: true, cron: "* * * * *" }',
  });
  await expect(s.start()).rejects.toThrow('is kept for ad hoc runs');
});
