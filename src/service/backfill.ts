// Missed and skipped slots of a stretch in, runs that make up for them out, as one line (rule 18). Pure.

import { admit } from '#core/admit';
import type { EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { StoredJob } from '#core/job';
import type { Run } from '#core/run';
import type { Schedule } from '#core/schedule';
import { countOwn, ownFrom, ownUpTo, spansWithin } from '#engine/nested';
import { dueAt } from '#schedule/jitter';
import type { Account, BackfillDecision, BackfillView, NewRun } from '#store/store';

export interface BackfillRequest {
  from: EpochMs;
  to: EpochMs;
  at: EpochMs;
  by: string;
  /** Beside a live run of the job. */
  force: boolean;
  /** Only asks which slots would run: needs no place. */
  dryRun?: boolean;
  newRunId(): string;
  /** The schedule that the job had at an instant; null = none. */
  scheduleAt(instant: EpochMs): Schedule | null;
}

/** More in one line would keep the job busy beyond what anybody watches. */
const MOST_SLOTS = 1_000;

/**
 * Every slot of [from, to] whose row is `missed` or `skipped` is taken out of that row and runs, oldest first, each with
 * its own slot and key; not what its job skipped itself, which has run. PRECONDITION_FAILED where there is none,
 * TOO_LARGE beyond 1,000.
 */
export function planBackfill(view: BackfillView, request: BackfillRequest): BackfillDecision {
  const taken = view.rows
    .filter((row) => row.name === null)
    .map((row) => ({ row, slots: slotsOf(row, view.accounts, request) }));
  const slots = taken.flatMap((each) => each.slots).sort((a, b) => a - b);
  refuseNoneOrTooMany(slots, view.job);
  const answer = admit(view.job.policy, view, slots.length);
  if (answer.kind === 'refuse' && !request.force && !request.dryRun)
    return { kind: 'refuse', because: answer.reason, inTheWay: answer.inTheWay };
  const hasPlace = answer.kind === 'admit' || request.force;
  const line = slots.length > 1 ? request.newRunId() : null;
  const rows = slots.map((slot, n) => ({
    ...runOf(view.job, slot, request),
    holdsPlace: n === 0 && hasPlace,
    line,
  }));
  const replace = taken
    .filter((each) => each.slots.length > 0)
    .map(({ row, slots: gone }) => ({
      runId: row.runId,
      with: whatStays(row, gone, view.accounts, request),
    }));
  return { kind: 'enqueue', rows, replace };
}

/** The slots of the row that lie in the stretch; those that have a row of their own, or a narrower one, are not the range's. */
function slotsOf(row: Run, all: readonly Account[], request: BackfillRequest): EpochMs[] {
  if (row.slot === null) return [];
  if (row.covers === null) return row.slot >= request.from && row.slot <= request.to ? [row.slot] : [];
  const inner = spansWithin(row.runId, row.covers, all);
  const schedule = scheduleOf(row, request);
  const last = Math.min(row.covers.to, request.to);
  const slots: EpochMs[] = [];
  for (
    let slot = schedule.next(Math.max(row.covers.from, request.from) - 1);
    slot !== null && slot <= last && slots.length <= MOST_SLOTS;
    slot = schedule.next(slot)
  )
    if (!inner.some((span) => slot >= span.from && slot <= span.to)) slots.push(slot);
  return slots;
}

/** A range lies within one definition of the job: a change closes it. */
function scheduleOf(row: Run, request: BackfillRequest): Schedule {
  const schedule = row.slot === null ? null : request.scheduleAt(row.slot);
  if (schedule) return schedule;
  throw new SchedulerError(
    'PRECONDITION_FAILED',
    `the schedule of the slots of row ${row.runId} is not known any more`,
    'name the stretch of other rows',
  );
}

/** The range before the slots that are taken out, and the one behind them. */
function whatStays(
  row: Run,
  gone: readonly EpochMs[],
  all: readonly Account[],
  request: BackfillRequest,
): NewRun[] {
  if (row.covers === null) return [];
  const { from, to } = row.covers;
  const schedule = scheduleOf(row, request);
  const inner = spansWithin(row.runId, row.covers, all);
  const ends = [
    [from, schedule.prev(gone[0]! - 1)],
    [schedule.next(gone.at(-1)!), to],
  ] as const;
  return ends.flatMap(([begin, end]) => {
    if (begin === null || end === null || begin < from || end > to) return [];
    const first = ownFrom(begin, inner, schedule);
    const last = ownUpTo(end, inner, schedule);
    if (first === null || last === null || first > last) return [];
    const count = countOwn(first, last, inner, schedule);
    return count > 0 ? [pieceOf(row, { from: first, to: last, count }, request)] : [];
  });
}

function pieceOf(
  row: Run,
  span: { from: EpochMs; to: EpochMs; count: number },
  request: BackfillRequest,
): NewRun {
  return {
    runId: request.newRunId(),
    kind: row.kind,
    state: row.state === 'missed' ? 'missed' : 'skipped',
    reason: row.reason,
    slot: span.to,
    dueAt: span.to,
    covers: span.count > 1 ? span : null,
    lateByMs: row.lateByMs,
    input: row.input,
    snapshot: row.snapshot,
    by: row.by,
  };
}

function runOf(job: StoredJob, slot: EpochMs, request: BackfillRequest): NewRun {
  const schedule = request.scheduleAt(slot);
  const due = schedule ? dueAt(schedule, slot, job.uid, job.policy.jitterMs) : slot;
  return {
    runId: request.newRunId(),
    kind: 'backfill',
    state: 'queued',
    reason: null,
    slot,
    dueAt: due,
    covers: null,
    lateByMs: request.at - due,
    input: job.input,
    snapshot: { handler: job.handler, policy: job.policy, dryRun: false },
    by: request.by,
  };
}

function refuseNoneOrTooMany(slots: readonly EpochMs[], job: StoredJob): void {
  if (slots.length === 0)
    throw new SchedulerError(
      'PRECONDITION_FAILED',
      `no slot of job ${job.id} was missed or skipped in that time`,
      `see: aclarai-scheduler history ${job.id}`,
    );
  if (slots.length > MOST_SLOTS)
    throw new SchedulerError(
      'TOO_LARGE',
      `more than ${MOST_SLOTS} slots of job ${job.id} were missed or skipped in that time`,
      'name a shorter stretch',
    );
}
