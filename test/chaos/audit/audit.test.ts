// The audit itself: a ledger that is right passes, and each way in which one can be wrong is found.

import { expect, it } from 'vitest';
import { type Diary, emptyDiary } from '../diary.ts';
import type { Evidence, Row } from '../ledger.ts';
import { edit, LOAD } from '../load.ts';
import { ANCHOR, isoOf } from '../slots.ts';
import { audit } from './audit.ts';

const T0 = Date.UTC(2026, 10, 21, 10);
const at = (seconds: number) => T0 + seconds * 1000;
const PID = 7;

const definition = (every: string) => ({
  enabled: true,
  schedule: { kind: 'every', every, timezone: 'UTC', anchor: ANCHOR },
});

/** `tick` every second, five slots, each with one run of one attempt; the service was killed at the end. */
function sound(): { evidence: Evidence; diary: Diary } {
  const rows = [1, 2, 3, 4, 5].map((second) => runAt(second));
  const effects = rows.flatMap((row) =>
    (['begin', 'end'] as const).map((what) => ({
      ...{ what, job: 'tick', runId: row.run_id, slot: row.slot, attempt: 1, pid: PID },
      ...{ key: `tick@${isoOf(row.slot!)}`, at: row.slot! + (what === 'begin' ? 6 : 8) },
    })),
  );
  const job = { uid: 'uid-tick', id: 'tick', state: 'active', cursor: at(5), failure_count: 0 };
  const change = { seq: 1, job_uid: 'uid-tick', at: at(0) + 500, what: 'created', after: definition('1s') };
  const boot = { boot_id: 'boot', pid: PID, started_at: at(0) + 400, last_tick: at(0), ended_at: null };
  const evidence = {
    ...{ rows, effects, pauses: [], changes: [change], boots: [boot], holes: [] },
    jobs: [{ ...job, success_count: 5, handler_state: '5' }],
  };
  const life = { n: 1, pid: PID, spawnedAt: at(0) + 100, upAt: at(0) + 600, askedToStopAt: null, said: '' };
  const diary = emptyDiary();
  diary.lives.push({ ...life, endedAt: at(5) + 500, end: 'killed', point: 'fire after' });
  diary.versions.push({ load: LOAD, written: { from: at(0), to: at(0) } });
  return { evidence, diary };
}

function runAt(second: number, over: Partial<Row> = {}): Row {
  const slot = at(second);
  const tried = { n: 1, startedAt: slot + 5, endedAt: slot + 9, outcome: 'succeeded' };
  return {
    ...{ run_id: `run-${second}`, job_uid: 'uid-tick', job_id: 'tick', kind: 'scheduled', reason: null },
    ...{
      state: 'succeeded',
      slot,
      due_at: slot,
      not_before: null,
      priority: 100,
      attempt: 1,
      attempts: [tried],
      caused_by: null,
    },
    ...{ covers_from: null, covers_to: null, covers_count: null, boot_id: 'boot' },
    ...{ queued_at: slot + 3, started_at: slot + 5, ended_at: slot + 9 },
    ...over,
  };
}

const skipped = (second: number, over: Partial<Row>) =>
  runAt(second, {
    state: 'skipped',
    attempt: 0,
    attempts: [],
    started_at: null,
    ended_at: at(second),
    ...over,
  });

function replace(evidence: Evidence, ...rows: Row[]): void {
  const ids = rows.map(({ run_id }) => run_id);
  evidence.rows = [...evidence.rows.filter(({ run_id }) => !ids.includes(run_id)), ...rows];
  const without = rows.filter(({ state }) => state !== 'succeeded').map(({ run_id }) => run_id);
  evidence.effects = evidence.effects.filter(({ runId }) => !without.includes(runId));
  evidence.jobs[0]!.success_count -= without.length;
  evidence.jobs[0]!.handler_state = String(evidence.jobs[0]!.success_count);
}

function found(change: (about: ReturnType<typeof sound>) => void): string[] {
  const about = sound();
  change(about);
  return audit(about.evidence, about.diary, { isDrained: true }).map(({ kind, what }) => `${kind}: ${what}`);
}

it('finds nothing where every slot has its account', () => {
  expect(found(() => {})).toEqual([]);
});

it('finds a slot that has no row', () => {
  const [first, ...rest] = found(({ evidence }) => {
    evidence.rows = evidence.rows.filter(({ run_id }) => run_id !== 'run-3');
  });
  expect(first).toBe('lost: no account of 2026-11-21T10:00:03Z');
  expect(rest).toContain('unexplained: an effect without a row');
});

it('finds a due slot that no start decided', () => {
  const lost = found(({ diary, evidence }) => {
    evidence.jobs[0]!.cursor = at(5);
    diary.lives.push({ ...diary.lives[0]!, n: 2, spawnedAt: at(7), upAt: at(7) + 300, endedAt: at(8) });
  });
  expect(lost).toEqual([
    'lost: no account of 2026-11-21T10:00:06Z',
    'lost: no account of 2026-11-21T10:00:07Z',
  ]);
});

it('finds a slot with two accounts', () => {
  const doubled = found(({ evidence }) => {
    const range = { covers_from: at(2), covers_to: at(4), covers_count: 3, queued_at: at(4) + 3 };
    replace(evidence, runAt(4, range));
  });
  expect(doubled).toContain('doubled: a slot with two accounts');
});

it('finds a range that counts too few', () => {
  const lost = found(({ evidence }) => {
    evidence.rows = evidence.rows.filter(({ run_id }) => run_id !== 'run-3');
    replace(evidence, runAt(4, { covers_from: at(2), covers_to: at(4), covers_count: 1 }));
  });
  expect(lost).toContain('lost: counts fewer slots than it covers');
});

it('finds a slot that the schedule does not have', () => {
  const strange = found(({ evidence }) => replace(evidence, runAt(3, { slot: at(3) + 500 })));
  expect(strange).toContain('unexplained: a slot that the schedule does not have');
});

it('finds an attempt that was settled twice, and one that went on after its end', () => {
  const twice = found(({ evidence }) => {
    const { attempts } = evidence.rows[2]!;
    evidence.rows[2]!.attempts = [
      ...attempts,
      { ...attempts[0]!, startedAt: at(3) + 10, endedAt: at(3) + 11 },
    ];
  });
  expect(twice).toEqual([
    'doubled: attempt 1 was settled twice',
    'unexplained: the number of attempts and their records differ',
    'doubled: went on after it had succeeded',
  ]);
});

it('finds work that began twice', () => {
  const twice = found(({ evidence }) => {
    evidence.effects.push({ ...evidence.effects[0]!, at: at(1) + 7 });
  });
  expect(twice).toContain('doubled: attempt 1 began 2 times');
});

it('finds a success without its effect', () => {
  const without = found(({ evidence }) => {
    evidence.effects = evidence.effects.filter(({ runId, what }) => runId !== 'run-2' || what !== 'end');
  });
  expect(without).toContain('unexplained: attempt 1 succeeded without its effects');
});

it.each([
  ['downtime while the service was up', 'missed', 'downtime', '2026-11-21T10:00:03Z is blocked'],
  ['a slot missed that was within its grace', 'missed', 'blocked', '2026-11-21T10:00:03Z could have run'],
  ['a pause that was not there', 'skipped', 'paused', 'held back without a pause'],
  ['nothing in the way', 'skipped', 'overlap', 'nothing was in the way'],
  ['a change that was not made', 'missed', 'schedule_changed', '2026-11-21T10:00:03Z is blocked'],
])('finds %s', (_, state, reason, what) => {
  const row = skipped(3, { state, reason, queued_at: at(3) + 3 });
  expect(found(({ evidence }) => replace(evidence, row))).toContain(`unexplained: ${what}`);
});

it('finds a slot that a pass left for a later one', () => {
  const later = runAt(3, { queued_at: at(5) + 3 });
  expect(found(({ evidence }) => replace(evidence, later))).toContain(
    'unexplained: 2026-11-21T10:00:03Z was passed over',
  );
});

it('finds a run that a pause should have held', () => {
  const through = found(({ diary }) => {
    const span = (second: number) => ({ from: at(second) + 500, to: at(second) + 510 });
    diary.holds.push({ source: 'env_file', job: null, set: span(2), lifted: span(4) });
  });
  expect(through).toEqual([
    'unexplained: 2026-11-21T10:00:03Z was let through a pause',
    'unexplained: 2026-11-21T10:00:04Z was let through a pause',
    'unexplained: started in a pause',
  ]);
});

it('finds nothing where a pause was lifted before the pass that began in it could read it', () => {
  const lifted = (atLift: number) =>
    found(({ diary, evidence }) => {
      const hex = (at(3) + 40).toString(16).padStart(12, '0');
      const id = `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
      const [row] = evidence.rows.filter(({ run_id }) => run_id === 'run-3');
      Object.assign(row!, { run_id: id });
      for (const effect of evidence.effects) if (effect.runId === 'run-3') effect.runId = id;
      const span = (instant: number) => ({ from: instant, to: instant });
      diary.holds.push({ source: 'env_file', job: null, set: span(at(3) - 50), lifted: span(atLift) });
    });
  expect(lifted(at(3) + 39)).toEqual([]);
  expect(lifted(at(3) + 41)).toEqual(['unexplained: 2026-11-21T10:00:03Z was let through a pause']);
});

it('finds nothing where an attempt was given back and is made again by the next service', () => {
  const after = found(({ evidence, diary }) => {
    const [first] = diary.lives;
    Object.assign(first!, { end: 'stopped', askedToStopAt: at(5) + 8, endedAt: at(5) + 500 });
    const [pid, began] = [PID + 1, at(5) + 850];
    diary.lives.push({
      ...first!,
      n: 2,
      pid,
      spawnedAt: at(5) + 600,
      upAt: at(5) + 800,
      endedAt: at(6),
      end: 'killed',
    });
    evidence.boots.push({ ...evidence.boots[0]!, boot_id: 'next', pid, started_at: at(5) + 700 });
    const back = { n: 1, startedAt: at(5) + 5, endedAt: at(5) + 9, outcome: 'given_back' };
    const again = { n: 1, startedAt: began, endedAt: began + 9, outcome: 'succeeded' };
    replace(evidence, runAt(5, { attempts: [back, again], started_at: began, ended_at: began + 9 }));
    const [begin, end] = evidence.effects.filter(({ runId }) => runId === 'run-5');
    evidence.effects = evidence.effects.filter((effect) => effect !== end);
    evidence.effects.push({ ...begin!, pid, at: began + 6 }, { ...end!, pid, at: began + 8 });
  });
  expect(after).toEqual([]);
});

it('finds an interruption in a life that nobody killed, and a run that never ended', () => {
  const row = runAt(5, { state: 'running' });
  const attempts = [{ n: 1, startedAt: at(5) + 5, endedAt: at(5) + 6, outcome: 'interrupted' }];
  const wrong = found(({ diary, evidence }) => {
    diary.lives[0]!.end = 'stopped';
    replace(evidence, { ...row, attempts, attempt: 2, ended_at: null });
  });
  expect(wrong).toContain('unexplained: interrupted in a life that nobody killed');
  expect(wrong).toContain('lost: a run that never came to its end');
});

it('finds settings that a start did not take', () => {
  const load = edit(LOAD, 'tick', { schedule: { kind: 'every', seconds: 2 } });
  const stale = found(({ diary }) => {
    diary.versions.push({ load, written: { from: at(0) + 50, to: at(0) + 60 } });
  });
  expect(stale).toContain('unexplained: a start did not take the settings');
});

it('passes on what the check of the service itself finds', () => {
  const hole = { seq: 2, job_uid: 'uid-tick', at: at(5), what: 'hole', after: null };
  const told = found(({ evidence }) => {
    evidence.holes = [hole];
  });
  expect(told).toEqual(['unexplained: the service itself misses an account']);
});

it('finds a service that ended by itself', () => {
  const fallen = found(({ diary }) => {
    diary.lives[0]!.end = 'fell';
  });
  expect(fallen).toContain('unexplained: the service ended by itself');
});
