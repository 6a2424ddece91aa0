// A job made by a call in, the writes that bring it into the ledger out; and those that take one away (rules 15, 17). Pure.

import type { EpochMs } from '#core/clock';
import { faultOfItem, SchedulerError } from '#core/errors';
import type { JobSpec, StoredJob } from '#core/job';
import type { ScheduleSpec } from '#core/schedule';
import type { Effects, ReconcileView } from '#store/store';
import { accountForUndecided, endQueued } from './account.ts';
import { isBeyondGrace, ON_TIME_MS } from './eligible.ts';
import { anchored, change, fromNow, type ReconcileContext, summary } from './reconcile.ts';

export interface CreateContext extends ReconcileContext {
  allowPastEvents: boolean;
  /** No slot before it. */
  startsAt?: EpochMs | null;
}

/**
 * A one-time job in the past runs when it is within its grace and its catch-up window; older it is refused, or due at its creation where past
 * events are allowed. Throws CONFLICT for an id that is taken, PAST_EVENT.
 */
export function create(view: ReconcileView, spec: JobSpec, ctx: CreateContext): Effects {
  refuseTaken(view, spec.id);
  const schedule = inTime(anchored(spec.schedule, ctx.at), spec, ctx);
  // The slot of a one-time job may be now, or a moment ago: it is still to be decided.
  const cursor = schedule.kind === 'at' ? Math.min(ctx.at, schedule.at - 1) : firstCursor(ctx);
  const uid = ctx.newUid();
  const from = { ...fromNow(uid, spec, schedule, cursor, ctx), ledgerFrom: cursor };
  const state: StoredJob['state'] = spec.enabled ? 'active' : 'disabled';
  const job = { ...spec, uid, schedule, state, createdAt: ctx.at, ...from };
  const change = { jobUid: uid, what: 'created', before: null, after: summary(job), by: ctx.by } as const;
  return { insert: [job], update: [], rows: [], end: [], changes: [change] };
}

/** All or none; ids that repeat are taken. A fault names the place of its job. */
export function createAll(
  view: ReconcileView,
  definitions: readonly { spec: JobSpec; startsAt: EpochMs | null }[],
  ctx: CreateContext,
): Effects {
  const effects: Effects = { insert: [], update: [], rows: [], end: [], changes: [] };
  const made = new Set<string>();
  for (const [index, { spec, startsAt }] of definitions.entries()) {
    try {
      if (made.has(spec.id))
        throw new SchedulerError('CONFLICT', `the id ${spec.id} is there twice`, 'choose another id');
      const { insert, changes } = create(view, spec, { ...ctx, startsAt });
      effects.insert.push(...insert);
      effects.changes.push(...changes);
    } catch (error) {
      throw faultOfItem(error, index);
    }
    made.add(spec.id);
  }
  return effects;
}

function firstCursor({ at, startsAt }: CreateContext): EpochMs {
  return Math.max(at, (startsAt ?? at) - 1);
}

/**
 * Another definition of a job that was made by a call; its slots so far are accounted for under the one before (rule 14).
 * Throws CONFLICT for a job of the settings, JOB_NOT_FOUND, PAST_EVENT.
 */
export function redefine(view: ReconcileView, uid: string, spec: JobSpec, ctx: CreateContext): Effects {
  const job = view.jobs.find((each) => each.uid === uid);
  if (!job) throw new SchedulerError('JOB_NOT_FOUND', 'the job was removed meanwhile');
  refuseConfigured(job);
  const { schedule } = spec;
  const isMoved = schedule.kind === 'at' && (job.schedule.kind !== 'at' || job.schedule.at !== schedule.at);
  // What is due at once is still to come: a moment that is past would only be recorded as missed.
  const soon =
    isMoved && inTime(schedule, spec, ctx).kind === 'at' ? Math.max(schedule.at, ctx.at + 1) : null;
  const next = soon === null ? spec : { ...spec, schedule: { ...schedule, at: soon } as ScheduleSpec };
  const effects: Effects = { insert: [], update: [], rows: [], end: [], changes: [] };
  change(job, next, view.live.get(uid) ?? [], ctx, effects);
  const set = effects.update[0]?.set;
  if (set?.nextSlot !== undefined && schedule.kind === 'cron' && ctx.startsAt)
    Object.assign(set, fromNow(uid, next, schedule, firstCursor(ctx), ctx), { ledgerFrom: job.ledgerFrom });
  return effects;
}

function inTime(schedule: ScheduleSpec, spec: JobSpec, ctx: CreateContext): ScheduleSpec {
  if (schedule.kind !== 'at') return schedule;
  const { misfireGraceMs, catchupWindowMs } = spec.policy;
  const late = ctx.at - schedule.at;
  if (!isBeyondGrace(spec.policy, late) && late <= Math.max(ON_TIME_MS, catchupWindowMs)) return schedule;
  if (ctx.allowPastEvents) return { ...schedule, at: ctx.at };
  const when = new Date(schedule.at).toISOString();
  throw new SchedulerError(
    'PAST_EVENT',
    `${when} is past by more than ${Math.min(misfireGraceMs ?? Infinity, catchupWindowMs) / 1000} s`,
    'give a time to come, or set scheduler.allow_past_events',
  );
}

function refuseTaken(view: ReconcileView, id: string): void {
  // Mostly there is none: the ids of the view are those that were asked for.
  const other = view.jobs.find((job) => job.id === id);
  if (!other) return;
  const where = other.source === 'config' ? `, written in ${other.origin ?? 'the settings'}` : '';
  throw new SchedulerError('CONFLICT', `there is a job ${id} already${where}`, 'choose another id');
}

function refuseConfigured(job: StoredJob): void {
  if (job.source !== 'config') return;
  throw new SchedulerError(
    'CONFLICT',
    `job ${job.id} is written in ${job.origin ?? 'the settings'}`,
    'change it in the file, or take it out there',
  );
}

export interface RemovalWish {
  /** Its history goes at once, not at retention. */
  purge: boolean;
  cancelRunning: boolean;
}

/** No new starts from now on; what runs is recorded on the tombstone (rule 15). Throws CONFLICT for a job of the settings. */
export function remove(view: ReconcileView, uid: string, wish: RemovalWish, ctx: ReconcileContext): Effects {
  const job = view.jobs.find((each) => each.uid === uid);
  if (!job) throw new SchedulerError('JOB_NOT_FOUND', 'the job was removed meanwhile');
  if (job.state !== 'orphaned') refuseConfigured(job);
  const effects: Effects = { insert: [], update: [], rows: [], end: [], changes: [] };
  // Accounts are history too, and a purge leaves none.
  if (!wish.purge) accountForUndecided(job, ctx, effects, 'deleted');
  endQueued(view.live.get(uid) ?? [], 'deleted', effects, { byHandToo: true });
  effects.remove = [{ uid, ...wish, by: ctx.by }];
  return effects;
}
