// Definitions against the ledger: which jobs appear, change, come back or go, and what their slots become (rules 14, 16, 17). Pure.

import type { EpochMs } from '#core/clock';
import type { Json, JsonObject } from '#core/handler';
import { isScheduled, type JobSpec, type ScheduleDraft, type StoredJob } from '#core/job';
import type { Reason, Run } from '#core/run';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import type { Effects, JobCursor, NewRun, ReconcileView } from '#store/store';

export interface ReconcileContext {
  at: EpochMs;
  /** Slots before it fell into a time when no service was up. */
  bootStartedAt: EpochMs;
  /** At start every open gap row is closed (rule 6). */
  atStart: boolean;
  by: string;
  scheduleOf(spec: ScheduleSpec): Schedule;
  newRunId(): string;
  newUid(): string;
}

/** All changes that bring the jobs of source `config` in the ledger to `definitions`. */
export function reconcile(
  view: ReconcileView,
  definitions: readonly JobSpec[],
  ctx: ReconcileContext,
): Effects {
  const effects: Effects = { insert: [], update: [], rows: [], end: [], changes: [] };
  const stored = new Map(view.jobs.map((job) => [job.id, job]));
  for (const spec of definitions) {
    const job = stored.get(spec.id);
    if (job) change(job, spec, view.live.get(job.uid) ?? [], ctx, effects);
    else insert(spec, ctx, effects);
  }
  const named = new Set(definitions.map((spec) => spec.id));
  for (const job of view.jobs) {
    if (job.source !== 'config' || named.has(job.id)) continue;
    if (job.state === 'orphaned') endQueued(view.live.get(job.uid) ?? [], 'orphaned', effects);
    else orphan(job, view.live.get(job.uid) ?? [], ctx, effects);
  }
  if (ctx.atStart) closeGaps(view.jobs, effects);
  return effects;
}

function insert(spec: JobSpec, ctx: ReconcileContext, effects: Effects): void {
  const uid = ctx.newUid();
  const schedule = anchored(spec.schedule, ctx.at);
  const state = spec.enabled ? 'active' : 'disabled';
  const cursor = fromNow(spec, schedule, ctx);
  const job = { ...spec, uid, schedule, state: state as StoredJob['state'], createdAt: ctx.at, ...cursor };
  // An `at` that is past when the file is first read never runs, and never silently (rule 17).
  if (schedule.kind === 'at' && schedule.at <= ctx.at && spec.enabled) {
    job.state = 'completed';
    effects.rows.push({
      jobUid: uid,
      ...missedRow(job, { from: schedule.at, to: schedule.at, count: 1 }, 'schedule_changed', ctx),
    });
  }
  effects.insert.push(job);
  effects.changes.push({ jobUid: uid, what: 'created', before: null, after: summary(job), by: ctx.by });
}

function change(
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
    accountForUndecided(job, ctx, effects);
    set.state = stateAfter(job, spec, schedule, ctx);
    Object.assign(set, fromNow(spec, schedule, ctx, job.cursor), { ledgerFrom: job.ledgerFrom, gap: null });
    if (set.state === 'completed') Object.assign(set, { nextSlot: null, nextDue: null });
    missPast(job, spec, schedule, ctx, effects);
  }
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
      after: summary({ ...spec, schedule }),
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
  const range = { from: schedule.at, to: schedule.at, count: 1 };
  effects.rows.push({
    jobUid: job.uid,
    ...missedRow(spec, range, 'schedule_changed', ctx),
    unlessTaken: true,
  });
}

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

function orphan(job: StoredJob, live: readonly Run[], ctx: ReconcileContext, effects: Effects): void {
  accountForUndecided(job, ctx, effects);
  effects.update.push({
    uid: job.uid,
    set: { state: 'orphaned', cursor: ctx.at, nextSlot: null, nextDue: null, gap: null, updatedAt: ctx.at },
  });
  endQueued(live, 'orphaned', effects);
  effects.changes.push({ jobUid: job.uid, what: 'orphaned', before: summary(job), after: null, by: ctx.by });
}

/**
 * Old slots up to the change that nobody decided: `downtime` where the service was down, else `schedule_changed`
 * (rule 14). There is no catch-up across a change.
 */
function accountForUndecided(job: StoredJob, ctx: ReconcileContext, effects: Effects): void {
  if (!isScheduled(job)) return;
  const schedule = ctx.scheduleOf(job.schedule);
  const ranges: [Reason, EpochMs, EpochMs][] = [
    ['downtime', job.cursor, Math.min(ctx.at, ctx.bootStartedAt - 1)],
    ['schedule_changed', Math.max(job.cursor, ctx.bootStartedAt - 1), ctx.at],
  ];
  for (const [reason, after, upTo] of ranges) {
    const from = schedule.next(after);
    const to = schedule.prev(upTo);
    if (from === null || to === null || from > upTo || to <= after) continue;
    const range = { from, to, count: schedule.count(after, upTo) };
    effects.rows.push({ jobUid: job.uid, ...missedRow(job, range, reason, ctx) });
  }
}

/** What waits has not started and now never will; a waiting retry is a failure with its last error kept (rule 14). */
function endQueued(live: readonly Run[], reason: Reason, effects: Effects): void {
  for (const run of live) {
    if (run.state !== 'queued' || run.kind === 'manual' || run.kind === 'adhoc') continue;
    effects.end.push({
      runId: run.runId,
      state: run.attempt > 0 ? 'failed' : 'skipped',
      reason,
      error: run.error,
    });
  }
}

function closeGaps(jobs: readonly StoredJob[], effects: Effects): void {
  const updates = new Map(effects.update.map((update) => [update.uid, update]));
  for (const job of jobs) {
    // A one-time job waits in its gap row for the end of the pause; closing it would lose the run.
    if (job.gap === null || job.schedule.kind === 'at') continue;
    const update = updates.get(job.uid);
    if (update) update.set.gap = null;
    else effects.update.push({ uid: job.uid, set: { gap: null } });
  }
}

function anchored(draft: ScheduleDraft, at: EpochMs): ScheduleSpec {
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

/** Goes on from now; where the clock went back, from what is already accounted for. */
function fromNow(
  spec: JobSpec,
  schedule: ScheduleSpec,
  ctx: ReconcileContext,
  cursor = -Infinity,
): JobCursor {
  const runs = spec.enabled && !spec.manualOnly;
  const from = Math.max(ctx.at, cursor);
  const nextSlot = runs ? ctx.scheduleOf(schedule).next(from) : null;
  return { cursor: from, nextSlot, nextDue: nextSlot, ledgerFrom: ctx.at };
}

function isSpent(job: StoredJob, spec: JobSpec): boolean {
  return spec.policy.maxExecutions !== null && job.admittedCount >= spec.policy.maxExecutions;
}

function isRelabelled(job: StoredJob, spec: JobSpec): boolean {
  const label = (s: JobSpec | StoredJob) =>
    JSON.stringify([s.name, s.description, s.origin, s.warnings, s.runOnStart]);
  return label(job) !== label(spec);
}

function missedRow(
  job: Pick<JobSpec, 'input' | 'handler' | 'policy'>,
  range: { from: EpochMs; to: EpochMs; count: number },
  reason: Reason,
  ctx: ReconcileContext,
): NewRun {
  return {
    runId: ctx.newRunId(),
    kind: 'scheduled',
    state: 'missed',
    reason,
    slot: range.to,
    dueAt: range.to,
    covers: range.count > 1 ? range : null,
    lateByMs: ctx.at - range.to,
    input: job.input,
    snapshot: { handler: job.handler, policy: job.policy, dryRun: false },
    by: ctx.by,
  };
}

/** What the audit keeps of a definition: enough to answer `why`, no input (it may hold secrets). */
function summary(
  job: Pick<JobSpec, 'enabled' | 'manualOnly' | 'handler' | 'configHash'> & { schedule: ScheduleSpec },
): Json {
  const { enabled, manualOnly, handler, configHash, schedule } = job;
  return { enabled, manualOnly, handler, configHash, schedule: schedule as unknown as JsonObject };
}
