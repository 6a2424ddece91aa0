// Events: what was committed is told, in order, once; who listens changes nothing.

import { describe, expect, expectTypeOf, it } from 'vitest';
import type { EventOf, SchedulerEvent } from '#service/events';
import { createScenario, gate, type Scenario } from '../support/scenario.ts';

const at = '2026-03-01T00:00:30Z';
const job = (keys: string) => `timezone: UTC\njobs:\n  tick: { handler: tick, enabled: true, ${keys} }`;

/** `type job [state or reason]`, in the order in which they were told. */
function heard(s: Scenario): string[] {
  const told: string[] = [];
  s.installed.events.on('*', (event: SchedulerEvent) => {
    // A scenario knows the built-in jobs from its first reload on.
    if ('job' in event && event.job === 'vault_sync') return;
    if (!('job' in event)) told.push(`${event.type} ${event.source}`);
    else if ('run' in event) told.push(`${event.type}${event.run.reason ? `: ${event.run.reason}` : ''}`);
    else told.push(`${event.type} ${event.job} by ${event.by}`);
  });
  return told;
}

describe('of runs', () => {
  it('a slot that runs is queued, started, succeeded', async () => {
    const s = await createScenario({ at, scheduler: job('every: 1m'), handlers: { tick: () => ({ n: 1 }) } });
    await s.start();
    const told = heard(s);
    const ends: EventOf<'run:succeeded'>[] = [];
    s.installed.events.on('run:succeeded', (event) => ends.push(event));
    await s.clock.advance(60_000);
    expect(told).toEqual(['run:queued', 'run:started', 'run:succeeded']);
    const [run] = await s.rows('tick');
    expect(ends).toMatchObject([{ job: 'tick', run: { ...run, state: 'succeeded', statistics: { n: 1 } } }]);
    expectTypeOf<EventOf<'job:paused'>['by']>().toBeString();
  });

  it('a failed attempt is told as retrying, the last as failed', async () => {
    const fails = () => {
      throw new Error('no');
    };
    const s = await createScenario({
      at,
      scheduler: job('cron: "1 0 * * *", retries: 1, retry_delay: 10'),
      handlers: { tick: fails },
    });
    await s.start();
    const told = heard(s);
    await s.clock.advance(120_000);
    expect(told).toEqual(['run:queued', 'run:started', 'run:retrying', 'run:started', 'run:failed']);
  });

  it('slots that do not run are told with their reason, also those that an open gap takes in', async () => {
    const s = await createScenario({ at, scheduler: job('every: 1m'), handlers: { tick: () => ({}) } });
    await s.start();
    await s.service.pause({ job: 'tick', reason: null, until: null, by: 'ann' });
    const covers: number[] = [];
    s.installed.events.on('slot:skipped', ({ run }) => covers.push(run.covers?.count ?? 1));
    await s.clock.advance(180_000);
    expect(covers).toEqual([1, 2, 3]);
  });

  it('missed slots are told at the start that finds them', async () => {
    const s = await createScenario({ at, scheduler: job('every: 1m'), handlers: { tick: () => ({}) } });
    await s.start();
    await s.stop();
    await s.clock.advance(3_600_000);
    const { up } = await s.begin();
    const told = heard(s);
    await up;
    await s.quiet();
    expect(told).toEqual(['slot:missed: downtime', 'run:queued', 'run:started', 'run:succeeded']);
  });

  it('cancelled, timed out, waiting runs that leave', async () => {
    const wait = gate();
    const s = await createScenario({
      at,
      scheduler: job('manual_only: true, timeout: 60, retries: 0, overlap: queue_one'),
      handlers: { tick: () => wait.promise },
    });
    await s.start();
    const told = heard(s);
    await s.service.runNow('tick', { by: 'ann' });
    const second = await s.service.runNow('tick', { by: 'ann' });
    await s.service.cancelRun(second.run_id, 'ann');
    await s.quiet();
    await s.clock.advance(60_000);
    wait.open();
    await s.clock.advance(60_000);
    expect(told).toEqual(['run:queued', 'run:queued', 'run:cancelled', 'run:started', 'run:timed_out']);
  });

  it('a circuit that pauses its job is told after the run that made it', async () => {
    const s = await createScenario({
      at,
      scheduler: job('every: 1m, retries: 0, circuit_after: 1, circuit_action: pause'),
      handlers: { tick: () => ({ success: false, error: 'no' }) },
    });
    await s.start();
    const told = heard(s);
    await s.clock.advance(60_000);
    expect(told.slice(-2)).toEqual(['run:failed', 'job:paused tick by circuit']);
  });
});

describe('of jobs', () => {
  it('pauses and resumes, of one job and of all, from inside and outside', async () => {
    const s = await createScenario({ at, scheduler: job('every: 1h'), handlers: { tick: () => ({}) } });
    await s.start();
    const told = heard(s);
    await s.service.pause({ job: 'tick', reason: null, until: null, by: 'ann' });
    await s.service.resume({ job: 'tick', by: 'bob' });
    await s.service.pause({ reason: null, until: null, by: 'ann' });
    await s.service.resume({ by: 'bob' });
    await s.quiet();
    expect(told).toEqual([
      'job:paused tick by ann',
      'job:resumed tick by bob',
      'scheduler:paused api',
      'scheduler:resumed api',
    ]);
  });

  it('a reload that adds, changes and drops', async () => {
    const s = await createScenario({ at, scheduler: job('every: 1h'), handlers: { tick: () => ({}) } });
    await s.start();
    const told = heard(s);
    await s.writeSettings(`${job('every: 2h')}\n  other: { handler: tick, enabled: true, every: 1h }`);
    await s.installed.reload();
    await s.quiet();
    expect(told.toSorted()).toContain('job:created other by settings');
    expect(told).toContain('job:updated tick by settings');
  });
});

describe('who listens', () => {
  it('throws or rejects and harms nothing: it is logged, the next one hears it', async () => {
    const s = await createScenario({ at, scheduler: job('every: 1m'), handlers: { tick: () => ({}) } });
    await s.start();
    s.installed.events.on('run:succeeded', () => {
      throw new Error('listener is broken');
    });
    s.installed.events.on('run:succeeded', () => Promise.reject(new Error('rejected')));
    const told = heard(s);
    await s.clock.advance(60_000);
    expect(told).toEqual(['run:queued', 'run:started', 'run:succeeded']);
    expect(await s.ledger('tick')).toEqual(['2026-03-01T00:01:30Z succeeded']);
    const errors = s.lines.filter(({ level }) => level === 'ERROR').map(({ error }) => error);
    expect(errors.toSorted()).toEqual(['listener is broken', 'rejected']);
  });

  it('hears only what is committed, and reads it in the ledger', async () => {
    const s = await createScenario({ at, scheduler: job('every: 1m'), handlers: { tick: () => ({}) } });
    await s.start();
    const states: Promise<string>[] = [];
    s.installed.events.on('run:succeeded', ({ run }) => {
      states.push(s.service.run(run.run_id).then(({ state }) => state));
    });
    await s.clock.advance(60_000);
    expect(await Promise.all(states)).toEqual(['succeeded']);
  });

  it('stops by the answer or by a signal; an unknown event is refused with the nearest', async () => {
    const s = await createScenario({ at, scheduler: job('every: 1m'), handlers: { tick: () => ({}) } });
    await s.start();
    const { events } = s.installed;
    const told: string[] = [];
    const stop = new AbortController();
    const off = events.on('run:queued', () => told.push('off'));
    events.on('run:queued', () => told.push('signal'), stop.signal);
    off();
    stop.abort();
    expect(events.isHeard).toBe(false);
    await s.clock.advance(60_000);
    expect(told).toEqual([]);
    expect(() => events.on('run:suceeded' as 'run:succeeded', () => {})).toThrow(
      expect.objectContaining({ code: 'INVALID_PARAMETERS', fix: 'did you mean run:succeeded?' }),
    );
  });
});
