// Definitions against the ledger: which jobs appear, change, come back or go, and what their slots become (rules 14, 16, 17). Pure.

import type { EpochMs } from '#core/clock';
import type { Json, JsonObject } from '#core/handler';
import { isAdHoc, type JobSpec, type ScheduleDraft, type StoredJob } from '#core/job';
import { isPauseGap } from '#core/pause';
import type { Run } from '#core/run';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import { dueAt } from '#schedule/jitter';
import type { Concerned, Effects, JobCursor, ReconcileView } from '#store/store';
import { accountForTimeAway, accountForUndecided, endQueued, rangeRow } from './account.ts';

/** An orphaned job is removed after this time (rule 14). */
export const ORPHAN_KEPT_MS = 24 * 3_600_000;
/** A gap row that was opened then takes no more slots. */
const LONG_AGO = 0;

export interface ReconcileContext {
  at: EpochMs;
  /** Slots before it fell into a time when no service was up. */
  bootStartedAt: EpochMs;
  /** At start every open gap row is closed (rule 6). */
  atStart: boolean;
  /** Slots that have a row already, by job uid: of the view (rule 13). */
  taken?: ReconcileView['taken'];
  /** Completed jobs of other faces that have rested since before it are removed (rule 17); left out = none. */
  finishedBefore?: EpochMs;
  by: string;
  scheduleOf(spec: ScheduleSpec): Schedule;
  newRunId(): string;
  newUid(): string;
}

/** Finished jobs that are removed at once; the rest at the next look. */
export const MOST_FORGOTTEN = 500;

/** The jobs that `reconcile` looks at, and may change. */
export function concernedBy(
  definitions: readonly JobSpec[],
  { atStart, finishedBefore }: Pick<ReconcileContext, 'atStart' | 'finishedBefore'>,
): Concerned {
  return {
    ids: definitions.map((spec) => spec.id),
    ofSettings: true,
    ...(atStart && { inGap: true }),
    ...(finishedBefore !== undefined && { finished: { before: finishedBefore, limit: MOST_FORGOTTEN } }),
  };
}

/** All changes that bring the jobs of source `config` in the ledger to `definitions`. */
export function reconcile(
  view: ReconcileView,
  definitions: readonly JobSpec[],
  context: ReconcileContext,
): Effects {
  const ctx = { ...context, taken: view.taken };
  const effects: Effects = { insert: [], update: [], rows: [], end: [], changes: [] };
  const stored = new Map(view.jobs.map((job) => [job.id, job]));
  for (const spec of definitions) {
    const job = stored.get(spec.id);
    if (job) change(job, spec, view.live.get(job.uid) ?? [], ctx, effects);
    else insert(spec, ctx, effects);
  }
  const named = new Set(definitions.map((spec) => spec.id));
  for (const job of view.jobs) {
    const live = view.live.get(job.uid) ?? [];
    if (job.source === 'config' && !named.has(job.id)) orphan(job, live, ctx, effects);
    if (job.source !== 'config' && live.length === 0) forget(job, ctx, effects);
  }
  if (ctx.atStart) closeGaps(view.jobs, effects);
  return effects;
}

function insert(spec: JobSpec, ctx: ReconcileContext, effects: Effects): void {
  const uid = ctx.newUid();
  const schedule = anchored(spec.schedule, ctx.at);
  const state = spec.enabled ? 'active' : 'disabled';
  const cursor = fromNow(uid, spec, schedule, ctx.at, ctx);
  const job = { ...spec, uid, schedule, state: state as StoredJob['state'], createdAt: ctx.at, ...cursor };
  // An `at` that is past when the file is first read never runs, and never silently (rule 17).
  if (schedule.kind === 'at' && schedule.at <= ctx.at && spec.enabled) {
    job.state = 'completed';
    effects.rows.push({
      jobUid: uid,
      ...rangeRow(job, onceSpan(schedule.at), 'missed', 'schedule_changed', ctx),
    });
  }
  effects.insert.push(job);
  effects.changes.push({ jobUid: uid, what: 'created', before: null, after: summary(job), by: ctx.by });
}

/** What a job becomes under another definition: appended to `effects`. */
export function change(
  job: StoredJob,
  spec: JobSpec,
  live: readonly Run[],
  ctx: ReconcileContext,
  effects: Effects,
): void {
  const schedule = keptOrAnchored(job, spec.schedule, ctx.at);
  const moved =
    JSON.stringify(schedule) !== JSON.stringify(job.schedule) || spec.manualOnly !== job.manualOnly;
  const returned = job.state === 'orphaned';
  const enabled = spec.enabled !== job.enabled;
  const raised = isRaised(job, spec, schedule, ctx);
  const spent = job.state === 'active' && isSpent(job, spec);
  const restarts = moved || returned || enabled || raised || spent;
  const set: Partial<StoredJob> = {};
  if (job.configHash !== spec.configHash || restarts || isRelabelled(job, spec))
    Object.assign(set, spec, { schedule, updatedAt: ctx.at });
  if (restarts) {
    if (returned) accountForTimeAway(job, ctx, effects);
    else accountForUndecided(job, ctx, effects);
    set.orphanedAt = null;
    set.state = stateAfter(job, spec, schedule, ctx);
    const from = fromNow(job.uid, spec, schedule, cursorFrom(job, ctx), ctx);
    Object.assign(set, from, { ledgerFrom: job.ledgerFrom, gap: null });
    // After a clock that went back, what the new schedule has up to the cursor was never to be decided.
    if (job.cursor > ctx.at) set.auditedTo = job.cursor;
    if (set.state === 'completed') Object.assign(set, { nextSlot: null, nextDue: null });
    missPast(job, spec, schedule, ctx, effects);
  } else if (spec.policy.jitterMs !== job.policy.jitterMs && job.nextSlot !== null)
    set.nextDue = dueAt(ctx.scheduleOf(schedule), job.nextSlot, job.uid, spec.policy.jitterMs);
  // At every look, not only at the change: a run given back later must not wait for ever.
  if (!spec.enabled) endQueued(live, 'disabled', effects);
  if (Object.keys(set).length === 0) return;
  effects.update.push({ uid: job.uid, set });
  if ((raised || spent) && set.state !== job.state) {
    effects.changes.push({
      jobUid: job.uid,
      what: 'state',
      before: job.state,
      after: set.state ?? null,
      by: ctx.by,
    });
  }
  for (const what of [
    returned && 'returned',
    enabled && 'enabled',
    moved && 'schedule',
    !restarts && job.configHash !== spec.configHash && 'updated',
  ] as const) {
    if (!what) continue;
    effects.changes.push({
      jobUid: job.uid,
      what,
      before: summary(job),
      after: summary({ ...spec, schedule, state: set.state ?? job.state }),
      by: ctx.by,
    });
  }
}

/** An `at` edited to an instant that is past: it never runs, and never silently, unless it ran (rule 17). */
function missPast(
  job: StoredJob,
  spec: JobSpec,
  schedule: ScheduleSpec,
  ctx: ReconcileContext,
  effects: Effects,
): void {
  if (schedule.kind !== 'at' || schedule.at > ctx.at || !spec.enabled) return;
  const row = rangeRow(spec, onceSpan(schedule.at), 'missed', 'schedule_changed', ctx);
  effects.rows.push({ jobUid: job.uid, ...row, unlessTaken: true });
}

const onceSpan = (at: EpochMs) => ({ from: at, to: at, count: 1 });

/** The state of a job that starts anew: only called where something restarts it. */
function stateAfter(
  job: StoredJob,
  spec: JobSpec,
  schedule: ScheduleSpec,
  ctx: ReconcileContext,
): StoredJob['state'] {
  if (!spec.enabled) return 'disabled';
  if (isSpent(job, spec)) return 'completed';
  return schedule.kind === 'at' && schedule.at <= ctx.at ? 'completed' : 'active';
}

/** A completed job whose limit was raised has slots again; a one-time job and a schedule that is over have none. */
function isRaised(job: StoredJob, spec: JobSpec, schedule: ScheduleSpec, ctx: ReconcileContext): boolean {
  if (job.state !== 'completed' || !spec.enabled || isSpent(job, spec)) return false;
  return schedule.kind !== 'at' && ctx.scheduleOf(schedule).next(ctx.at) !== null;
}

/**
 * What is skipped from here on begins a row of its own. The row of a pause stays known: its newest slot may still run at
 * resume (rule 6).
 */
function closeGaps(jobs: readonly StoredJob[], effects: Effects): void {
  const updates = new Map(effects.update.map((update) => [update.uid, update]));
  for (const job of jobs) {
    // A one-time job waits in its gap row for the end of the pause; closing it would lose the run.
    if (job.gap === null || job.schedule.kind === 'at') continue;
    const gap = isPauseGap(job.gap) ? { ...job.gap, openedAt: LONG_AGO } : null;
    const update = updates.get(job.uid);
    if (!update) effects.update.push({ uid: job.uid, set: { gap } });
    else if (update.set.gap === undefined) update.set.gap = gap;
  }
}

export function anchored(draft: ScheduleDraft, at: EpochMs): ScheduleSpec {
  if (draft.kind !== 'every') return draft;
  return { ...draft, anchor: draft.anchor ?? Math.floor(at / 1000) * 1000 };
}

/** An interval that is still the same keeps the grid it was given; a new one starts its own (rule 21). */
function keptOrAnchored(job: StoredJob, draft: ScheduleDraft, at: EpochMs): ScheduleSpec {
  const old = job.schedule;
  const same =
    draft.kind === 'every' &&
    old.kind === 'every' &&
    draft.every === old.every &&
    draft.timezone === old.timezone;
  return same && draft.anchor === null ? old : anchored(draft, at);
}

/** From now; where the clock went back a little, from what is already accounted for. */
function cursorFrom(job: StoredJob, ctx: ReconcileContext): EpochMs {
  return Math.max(ctx.at, job.cursor);
}

/** Goes on with the first slot after the cursor. */
export function fromNow(
  uid: string,
  spec: JobSpec,
  schedule: ScheduleSpec,
  cursor: EpochMs,
  ctx: ReconcileContext,
): JobCursor {
  const calendar = ctx.scheduleOf(schedule);
  const nextSlot = spec.enabled && !spec.manualOnly ? calendar.next(cursor) : null;
  const nextDue = nextSlot === null ? null : dueAt(calendar, nextSlot, uid, spec.policy.jitterMs);
  return { cursor, nextSlot, nextDue, ledgerFrom: ctx.at };
}

function isSpent(job: StoredJob, spec: JobSpec): boolean {
  return spec.policy.maxExecutions !== null && job.admittedCount >= spec.policy.maxExecutions;
}

function isRelabelled(job: StoredJob, spec: JobSpec): boolean {
  const label = (s: JobSpec | StoredJob) =>
    JSON.stringify([s.name, s.description, s.origin, s.owner, s.moduleId, s.warnings, s.runOnStart]);
  return label(job) !== label(spec);
}

/**
 * Not in the settings any more: no new starts, its history stays. It is removed after a day, unless it returns (rule 14).
 */
function orphan(job: StoredJob, live: readonly Run[], ctx: ReconcileContext, effects: Effects): void {
  endQueued(live, 'orphaned', effects);
  if (job.state !== 'orphaned') {
    accountForUndecided(job, ctx, effects);
    const off = { state: 'orphaned', orphanedAt: ctx.at, nextSlot: null, nextDue: null, gap: null } as const;
    effects.update.push({ uid: job.uid, set: { ...off, cursor: cursorFrom(job, ctx), updatedAt: ctx.at } });
    effects.changes.push({
      jobUid: job.uid,
      what: 'orphaned',
      before: summary(job),
      after: null,
      by: ctx.by,
    });
  } else if (ctx.at - (job.orphanedAt ?? ctx.at) >= ORPHAN_KEPT_MS) {
    accountForTimeAway(job, ctx, effects);
    endQueued(live, 'deleted', effects, { byHandToo: true });
    take(job, ctx, effects);
  }
}

function forget(job: StoredJob, ctx: ReconcileContext, effects: Effects): void {
  if (isForgotten(job, ctx.finishedBefore ?? -Infinity)) take(job, ctx, effects);
}

/** Finished jobs of other faces stay listed until retention (rule 17); what ad hoc runs are kept under goes with them. */
export function isForgotten(job: StoredJob, finishedBefore: EpochMs): boolean {
  const rests = Math.max(job.lastRunAt ?? 0, job.updatedAt);
  const isOver = job.state === 'completed' || isAdHoc(job);
  return job.source !== 'config' && isOver && rests < finishedBefore;
}

function take(job: StoredJob, ctx: ReconcileContext, effects: Effects): void {
  const removal = { uid: job.uid, purge: false, cancelRunning: false, by: ctx.by };
  effects.remove = [...(effects.remove ?? []), removal];
}

/** What the audit keeps of a definition: enough to answer `why`, no input (it may hold secrets). */
export function summary(
  job: Pick<StoredJob, 'state' | 'enabled' | 'manualOnly' | 'handler' | 'configHash' | 'schedule'>,
): Json {
  const { state, enabled, manualOnly, handler, configHash, schedule } = job;
  return { state, enabled, manualOnly, handler, configHash, schedule: schedule as unknown as JsonObject };
}
