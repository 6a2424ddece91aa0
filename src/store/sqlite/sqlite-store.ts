// The store on one SQLite file: each promise of store.ts is one transaction here, done by the file that bears its name.

import type { StoredCleanup } from '#core/cleanup';
import type { Clock, EpochMs } from '#core/clock';
import type { StoredJob } from '#core/job';
import type { ObservedPause, Pause } from '#core/pause';
import type { Run } from '#core/run';
import type * as promises from '../store.ts';
import type { Store } from '../store.ts';
import { markAudited, newestInstant, readAccounts } from './audit.ts';
import { backfillRuns } from './backfill.ts';
import { beat, endBoot, insertBoot, readBoots } from './boots.ts';
import { readChanges } from './changes.ts';
import { forgetChild, noteChild, readChildrenOfOthers } from './children.ts';
import { claimRuns } from './claim.ts';
import { changeCleanup, noteCleanupRuns, readCleanupRuns, readCleanups } from './cleanups.ts';
import { correctClock } from './clock.ts';
import type { Database } from './database.ts';
import { askedToCancel, cancelRun, markStopping, settleAll } from './endings.ts';
import { decideResumed, enqueueRun, fireDue } from './fire.ts';
import { jobsNamed, jobsOf, jobsOfId, pageOfJobs, readJobs } from './jobs.ts';
import { Leases } from './leases.ts';
import { endPauses, observePauses, openPause, pausesBetween } from './pauses.ts';
import { pruneSome, START, type Sweep, shrinkFile } from './prune.ts';
import { absentRuns, countLive, nextWakes, queryRuns, rowsAround } from './queries.ts';
import { reconcileJobs } from './reconcile.ts';
import { recoverRuns } from './recover.ts';
import { findRun } from './runs.ts';
import { SqliteMessages } from './sqlite-messages.ts';
import { tallyRuns } from './tally.ts';
import { watchWrites } from './write-watch.ts';

/** `node:sqlite` is synchronous: methods are async for the interface, and none lets another in halfway. */
export class SqliteStore extends SqliteMessages implements Store {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #newLease: () => string;
  readonly #tellsOfWrites: boolean;
  readonly #leases = new Leases();
  #dataVersion: unknown;
  #sweep: Sweep = START;

  constructor(db: Database, clock: Clock, newId: () => string, tellsOfWrites = false) {
    super(db, newId);
    this.#db = db;
    this.#clock = clock;
    this.#newLease = newId;
    this.#tellsOfWrites = tellsOfWrites;
    this.#dataVersion = db.pragma('data_version');
  }

  async beginBoot(boot: promises.NewBoot): Promise<void> {
    this.#db.write(() => insertBoot(this.#db, boot));
  }

  async tick(bootId: string, at: EpochMs): Promise<void> {
    this.#db.write(() => beat(this.#db, bootId, at));
  }

  async endBoot(bootId: string, at: EpochMs): Promise<void> {
    this.#db.write(() => endBoot(this.#db, bootId, at));
  }

  async boots(query: { before?: EpochMs; limit: number }): Promise<promises.Boot[]> {
    return readBoots(this.#db, query);
  }

  async jobs(query: NonNullable<Parameters<Store['jobs']>[0]> = {}): Promise<StoredJob[]> {
    if (query.page) return pageOfJobs(this.#db, query.page);
    if (query.id !== undefined) return jobsOfId(this.#db, query.id, query.removed ?? false);
    if (query.name !== undefined) return jobsNamed(this.#db, query.name);
    return query.uids ? jobsOf(this.#db, query.uids) : readJobs(this.#db);
  }

  async reconcile(
    at: EpochMs,
    concerned: promises.Concerned,
    decide: (view: promises.ReconcileView) => promises.Effects,
  ): Promise<void> {
    this.#db.write(() => reconcileJobs(this.#db, at, concerned, decide));
  }

  async changes(query: promises.ChangeQuery): Promise<promises.JobChange[]> {
    return readChanges(this.#db, query);
  }

  async pauses(query: { from: EpochMs; to: EpochMs }): Promise<Pause[]> {
    return pausesBetween(this.#db, query.from, query.to);
  }

  async pause(pause: promises.NewPause): Promise<boolean> {
    return this.#db.write(() => openPause(this.#db, pause)) !== null;
  }

  async resume(
    target: promises.ResumeTarget,
    plan?: (due: promises.DueJob) => promises.FireDecision,
  ): Promise<promises.Resumed> {
    return this.#db.write(() => {
      const ended = endPauses(this.#db, target);
      const isOver = plan && ended.length > 0;
      return { ended, decided: isOver ? decideResumed(this.#db, target.jobUid, target.at, plan) : [] };
    });
  }

  async observe(at: EpochMs, held: readonly ObservedPause[], heldUntil?: EpochMs): Promise<Pause[]> {
    return this.#db.write(() => observePauses(this.#db, at, held, heldUntil));
  }

  async fire(
    at: EpochMs,
    plan: (due: promises.DueJob) => promises.FireDecision,
    options: promises.FireOptions = {},
  ): Promise<promises.FireResult> {
    const result = this.#db.write(() => fireDue(this.#db, at, plan, options, this.#newLease));
    this.#leases.add(result.claimed);
    return result;
  }

  async enqueue(
    jobId: string,
    decide: (due: promises.DueJob) => promises.EnqueueDecision,
  ): Promise<promises.EnqueueResult> {
    return this.#db.write(() => enqueueRun(this.#db, jobId, this.#clock.now(), decide));
  }

  async backfill(
    jobId: string,
    range: { from: EpochMs; to: EpochMs },
    decide: (view: promises.BackfillView) => promises.BackfillDecision,
  ): Promise<promises.BackfillResult> {
    return this.#db.write(() => backfillRuns(this.#db, jobId, range, this.#clock.now(), decide));
  }

  async claim(request: promises.ClaimRequest): Promise<promises.Claimed[]> {
    const claimed = this.#db.write(() => claimRuns(this.#db, request, this.#newLease));
    this.#leases.add(claimed);
    return claimed;
  }

  async settle(
    endings: readonly promises.Ending[],
    claim?: promises.ClaimRequest,
  ): Promise<promises.Settled> {
    const settled = this.#db.write(() => {
      const answers = settleAll(this.#db, endings, this.#leases);
      return { answers, claimed: claim ? claimRuns(this.#db, claim, this.#newLease) : [] };
    });
    this.#leases.add(settled.claimed);
    return settled;
  }

  async markStopping(runId: string, leaseToken: string): Promise<'settled' | 'lost'> {
    return this.#db.write(() => markStopping(this.#db, runId, leaseToken));
  }

  async recover(
    bootId: string,
    at: EpochMs,
    decide: (run: Run) => promises.Verdict,
  ): ReturnType<Store['recover']> {
    return this.#db.write(() => recoverRuns(this.#db, bootId, at, decide));
  }

  async requestCancel(runId: string, at: EpochMs, by: string): Promise<Run | null> {
    // The file may have to be waited for, and what is queued then may have been at work when it was asked.
    return this.#db.write(() => cancelRun(this.#db, runId, Math.max(at, this.#clock.now()), by));
  }

  async cancelRequests(bootId: string): Promise<string[]> {
    return askedToCancel(this.#db, bootId);
  }

  async run(runId: string): Promise<Run | null> {
    return findRun(this.#db, runId);
  }

  async absentRuns(runIds: readonly string[]): Promise<string[]> {
    return absentRuns(this.#db, runIds);
  }

  async runs(query: promises.RunQuery): Promise<Run[]> {
    return queryRuns(this.#db, query);
  }

  async around(jobUid: string, at: EpochMs): ReturnType<Store['around']> {
    return this.#db.read(() => rowsAround(this.#db, jobUid, at));
  }

  async counts(): Promise<{ queued: number; running: number }> {
    return countLive(this.#db);
  }

  async tally(query: promises.TallyQuery): Promise<promises.TallyAnswer> {
    return tallyRuns(this.#db, query);
  }

  async prune(request: promises.PruneRequest): Promise<{ deleted: number; more: boolean }> {
    const { deleted, next } = this.#db.write(() => pruneSome(this.#db, request, this.#sweep));
    this.#sweep = next ?? START;
    shrinkFile(this.#db);
    return { deleted, more: next !== null };
  }

  async accounts(jobUid: string, after: EpochMs, upTo: EpochMs, limit: number): Promise<promises.Account[]> {
    return readAccounts(this.#db, jobUid, after, upTo, limit);
  }

  async markAudited(
    entries: readonly { uid: string; to: EpochMs }[],
    holes: readonly promises.FoundHole[] = [],
  ): Promise<void> {
    this.#db.write(() => markAudited(this.#db, entries, holes));
  }

  async newestInstant(): Promise<EpochMs | null> {
    return this.#db.read(() => newestInstant(this.#db));
  }

  async correctClock(
    clock: { was: EpochMs; at: EpochMs; by: string },
    plan: promises.ClockPlan,
  ): Promise<StoredJob[]> {
    return this.#db.write(() => correctClock(this.#db, clock, plan));
  }

  async cleanups(): Promise<StoredCleanup[]> {
    return readCleanups(this.#db);
  }

  async changeCleanup(
    at: EpochMs,
    by: string,
    decide: (registered: readonly StoredCleanup[]) => promises.CleanupChange,
  ): Promise<void> {
    this.#db.write(() => changeCleanup(this.#db, at, by, decide));
  }

  async cleanupRuns(): Promise<ReadonlyMap<string, EpochMs>> {
    return readCleanupRuns(this.#db);
  }

  async noteCleanupRuns(ids: readonly string[], at: EpochMs): Promise<void> {
    this.#db.write(() => noteCleanupRuns(this.#db, ids, at));
  }

  async noteChild(child: promises.ChildProcessRow): Promise<void> {
    this.#db.write(() => noteChild(this.#db, child));
  }

  async forgetChild(child: Pick<promises.ChildProcessRow, 'pid' | 'started'>): Promise<void> {
    this.#db.write(() => forgetChild(this.#db, child));
  }

  async childrenOfOthers(bootId: string): Promise<promises.ChildProcessRow[]> {
    return readChildrenOfOthers(this.#db, bootId);
  }

  async nextWake(at: EpochMs): ReturnType<Store['nextWake']> {
    return this.#db.read(() => nextWakes(this.#db, at));
  }

  /** SQLite's own counter, which moves at every commit of another connection: one page is read, no query runs. */
  async changedElsewhere(): Promise<boolean> {
    const before = this.#dataVersion;
    this.#dataVersion = this.#db.pragma('data_version');
    return this.#dataVersion !== before;
  }

  onWrite(told: () => void, lost: () => void): (() => void) | null {
    return this.#tellsOfWrites ? watchWrites(this.#db.file, told, lost) : null;
  }

  async fault(): Promise<string | null> {
    return this.#db.placeFault()?.message ?? null;
  }

  async close(): Promise<void> {
    this.#db.close();
  }
}
