// Gathers what the ledger knows about one instant of a job, for `why` to answer from.

import type { Clock, EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import { isScheduled, type StoredJob } from '#core/job';
import type { Pause } from '#core/pause';
import { LIVE_STATES, type Run } from '#core/run';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import { type Era, eraAt, erasOf } from '#engine/eras';
import { plan } from '#engine/plan';
import { dueAt } from '#schedule/jitter';
import type { JobChange, Store } from '#store/store';
import { readInstant } from './instant.ts';
import type { Lookup } from './lookup.ts';
import { type Down, downAt } from './past.ts';
import { type Waiting, waitingFor } from './waiting-for.ts';
import { type WhyShape, why } from './why.ts';
import type { WhyFacts } from './why-facts.ts';

/** Changes and boots that are looked through. */
const MANY = 10_000;

export interface ExplainerParts {
  store: Store;
  clock: Clock;
  lookup: Lookup;
  scheduleOf(spec: ScheduleSpec): Schedule;
  handlerKnown(name: string): boolean;
  newRunId(): string;
  openPauses(): Promise<Pause[]>;
  /** `max_concurrent_executions`. */
  cap(): number;
  /** `scheduler.enabled`. */
  enabled(): boolean;
  /** Some process holds the loops. */
  isServed(): boolean;
}

export class Explainer {
  readonly #parts: ExplainerParts;

  constructor(parts: ExplainerParts) {
    this.#parts = parts;
  }

  /**
   * What became of a job at an instant; as text it is read in the zone of the job. A removed job is found by its id as
   * long as its history is kept.
   */
  async why(idOrName: string, at: EpochMs | string): Promise<WhyShape> {
    const { present, bearers } = await this.#bearers(idOrName);
    const now = this.#parts.clock.now();
    const instant = typeof at === 'string' ? readInstant(at, present.schedule.timezone, now) : at;
    return why(await this.#facts(present, bearers, instant, now));
  }

  /**
   * `present` as the settings would make it where no service keeps the ledger up to date; `bearers` of its id as the
   * ledger has them, the present one first, then those that were removed, newest first.
   */
  async #bearers(idOrName: string): Promise<{ present: StoredJob; bearers: StoredJob[] }> {
    const { store, lookup } = this.#parts;
    try {
      const present = await lookup.job(idOrName);
      const all = await store.jobs({ id: present.id, removed: true });
      return { present, bearers: all.some(({ uid }) => uid === present.uid) ? all : [present, ...all] };
    } catch (error) {
      if (!(error instanceof SchedulerError) || error.code !== 'JOB_NOT_FOUND') throw error;
      const removed = await store.jobs({ id: idOrName, removed: true });
      if (removed.length === 0) throw error;
      return { present: removed[0]!, bearers: removed };
    }
  }

  async #facts(
    present: StoredJob,
    bearers: readonly StoredJob[],
    at: EpochMs,
    now: EpochMs,
  ): Promise<WhyFacts> {
    const { store, scheduleOf, handlerKnown, enabled } = this.#parts;
    const { job, covering, before, after } = await this.#bearerAt(bearers, at);
    const all = await store.changes({ jobUid: job.uid, andClock: true, limit: MANY });
    const era = at > now ? presentEra(present) : eraAt(erasOf(all), at);
    const changes = all.filter((change) => change.jobUid !== null);
    const schedule = era.schedule && scheduleOf(era.schedule);
    const isSlot = schedule?.prev(at) === at;
    const isRowSlot =
      isSlot || covering.some((run) => endsAt(run, at)) || wasAway(covering, era, at, scheduleOf);
    const row = isRowSlot ? narrowest(covering) : null;
    const due = isSlot ? dueAt(schedule, at, job.uid, (row?.snapshot.policy ?? job.policy).jitterMs) : null;
    const held = await this.#pausesAt(job, at > now ? now : (due ?? at));
    const down = at > now ? null : downAt(await store.boots({ limit: MANY }), due ?? at);
    const isLeft = isSlot && row === null && at <= now && (due ?? at) <= now;
    const facts = {
      job,
      at,
      now,
      era,
      schedule,
      dueAt: due,
      row,
      before,
      after,
      pauses: held,
      down,
      changes,
    };
    return {
      ...facts,
      inTheWay: row?.by && isRefused(row) ? await store.run(row.by) : null,
      lostSince: row && isHeld(row) ? await this.#lostSince(row) : null,
      waiting: row?.state === 'queued' ? await this.#waiting(row, job, now) : null,
      handlerKnown: row !== null && handlerKnown(row.snapshot.handler),
      nextSlot: isScheduled(present) ? scheduleOf(present.schedule).next(Math.max(at, now)) : null,
      forecast: isLeft && down?.to === null ? await this.#forecast(job, present, at, now) : null,
      isHole: isLeft && isHole(facts),
      madeAgainAt: job.uid === present.uid ? null : present.createdAt,
      enabled: enabled(),
    };
  }

  /** Who bore the id at `at`, and the rows around; a row of the one that was there before is before it, too. */
  async #bearerAt(bearers: readonly StoredJob[], at: EpochMs) {
    const { store } = this.#parts;
    let after: Run | null = null;
    for (const job of bearers) {
      const around = await store.around(job.uid, at);
      const isOldest = job === bearers.at(-1);
      if (job.createdAt <= at || around.covering.length > 0 || isOldest)
        return { job, ...around, after: around.after ?? after };
      after = around.after ?? after;
    }
    throw new RangeError('nobody bears this id');
  }

  /** Of the job and of all jobs. */
  async #pausesAt(job: StoredJob, at: EpochMs): Promise<Pause[]> {
    const { store, clock, openPauses } = this.#parts;
    // Those that hold now may lie outside the store.
    const held = at === clock.now() ? await openPauses() : await store.pauses({ from: at, to: at });
    return held.filter((pause) => pause.jobUid === null || pause.jobUid === job.uid);
  }

  /** The last sign of life of the process that ran it; null = it is there. Nobody but the newest boot runs anything. */
  async #lostSince(row: Run): Promise<EpochMs | null> {
    const boots = await this.#parts.store.boots({ limit: MANY });
    if (boots[0]?.bootId === row.bootId && this.#parts.isServed()) return null;
    return boots.find((boot) => boot.bootId === row.bootId)?.lastTick ?? row.startedAt;
  }

  async #waiting(row: Run, job: StoredJob, now: EpochMs): Promise<Waiting> {
    const { store, cap } = this.#parts;
    const live = (await store.runs({ states: LIVE_STATES, limit: MANY })).toReversed();
    const down: Down | null = downAt(await store.boots({ limit: MANY }), now);
    return waitingFor(row, { now, live, pauses: await this.#pausesAt(job, now), down, cap: cap() });
  }

  /** The planner's answer for a start at this moment; settings that were changed meanwhile end what is undecided. */
  async #forecast(
    job: StoredJob,
    present: StoredJob,
    at: EpochMs,
    now: EpochMs,
  ): Promise<WhyFacts['forecast']> {
    const missed = { state: 'missed', reason: 'downtime', isChanged: true } as const;
    const isSame = JSON.stringify(present.schedule) === JSON.stringify(job.schedule) && isScheduled(present);
    if (job.uid !== present.uid || !isSame) return missed;
    const { store, handlerKnown, scheduleOf, newRunId } = this.#parts;
    const live = (await store.runs({ states: LIVE_STATES, limit: MANY })).toReversed();
    const { group } = job.policy;
    const all = await store.pauses({ from: job.cursor, to: now });
    const due = {
      job,
      pauses: all.filter((pause) => pause.jobUid === null || pause.jobUid === job.uid),
      live: live.filter((run) => run.jobUid === job.uid),
      groupLive: live.filter((run) => group !== null && run.group === group && run.jobUid !== job.uid),
      taken: [],
    };
    const { rows } = plan(due, { at: now, bootStartedAt: now, handlerKnown, scheduleOf, newRunId });
    const row = rows.find(
      ({ slot, covers }) => (covers?.from ?? slot ?? Infinity) <= at && at <= (slot ?? 0),
    );
    const { state, reason } = row ?? { state: 'skipped', reason: 'paused' };
    return { state, reason, isChanged: false };
  }
}

/** What is to come falls under the definition of now. */
function presentEra(job: StoredJob): Era {
  const isOn = isScheduled(job);
  const off = job.state === 'active' ? 'by_hand_only' : job.state;
  return {
    after: -Infinity,
    upTo: Infinity,
    schedule: isOn ? job.schedule : null,
    off: isOn ? null : off,
    dormant: job.schedule,
    begun: null,
    wasLast: false,
  };
}

/** A range begins and ends with slots; what lies between may be none. */
function endsAt(run: Run, at: EpochMs): boolean {
  return run.slot === at || run.covers?.from === at;
}

/** Slots of the time in which it was not in the settings are those of the schedule it had (rule 14). */
function wasAway(
  rows: readonly Run[],
  { dormant, off }: Era,
  at: EpochMs,
  scheduleOf: ExplainerParts['scheduleOf'],
): boolean {
  if (off !== 'orphaned' || dormant === null || rows.length === 0) return false;
  return scheduleOf(dormant).prev(at) === at;
}

/** A row of one slot says more than a range around it. */
function narrowest(rows: readonly Run[]): Run | null {
  const width = (run: Run) => (run.covers ? run.covers.to - run.covers.from : 0);
  return rows.toSorted((a, b) => width(a) - width(b))[0] ?? null;
}

function isHeld({ state }: Run): boolean {
  return state === 'running' || state === 'stopping';
}

function isRefused({ reason }: Run): boolean {
  return reason === 'overlap' || reason === 'queue_full';
}

/** The slot was to be decided, and is not: what the invariant check reports. */
function isHole(facts: Pick<WhyFacts, 'job' | 'at' | 'era' | 'after' | 'changes'>): boolean {
  const { job, at, era, after } = facts;
  if (era.schedule === null || at > job.cursor || at < job.ledgerFrom || at <= era.after) return false;
  const isAfterLast = era.wasLast && (after === null || after.slot! > era.upTo);
  return !isAfterLast && (at > job.auditedTo || isReported(facts.changes, at));
}

/** Up to `auditedTo` the check has looked: what it did not find is none. */
function isReported(changes: readonly JobChange[], at: EpochMs): boolean {
  return changes.some(({ what, after }) => {
    if (what !== 'hole') return false;
    const { from, to } = after as { from: EpochMs; to: EpochMs };
    return from <= at && at <= to;
  });
}
