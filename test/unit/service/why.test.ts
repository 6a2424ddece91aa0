// What `why` answers, for each thing that can become of an instant.
import { expect, it } from 'vitest';
import type { StoredJob } from '#core/job';
import type { Run } from '#core/run';
import { buildSchedule } from '#schedule/parse';
import { type WhyInput, why } from '#service/why';
import { aJob, MINUTE, T0 } from '../../support/ledger.ts';

const schedule = buildSchedule({ kind: 'cron', expression: '0 * * * *', timezone: 'UTC', dayMatch: 'or' });
const HOUR = 60 * MINUTE;
const SLOT = T0 + 2 * HOUR;
const job = {
  ...aJob('hourly'),
  schedule: { kind: 'cron', expression: '0 * * * *', timezone: 'UTC', dayMatch: 'or' },
  createdAt: T0,
  ledgerFrom: T0,
} as unknown as StoredJob;

const row = (over: Partial<Run> = {}): Run =>
  ({
    runId: 'r1',
    name: null,
    jobUid: job.uid,
    jobId: 'hourly',
    jobName: 'hourly',
    kind: 'scheduled',
    state: 'succeeded',
    reason: null,
    slot: SLOT,
    dueAt: SLOT,
    notBefore: null,
    covers: null,
    attempt: 1,
    attempts: [],
    queuedAt: SLOT,
    startedAt: SLOT + 2_000,
    endedAt: SLOT + 5_000,
    durationMs: 3_000,
    lateByMs: 2_000,
    input: {},
    configHash: 'c',
    codeHash: null,
    success: true,
    statistics: {},
    error: null,
    by: null,
    bootId: 'b',
    ...over,
  }) as Run;

const ask = (over: Partial<WhyInput> = {}) =>
  why({
    job,
    at: SLOT,
    now: T0 + 10 * HOUR,
    scheduleThen: schedule,
    unscheduledBecause: null,
    covering: [],
    before: null,
    after: null,
    pauses: [],
    down: null,
    inTheWay: null,
    nextSlot: T0 + 11 * HOUR,
    ...over,
  });

const range = (state: 'skipped' | 'missed', reason: Run['reason']) =>
  row({
    state,
    reason,
    slot: T0 + 4 * HOUR,
    covers: { from: T0 + HOUR, to: T0 + 4 * HOUR, count: 4 },
    startedAt: null,
    endedAt: null,
    durationMs: null,
    success: null,
  });
const held = {
  id: 1,
  jobUid: null,
  source: 'api' as const,
  who: 'ann',
  why: 'backup',
  since: T0,
  until: null,
  endedAt: T0 + 5 * HOUR,
};
const down = { from: T0 + 30 * MINUTE, to: T0 + 4.5 * HOUR };

const table: [string, Partial<WhyInput>, object, RegExp][] = [
  [
    'ran, with how late and how long',
    { covering: [row()] },
    { answer: 'ran', because: { late_by: 2 } },
    /succeeded in 3 s, 2s late/,
  ],
  [
    'ran and failed',
    { covering: [row({ state: 'failed', error: { code: 'X', message: 'no luck', fix: null } })] },
    { answer: 'ran' },
    /failed.*no luck/,
  ],
  [
    'covered by another run',
    { covering: [row({ slot: SLOT + HOUR, covers: { from: T0 + HOUR, to: SLOT + HOUR, count: 3 } })] },
    { answer: 'ran' },
    /covered by the run of 2025-01-06T03:00:00Z/,
  ],
  [
    'running',
    { covering: [row({ state: 'running', endedAt: null })] },
    { answer: 'running' },
    /running since/,
  ],
  [
    'waiting for a place',
    { covering: [row({ state: 'queued', attempt: 0, startedAt: null })] },
    { answer: 'queued' },
    /place/,
  ],
  [
    'waiting for a retry',
    { covering: [row({ state: 'queued', attempt: 1 })] },
    { answer: 'queued' },
    /attempt 2/,
  ],
  [
    'skipped for a run in the way',
    {
      covering: [row({ state: 'skipped', reason: 'overlap', by: 'r0' })],
      inTheWay: row({ runId: 'r0', startedAt: T0, endedAt: T0 + 3 * HOUR }),
    },
    { answer: 'skipped', reason: 'overlap', because: { run: 'r0' } },
    /r0 was in the way, which took 3h/,
  ],
  [
    'skipped in a pause',
    { covering: [range('skipped', 'paused')], pauses: [held] },
    { answer: 'skipped', because: { pauses: [{ who: 'ann' }] } },
    /ann \(backup\) from 2025-01-06T00:00:00Z to 2025-01-06T05:00:00Z/,
  ],
  [
    'inside a pause that is still open',
    { covering: [range('skipped', 'paused')], pauses: [{ ...held, endedAt: null }] },
    { answer: 'skipped' },
    /to now/,
  ],
  [
    'missed in downtime',
    { covering: [range('missed', 'downtime')], down },
    { answer: 'missed', because: { down: { from: '2025-01-06T00:30:00Z' } } },
    /no service was up from .*00:30:00Z to .*04:30:00Z/,
  ],
  [
    'a row of one slot says more than a range around it',
    { covering: [range('missed', 'downtime'), row()] },
    { answer: 'ran' },
    /succeeded/,
  ],
  [
    'between slots',
    { at: SLOT + MINUTE, before: row(), after: row({ slot: SLOT + HOUR }) },
    { answer: 'not_scheduled', slot: null, before: { run_id: 'r1' } },
    /not scheduled.*before it: .*after it: /,
  ],
  [
    'the job was disabled then',
    { scheduleThen: null, unscheduledBecause: 'the job was disabled then' },
    { answer: 'not_scheduled' },
    /disabled then/,
  ],
  ['before the job was there', { at: T0 - HOUR }, { answer: 'not_scheduled' }, /did not exist before/],
  [
    'cleaned up',
    { at: T0 + HOUR, job: { ...job, ledgerFrom: T0 + 3 * HOUR } },
    { answer: 'pruned' },
    /cleaned up/,
  ],
  ['in the future, a slot', { at: T0 + 11 * HOUR }, { answer: 'future' }, /planned for then/],
  [
    'in the future, no slot',
    { at: T0 + 11.5 * HOUR },
    { answer: 'future' },
    /next slot: 2025-01-06T11:00:00Z/,
  ],
  [
    'a slot of the present downtime',
    { down: { from: T0 + HOUR, to: null } },
    { answer: 'missed', because: { down: { to: null } } },
    /decided at its next start/,
  ],
  ['due at this moment', {}, { answer: 'queued' }, /about to be decided/],
];

it.each(table)('%s', (_name, input, shape, text) => {
  const answer = ask(input);
  expect(answer).toMatchObject(shape);
  expect(answer.text).toMatch(text);
});
