// Golden answers of `why`: what was skipped, and what was missed.
import { expect, it } from 'vitest';
import { openSqliteStore } from '#store/sqlite/open';
import { expectGolden } from '../support/golden.ts';
import { createScenario, gate, type HandlerFunction, type Scenario } from '../support/scenario.ts';

const AT = '2026-11-21T10:00:30Z';
const OFF = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';

async function running(scheduler: string, handlers: Record<string, HandlerFunction>): Promise<Scenario> {
  const s = await createScenario({ at: AT, scheduler, handlers });
  await s.start();
  return s;
}

const one = (rest: string) => `jobs:\n  tick: { enabled: true, ${rest} }`;
const ticking = (rest = 'cron: "* * * * *"') => running(one(rest), { tick: () => ({}) });

async function rewrite(s: Scenario, jobs: string): Promise<void> {
  await s.writeSettings(`${OFF}${jobs}`);
  await s.installed.reload();
  await s.quiet();
}

it('skipped for a run in the way, which goes on or took so long', async () => {
  const work = gate();
  const s = await running(one('cron: "* * * * *"'), { tick: () => work.promise });
  await s.advanceTo('2026-11-21T10:03:10Z');
  await expectGolden('overlap-still-running', await s.service.why('tick', '10:03'));
  work.open({});
  await s.advanceTo('2026-11-21T10:04:10Z');
  await expectGolden('overlap', await s.service.why('tick', '10:02'));
});

it('skipped for a run of another job of its group', async () => {
  const work = gate();
  const jobs = 'a: { enabled: true, cron: "1 10 * * *", group: disk }';
  const s = await running(`jobs:\n  ${jobs}\n  b: { enabled: true, cron: "2 10 * * *", group: disk }`, {
    a: () => work.promise,
    b: () => ({}),
  });
  await s.advanceTo('2026-11-21T10:02:10Z');
  await expectGolden('overlap-in-group', await s.service.why('b', '10:02'));
  work.open({});
});

it('skipped because too many were waiting', async () => {
  const work = gate();
  const s = await running(one('every: 1s, overlap: queue_all, timeout: 1h'), { tick: () => work.promise });
  await s.advanceTo('2026-11-21T10:02:30Z');
  await expectGolden('queue-full', await s.service.why('tick', '2026-11-21T10:02:20Z'));
  work.open({});
});

it('skipped in a pause: of a person, over, in one row with other slots', async () => {
  const s = await ticking();
  await s.service.pause({ reason: 'moving the vault', until: null, by: 'cli:ann' });
  await s.advanceTo('2026-11-21T10:04:30Z');
  await expectGolden('paused-still', await s.service.why('tick', '10:02'));
  await s.service.resume({ by: 'cli:ben' });
  await s.advanceTo('2026-11-21T10:05:30Z');
  await expectGolden('paused', await s.service.why('tick', '10:02'));
});

it('skipped in several pauses at once', async () => {
  const s = await ticking();
  await s.service.pause({ reason: null, until: Date.parse('2026-11-21T10:03:00Z'), by: 'cli:ann' });
  await s.service.pause({ job: 'tick', reason: 'too slow', until: null, by: 'cli:ben' });
  await s.advanceTo('2026-11-21T10:04:30Z');
  await expectGolden('paused-by-two', await s.service.why('tick', '10:02'));
});

it('inside an open pause: no slot has come yet', async () => {
  const s = await ticking('cron: "0 * * * *"');
  await s.advanceTo('2026-11-21T11:10:00Z');
  await s.service.pause({ reason: 'backup', until: null, by: 'cli:ann' });
  await s.advanceTo('2026-11-21T11:30:00Z');
  await expectGolden('paused-between-slots', await s.service.why('tick', '11:20'));
});

it('skipped because the tool stopped the scheduler', async () => {
  const s = await ticking();
  const store = await openSqliteStore({ stateDir: s.installed.settings.stateDir, clock: s.clock });
  const since = s.clock.now();
  await store.pause({ jobUid: null, source: 'tool', who: 'agent:max', why: null, since, until: null });
  await store.close();
  await s.advanceTo('2026-11-21T10:02:30Z');
  await expectGolden('stopped', await s.service.why('tick', '10:01'));
});

it('skipped behind an open circuit', async () => {
  let isWell = false;
  const s = await running(one('cron: "* * * * *", retries: 0, circuit_after: 2, circuit_probe: 3m'), {
    tick: () => {
      if (!isWell) throw new Error('no luck');
    },
  });
  await s.advanceTo('2026-11-21T10:04:10Z');
  await expectGolden('circuit-open', await s.service.why('tick', '10:03'));
  isWell = true;
  await s.advanceTo('2026-11-21T10:06:10Z');
  await expectGolden('circuit-closed-since', await s.service.why('tick', '10:03'));
});

it('skipped for a newer slot while it waited', async () => {
  const work = gate();
  const s = await running(one('cron: "* * * * *", overlap: cancel_previous'), { tick: () => work.promise });
  await s.advanceTo('2026-11-21T10:03:05Z');
  await expectGolden('superseded', await s.service.why('tick', '10:02'));
  work.open({});
});

it('skipped because the job was disabled while it waited', async () => {
  const work = gate();
  const a = 'a: { enabled: true, cron: "1 10 * * *", priority: 1 }';
  const s = await running(
    `max_concurrent_executions: 1\njobs:\n  ${a}\n  b: { enabled: true, cron: "1 10 * * *" }`,
    { a: () => work.promise, b: () => ({}) },
  );
  await s.advanceTo('2026-11-21T10:02:00Z');
  await s.writeSettings(
    `max_concurrent_executions: 1\n${OFF}  ${a}\n  b: { enabled: false, cron: "1 10 * * *" }`,
  );
  await s.installed.reload();
  await expectGolden('disabled-while-waiting', await s.service.why('b', '10:01'));
  work.open({});
});

it('skipped while the job was not in the settings', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:01:30Z');
  await rewrite(s, '');
  await s.advanceTo('2026-11-21T10:04:30Z');
  await expectGolden('not-in-the-settings', await s.service.why('tick', '10:03'));
  await rewrite(s, '  tick: { enabled: true, cron: "* * * * *" }');
  await expectGolden('not-in-the-settings-then', await s.service.why('tick', '10:03'));
});

it('skipped without a handler, and by the handler', async () => {
  const s = await running(
    `jobs:\n  lost: { enabled: true, cron: "* * * * *" }\n  shy: { enabled: true, cron: "* * * * *" }`,
    {
      shy: (ctx) => ctx.skip('nothing to do today'),
    },
  );
  await s.advanceTo('2026-11-21T10:02:30Z');
  await expectGolden('handler-missing', await s.service.why('lost', '10:01'));
  await expectGolden('by-handler', await s.service.why('shy', '10:01'));
});

it('missed in downtime', async () => {
  const s = await ticking('cron: "0 * * * *"');
  await s.advanceTo('2026-11-21T11:20:00Z');
  await s.stop();
  await s.advanceTo('2026-11-21T14:20:00Z');
  await s.start();
  await expectGolden('downtime', await s.service.why('tick', '13:00'));
});

it('missed in downtime before a reload', async () => {
  const s = await ticking();
  await s.stop();
  await s.advanceTo('2026-11-21T10:04:30Z');
  await s.writeSettings(`${OFF}  tick: { enabled: true, cron: "*/10 * * * *" }`);
  await s.start();
  await expectGolden('downtime-before-a-reload', await s.service.why('tick', '10:03'));
});

it('not decided yet: no service is up', async () => {
  const s = await ticking('cron: "0 * * * *"');
  await s.stop();
  await s.advanceTo('2026-11-21T13:02:00Z');
  const { service } = await s.command();
  await expectGolden('down-now', await service.why('tick', '12:00'));
  await expectGolden('down-now-in-time', await service.why('tick', '13:00'));
  await s.writeSettings(`${OFF}  tick: { enabled: true, cron: "30 * * * *" }`);
  const changed = await s.command();
  await expectGolden('down-now-and-changed', await changed.service.why('tick', '13:00'));
});

it('missed while the process was busy, and by a clock set forward', async () => {
  const s = await ticking();
  s.clock.block(10 * 60_000);
  await s.clock.advance(1);
  await expectGolden('blocked', await s.service.why('tick', '10:03'));
  s.clock.jumpWall(20 * 60_000);
  await s.clock.advance(30_000);
  await expectGolden('clock-jump', await s.service.why('tick', '10:15'));
});

it('missed because nobody made room in time', async () => {
  const work = gate();
  const s = await running(one('cron: "* * * * *", overlap: queue_one, queue_timeout: 90s'), {
    tick: () => work.promise,
  });
  await s.advanceTo('2026-11-21T10:05:00Z');
  await expectGolden('queue-timeout', await s.service.why('tick', '10:02'));
  work.open({});
});

it('missed because its definition came too late, or changed before it was due', async () => {
  const s = await ticking('cron: "*/10 * * * *", jitter: 1m');
  await s.advanceTo('2026-11-21T10:10:00.001Z');
  await rewrite(
    s,
    '  tick: { enabled: true, cron: "*/15 * * * *" }\n  once: { enabled: true, at: "2026-11-21T09:00", handler: tick }',
  );
  await expectGolden('schedule-changed', await s.service.why('tick', '10:10'));
  await expectGolden('came-too-late', await s.service.why('once', '09:00'));
});

it('answers the same by id and by instant', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:01:30Z');
  const byText = await s.service.why('tick', '2026-11-21T11:01+01:00');
  expect(byText).toEqual(await s.service.why('tick', Date.parse('2026-11-21T10:01:00Z')));
});
