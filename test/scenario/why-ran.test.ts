// Golden answers of `why`: what ran, what runs, what waits and for what.
import { expect, it } from 'vitest';
import { expectGolden } from '../support/golden.ts';
import { createScenario, gate, type HandlerFunction, type Scenario } from '../support/scenario.ts';

const AT = '2026-11-21T10:00:30Z';

async function running(scheduler: string, handlers: Record<string, HandlerFunction>): Promise<Scenario> {
  const s = await createScenario({ at: AT, scheduler, handlers });
  await s.start();
  return s;
}

const one = (rest: string) => `jobs:\n  tick: { enabled: true, ${rest} }`;
const fails = () => {
  throw new Error('no luck');
};

it('ran: how long it took, what was before and after', async () => {
  const work = [gate(), gate(), gate()];
  const s = await running(one('cron: "* * * * *", timezone: Europe/Paris'), {
    tick: (ctx) => work[ctx.slot! / 60_000 - Date.parse('2026-11-21T10:01:00Z') / 60_000]!.promise,
  });
  for (const [n, each] of work.entries()) {
    await s.advanceTo(`2026-11-21T10:0${n + 1}:03Z`);
    each.open({});
    await s.quiet();
  }
  const answer = await s.service.why('tick', '2026-11-21T11:02');
  await expectGolden('ran', answer);
  expect(Object.keys(answer)).toEqual([
    ...['job', 'job_name', 'at', 'answer', 'reason', 'slot', 'run', 'because', 'before', 'after', 'text'],
  ]);
  expect(answer).toEqual(await s.service.why('tick', '2026-11-21T10:02:00Z'));
});

it('ran late: a slot of a short downtime, within its grace', async () => {
  const s = await running(one('cron: "*/5 * * * *"'), { tick: () => ({}) });
  await s.stop();
  await s.advanceTo('2026-11-21T10:07:30Z');
  await s.start();
  await expectGolden('ran-late', await s.service.why('tick', '10:05'));
});

it('failed at its last attempt', async () => {
  const s = await running(one('cron: "* * * * *", retries: 1'), { tick: fails });
  await s.advanceTo('2026-11-21T10:01:30Z');
  await expectGolden('ran-failed', await s.service.why('tick', '10:01'));
});

it('given up for a newer slot', async () => {
  const s = await running(one('cron: "* * * * *", retry_delay: 50s'), { tick: fails });
  await s.advanceTo('2026-11-21T10:03:30Z');
  await expectGolden('ran-superseded', await s.service.why('tick', '10:02'));
});

it('no further attempt, because the job was disabled meanwhile', async () => {
  const s = await running(one('cron: "1 10 * * *", retry_delay: 10m'), { tick: fails });
  await s.advanceTo('2026-11-21T10:02:00Z');
  await s.writeSettings(one('cron: "1 10 * * *", retry_delay: 10m').replace('true', 'false'));
  await s.installed.reload();
  await expectGolden('ran-disabled', await s.service.why('tick', '10:01'));
});

it('cancelled by a person', async () => {
  const s = await running(one('cron: "1 10 * * *"'), {
    tick: (ctx) =>
      new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason))),
  });
  await s.advanceTo('2026-11-21T10:01:10Z');
  const [run] = await s.rows('tick');
  await s.service.cancelRun(run!.run_id, 'cli:ann');
  await s.advanceTo('2026-11-21T10:02:30Z');
  await expectGolden('ran-cancelled', await s.service.why('tick', '10:01'));
});

it('cut by a crash, and not tried again', async () => {
  const work = gate();
  const s = await running(one('cron: "1 10 * * *", rerun_on_interrupt: false'), { tick: () => work.promise });
  await s.advanceTo('2026-11-21T10:01:25Z');
  await s.crash();
  await s.start();
  await expectGolden('ran-interrupted', await s.service.why('tick', '10:01'));
});

it('covered by the run of another slot', async () => {
  const s = await running(one('cron: "* * * * *"'), { tick: () => ({}) });
  await s.stop();
  await s.advanceTo('2026-11-21T10:04:30Z');
  await s.start();
  await expectGolden('covered-by-another-run', await s.service.why('tick', '10:02'));
  await expectGolden('covers-others', await s.service.why('tick', '10:04'));
});

it('caught up beyond its grace', async () => {
  const s = await running(one('cron: "1 * * * *", misfire_policy: latest'), { tick: () => ({}) });
  await s.stop();
  await s.advanceTo('2026-11-21T13:30:00Z');
  await s.start();
  await expectGolden('caught-up', await s.service.why('tick', '13:01'));
});

it('made up for by hand', async () => {
  const s = await running(one('cron: "* * * * *", misfire_grace_time: 0'), { tick: () => ({}) });
  await s.stop();
  await s.advanceTo('2026-11-21T10:04:30Z');
  await s.start();
  const [from, to] = ['2026-11-21T10:02:00Z', '2026-11-21T10:02:30Z'].map((iso) => Date.parse(iso));
  await s.service.backfill('tick', { from: from!, to: to!, by: 'cli:ann' });
  await s.quiet();
  await expectGolden('backfilled', await s.service.why('tick', '10:02'));
});

it('running', async () => {
  const work = gate();
  const s = await running(one('cron: "1 10 * * *"'), { tick: () => work.promise });
  await s.advanceTo('2026-11-21T10:03:10Z');
  await expectGolden('running', await s.service.why('tick', '10:01'));
  work.open({});
});

it('waits for one of the places that all jobs share', async () => {
  const work = gate();
  const jobs = 'max_concurrent_executions: 1\njobs:\n  a: { enabled: true, cron: "1 10 * * *", priority: 1 }';
  const s = await running(`${jobs}\n  b: { enabled: true, cron: "1 10 * * *" }`, {
    a: () => work.promise,
    b: () => ({}),
  });
  await s.advanceTo('2026-11-21T10:01:10Z');
  await expectGolden('waits-for-the-cap', await s.service.why('b', '10:01'));
  work.open({});
});

it('waits for a place behind a run of its job, or of its group', async () => {
  const work = gate();
  const s = await running(
    'jobs:\n  tick: { enabled: true, cron: "* * * * *", overlap: queue_one, group: disk }\n  tock: { enabled: true, cron: "1 10 * * *", overlap: queue_one, group: disk, priority: 900 }',
    { tick: () => work.promise, tock: () => ({}) },
  );
  await s.advanceTo('2026-11-21T10:02:10Z');
  await expectGolden('waits-for-a-place', await s.service.why('tick', '10:02'));
  await expectGolden('waits-for-the-group', await s.service.why('tock', '10:01'));
  work.open({});
});

it('waits for its next attempt', async () => {
  const s = await running(one('cron: "1 10 * * *", retry_delay: 10m'), { tick: fails });
  await s.advanceTo('2026-11-21T10:02:00Z');
  await expectGolden('waits-for-an-attempt', await s.service.why('tick', '10:01'));
});

it('waits for the end of a pause', async () => {
  const s = await running(one('cron: "1 10 * * *", retry_delay: 30s'), { tick: fails });
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.service.pause({ reason: 'moving the vault', until: null, by: 'cli:ann' });
  await s.advanceTo('2026-11-21T10:05:00Z');
  await expectGolden('waits-for-a-resume', await s.service.why('tick', '10:01'));
});

it('waits in a line', async () => {
  const work = gate();
  const s = await running(one('cron: "* * * * *", coalesce: false'), { tick: () => work.promise });
  await s.stop();
  await s.advanceTo('2026-11-21T10:03:30Z');
  await s.start();
  await expectGolden('waits-in-a-line', await s.service.why('tick', '10:02'));
  work.open({});
});

it('waits for a service', async () => {
  const s = await running(one('cron: "1 10 * * *", retry_delay: 10m'), { tick: fails });
  await s.advanceTo('2026-11-21T10:02:00Z');
  await s.stop();
  await s.advanceTo('2026-11-21T10:30:00Z');
  const { service } = await s.command();
  await expectGolden('waits-for-a-service', await service.why('tick', '10:01'));
});

it('cancelled while it waited', async () => {
  const work = gate();
  const s = await running(one('cron: "* * * * *", overlap: queue_one'), { tick: () => work.promise });
  await s.advanceTo('2026-11-21T10:02:10Z');
  const waiting = (await s.rows('tick')).find((run) => run.state === 'queued');
  await s.service.cancelRun(waiting!.run_id, 'cli:ann');
  await expectGolden('never-started', await s.service.why('tick', '10:02'));
  work.open({});
});

it('its process is gone, and nobody has started since', async () => {
  const s = await running(one('cron: "1 10 * * *"'), { tick: () => new Promise(() => {}) });
  await s.advanceTo('2026-11-21T10:05:05Z');
  const command = await s.command();
  await s.crash();
  await s.advanceTo('2026-11-21T10:30:00Z');
  expect((await command.status()).warnings).toContainEqual(expect.stringContaining('1 run was under way'));
  await expectGolden('process-gone', await command.service.why('tick', '10:01'));
  await s.start();
  expect(await s.service.why('tick', '10:01')).toMatchObject({ answer: 'queued' });
});
