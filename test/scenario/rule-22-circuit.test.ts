// Rule 22: a job that fails again and again is left alone, except for a probe now and then.
import { expect, it } from 'vitest';
import { createScenario, gate, type HandlerFunction, type Scenario } from '../support/scenario.ts';

const OFF = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';
const failing: HandlerFunction = () => {
  throw new Error('no luck');
};
const entry = (keys: string) => `  tick: { enabled: true, cron: "* * * * *", retries: 0, ${keys} }`;

/** Up at 10:00:30 with `tick` each minute; it opens after two failures, and probes after five minutes. */
async function shaky(tick: HandlerFunction = failing, keys = 'circuit_after: 2, circuit_probe: 5m') {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `jobs:\n${entry(keys)}`,
    handlers: { tick },
  });
  await s.start();
  return s;
}

/** Of the slots so far, `F` failed, `s` succeeded, a number = so many in a row `skipped: circuit_open`. */
async function pattern(s: Scenario): Promise<string> {
  const words = (await s.rows('tick'))
    .toSorted((a, b) => (a.due_at < b.due_at ? -1 : 1))
    .map((row) => {
      if (row.kind === 'manual') return 'm';
      if (row.reason === 'circuit_open') return String(row.covers?.count ?? 1);
      if (row.state === 'failed') return 'F';
      return row.state === 'succeeded' ? 's' : `${row.state}:${row.reason}`;
    });
  return words.join(' ');
}
const at = (minute: number) => `2026-11-21T10:${String(minute).padStart(2, '0')}:10Z`;
const circuit = async (s: Scenario) => (await s.service.find('tick')).circuit;
const untilMinute =
  (minute: number): HandlerFunction =>
  (ctx) =>
    new Date(ctx.dueAt).getUTCMinutes() < minute ? failing(ctx) : {};

it('after circuit_after consecutive failed runs it opens: slots are skipped: circuit_open, in one row', async () => {
  const s = await shaky();
  await s.advanceTo(at(1));
  expect(await circuit(s)).toEqual({ state: 'closed', since: null });
  await s.advanceTo(at(6));
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z failed',
    '2026-11-21T10:02:00Z failed',
    '2026-11-21T10:06:00Z skipped: circuit_open x4',
  ]);
  expect(await circuit(s)).toEqual({ state: 'open', since: '2026-11-21T10:02:00Z' });
});

it('the probe is the first slot at least circuit_probe after the last failed one; it fails, and the next is as far', async () => {
  const s = await shaky();
  await s.advanceTo(at(13));
  expect(await pattern(s)).toBe('F F 4 F 4 F 1');
  expect(s.calls.map((call) => call.slot?.slice(11, 16))).toEqual(['10:01', '10:02', '10:07', '10:12']);
});

it('a probe that succeeds closes it, and every slot runs again', async () => {
  const s = await shaky(untilMinute(7));
  await s.advanceTo(at(10));
  expect(await pattern(s)).toBe('F F 4 s s s s');
  expect(await circuit(s)).toEqual({ state: 'closed', since: null });
});

it('ten failures and fifteen minutes unless it is written', async () => {
  const s = await shaky(failing, 'description: x');
  await s.advanceTo(at(26));
  expect(await pattern(s)).toBe('F F F F F F F F F F 14 F 1');
});

it('circuit_after: 0 is off', async () => {
  const s = await shaky(failing, 'circuit_after: 0');
  await s.advanceTo(at(15));
  expect(await pattern(s)).toBe('F F F F F F F F F F F F F F F');
});

it('switched off while it is open it holds nothing back', async () => {
  const s = await shaky();
  await s.advanceTo(at(4));
  await s.writeSettings(`${OFF}${entry('circuit_after: 0')}`);
  await s.installed.reload();
  await s.advanceTo(at(6));
  expect(await pattern(s)).toBe('F F 2 F F');
  expect(await circuit(s)).toEqual({ state: 'closed', since: null });
});

it('consecutive: a success in between begins the count anew', async () => {
  const s = await shaky((ctx) => (new Date(ctx.dueAt).getUTCMinutes() % 2 === 0 ? {} : failing(ctx)));
  await s.advanceTo(at(6));
  expect(await pattern(s)).toBe('F s F s F s');
});

it('a run counts once, when its last attempt has failed; one given up for a newer slot too', async () => {
  const s = await shaky();
  await s.writeSettings(
    `${OFF}  tick: { enabled: true, cron: "* * * * *", retries: 1, retry_delay: 50s, circuit_after: 2 }`,
  );
  await s.installed.reload();
  await s.advanceTo(at(2));
  expect(await circuit(s)).toMatchObject({ state: 'closed' });
  await s.advanceTo(at(3));
  expect(await circuit(s)).toMatchObject({ state: 'open', since: '2026-11-21T10:02:50Z' });
});

it('a time limit counts as a failure', async () => {
  const s = await shaky(
    (ctx) =>
      new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason))),
    'circuit_after: 2, timeout: 5s',
  );
  await s.advanceTo(at(4));
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z timed_out',
    '2026-11-21T10:02:00Z timed_out',
    '2026-11-21T10:04:00Z skipped: circuit_open x2',
  ]);
});

it('skips, cancels and interrupts do not count, neither for nor against', async () => {
  const s = await shaky((ctx) => {
    const minute = new Date(ctx.dueAt).getUTCMinutes();
    if (minute === 2) ctx.skip('nothing new');
    if (minute === 3 || minute === 4)
      return new Promise((_, reject) =>
        ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason)),
      );
    return failing(ctx);
  }, 'circuit_after: 2, rerun_on_interrupt: false');
  await s.advanceTo(at(3));
  await s.service.cancelRun((await s.rows('tick')).at(-1)!.run_id, 'ann');
  await s.advanceTo(at(4));
  await s.crash();
  await s.start();
  expect(await circuit(s)).toEqual({ state: 'closed', since: null });
  await s.advanceTo(at(6));
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z failed',
    '2026-11-21T10:02:00Z skipped: by_handler',
    '2026-11-21T10:03:00Z cancelled',
    '2026-11-21T10:04:00Z interrupted',
    '2026-11-21T10:05:00Z failed',
    '2026-11-21T10:06:00Z skipped: circuit_open',
  ]);
});

it('only the kinds scheduled and catchup count: failures by hand do not open it', async () => {
  const s = await shaky();
  for (const _ of [1, 2, 3]) {
    await s.service.runNow('tick', { by: 'ann' });
    await s.quiet();
  }
  expect(await circuit(s)).toMatchObject({ state: 'closed' });
});

it('one success of any kind of run closes it', async () => {
  const s = await shaky((ctx) => (ctx.slot === null ? {} : failing(ctx)));
  await s.advanceTo(at(4));
  await s.service.runNow('tick', { by: 'ann' });
  await s.quiet();
  expect(await circuit(s)).toMatchObject({ state: 'closed' });
  await s.advanceTo(at(7));
  expect(await pattern(s)).toBe('F F 2 m F F 1');
});

it('a failure by hand does not put the probe off', async () => {
  const s = await shaky();
  await s.advanceTo(at(6));
  await s.service.runNow('tick', { by: 'ann' });
  await s.advanceTo(at(7));
  expect(s.calls.at(-1)?.slot).toBe('2026-11-21T10:07:00Z');
});

it('while a probe is under way there is no other', async () => {
  const work = gate();
  const s = await shaky((ctx) => (new Date(ctx.dueAt).getUTCMinutes() < 7 ? failing(ctx) : work.promise));
  await s.advanceTo(at(11));
  expect(await pattern(s)).toBe('F F 4 running:null 4');
  work.open({});
  await s.advanceTo(at(12));
  expect(await pattern(s)).toBe('F F 4 s 4 s');
});

it('a probe that finds no place is none: the next slot is', async () => {
  const work = gate();
  const s = await shaky((ctx) => (ctx.slot === null ? work.promise : failing(ctx)));
  await s.advanceTo(at(6));
  await s.service.runNow('tick', { by: 'ann' });
  await s.advanceTo(at(7));
  work.fail(new Error('no luck'));
  await s.advanceTo(at(8));
  expect((await s.ledger('tick')).slice(-2)).toEqual([
    '2026-11-21T10:07:00Z skipped: overlap',
    '2026-11-21T10:08:00Z failed',
  ]);
});

it('it outlives a restart', async () => {
  const s = await shaky();
  await s.advanceTo(at(4));
  await s.stop();
  await s.start();
  await s.advanceTo(at(8));
  expect(await pattern(s)).toBe('F F 2 2 F 1');
});

it('after a downtime one probe stands for all slots that are eligible with it', async () => {
  const s = await shaky(untilMinute(9));
  await s.advanceTo(at(3));
  await s.stop();
  await s.advanceTo('2026-11-21T10:09:30Z');
  await s.start();
  const [, , open, missed, probe] = await s.rows('tick');
  expect([open?.reason, missed?.reason]).toEqual(['circuit_open', 'downtime']);
  expect(probe).toMatchObject({
    slot: '2026-11-21T10:09:00Z',
    state: 'succeeded',
    covers: { from: '2026-11-21T10:05:00Z' },
  });
});

it('a pause says paused, not circuit_open', async () => {
  const s = await shaky();
  await s.advanceTo(at(3));
  await s.service.pause({ job: 'tick', reason: null, until: null, by: 'ann' });
  await s.advanceTo(at(5));
  expect((await s.ledger('tick')).slice(2)).toEqual([
    '2026-11-21T10:03:00Z skipped: circuit_open',
    '2026-11-21T10:05:00Z skipped: paused x2',
  ]);
});

it('it is shown in list, status and why', async () => {
  const s = await shaky();
  await s.advanceTo(at(4));
  const tick = (await s.service.list()).find((job) => job.id === 'tick');
  expect(tick).toMatchObject({ state: 'active', circuit: { state: 'open', since: '2026-11-21T10:02:00Z' } });
  expect((await s.installed.status()).warnings).toContainEqual(
    'tick: its circuit is open since 2026-11-21T10:02:00Z, after 2 failed runs in a row',
  );
  expect(await s.service.why('tick', '10:03')).toMatchObject({ answer: 'skipped', reason: 'circuit_open' });
});

it('circuit_action: pause pauses the job instead, and says why', async () => {
  const s = await shaky(failing, 'circuit_after: 2, circuit_action: pause');
  await s.advanceTo(at(20));
  const [, last] = await s.rows('tick');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z failed',
    '2026-11-21T10:02:00Z failed',
    '2026-11-21T10:20:00Z skipped: paused x18',
  ]);
  expect(await s.service.find('tick')).toMatchObject({
    state: 'paused',
    circuit: { state: 'closed' },
    paused_by: [
      {
        source: 'circuit',
        who: 'circuit',
        why: `2 runs in a row have failed, the last one ${last?.run_id}: no luck`,
        since: '2026-11-21T10:02:00Z',
      },
    ],
  });
});

it('a success does not lift that pause; resumed by hand the job has as many tries again', async () => {
  const s = await shaky(
    (ctx) => (ctx.slot === null ? {} : failing(ctx)),
    'circuit_after: 2, circuit_action: pause',
  );
  await s.advanceTo(at(3));
  await s.service.runNow('tick', { by: 'ann' });
  await s.quiet();
  expect((await s.service.find('tick')).state).toBe('paused');
  await s.service.resume({ job: 'tick', by: 'ann' });
  await s.advanceTo(at(4));
  expect((await s.service.find('tick')).state).toBe('active');
  await s.advanceTo(at(6));
  expect((await s.service.find('tick')).state).toBe('paused');
  expect(s.calls.filter((call) => call.slot !== null).map((call) => call.slot?.slice(11, 16))).toEqual([
    '10:01',
    '10:02',
    '10:04',
    '10:05',
  ]);
});

it('resume --catch-up latest lets no slot through an open circuit, but that of a probe', async () => {
  const s = await shaky();
  const held = async (from: number, to: number) => {
    await s.advanceTo(at(from));
    await s.service.pause({ reason: null, until: null, by: 'ann' });
    await s.advanceTo(at(to));
    await s.service.resume({ by: 'ann', catchUp: true });
    await s.quiet();
    return s.calls.map((call) => call.slot?.slice(14, 16));
  };
  expect(await held(2, 4)).toEqual(['01', '02']);
  expect(await held(5, 8)).toEqual(['01', '02', '08']);
  await s.advanceTo(at(13));
  expect(s.calls.map((call) => call.slot?.slice(14, 16))).toEqual(['01', '02', '08', '13']);
});
