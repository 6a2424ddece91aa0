// Queued runs in, running ones out: who may start now, in which order, under which lease.

import type { EpochMs } from '#core/clock';
import type { StoredJob } from '#core/job';
import { HAND_STARTED, type Run, runName, withChanges } from '#core/run';
import type { Claimed, ClaimRequest, Front } from '../store.ts';
import type { Database } from './database.ts';
import { jobOf } from './jobs.ts';
import { endTimedPauses } from './pauses.ts';
import { RUN_COLUMNS } from './run-rows.ts';
import { IS_HELD, IS_LIVE, readOne } from './runs.ts';

const BY_HAND = HAND_STARTED.map((kind) => `'${kind}'`).join(', ');
const IS_TIME = `state = 'queued' AND (not_before IS NULL OR not_before <= :at)
  AND (expires_at IS NULL OR expires_at > :at) AND (:paused = 0 OR kind IN (${BY_HAND}))`;
/** Lower starts first (rule 5), as the index says it; walked no further than needed. */
const IN_ORDER = `SELECT ${RUN_COLUMNS} FROM runs INDEXED BY runs_startable
  WHERE ${IS_TIME} ORDER BY priority, coalesce(slot, queued_at), seq`;
const ONE = `SELECT ${RUN_COLUMNS} FROM runs WHERE run_id = :only AND ${IS_TIME}`;

/** Timed ones were ended before. */
const OPEN_PAUSES = 'SELECT job_uid FROM pauses INDEXED BY pauses_open WHERE ended_at IS NULL';
const HELD = `SELECT count(*) AS n FROM runs INDEXED BY runs_held WHERE ${IS_HELD}`;
const PLACES_TAKEN = `SELECT count(*) AS n FROM runs INDEXED BY runs_live
  WHERE job_uid = :jobUid AND ${IS_LIVE} AND holds_place = 1`;
const GROUP_TAKEN = `SELECT DISTINCT job_uid FROM runs WHERE group_name = :group AND ${IS_LIVE} AND holds_place = 1`;
const HEAD_OF_LINE = `SELECT run_id FROM runs WHERE line = :line AND ${IS_LIVE} ORDER BY seq LIMIT 1`;

const ANY_WAITING = `SELECT 1 FROM runs INDEXED BY runs_startable
  WHERE state = 'queued' AND (not_before IS NULL OR not_before <= :at) LIMIT 1`;
const START = `UPDATE runs SET state = 'running', boot_id = ?, lease_token = ?, attempt = ?,
    started_at = ?, last_tick = ?, holds_place = 1, not_before = NULL, expires_at = NULL, name = ?
  WHERE run_id = ?`;
const COUNT_START = 'UPDATE jobs SET run_count = run_count + ?, last_run_at = ? WHERE uid = ?';

/** Answers in starting order. */
export function claimRuns(db: Database, request: ClaimRequest, newLease: () => string): Claimed[] {
  endTimedPauses(db, request.at);
  const claiming = new Claiming(db, request, newLease);
  claiming.walk();
  return claiming.inOrder();
}

/** One claim: what is admitted in the same transaction, and what waits in the queue, as far as there are places. */
export class Claiming {
  readonly at: EpochMs;
  readonly #db: Database;
  readonly #request: ClaimRequest;
  readonly #newLease: () => string;
  readonly #front: Front | null;
  readonly #free: number;
  readonly #claimed: Claimed[] = [];
  #starters: Starters | null = null;

  /** Timed pauses must have been ended. With `front` nothing new starts that might come behind it. */
  constructor(db: Database, request: ClaimRequest, newLease: () => string, front: Front | null = null) {
    this.at = request.at;
    this.#db = db;
    this.#request = request;
    this.#newLease = newLease;
    this.#front = front;
    this.#free = Math.min(request.places, request.cap - Number(db.get(HELD)?.n));
  }

  /** True when so many runs can start and nothing that waits would have to come first. */
  hasPlacesFor(count: number): boolean {
    const { only = null } = this.#request;
    return only === null && count <= this.#free && !this.#db.get(ANY_WAITING, { at: this.at });
  }

  /** A run that is about to be written, as running; null where it has to be written as queued. */
  startNew(run: Run, job: StoredJob): Run | null {
    const mayStart = run.state === 'queued' && run.line === null && run.holdsPlace;
    if (!mayStart || this.#isBehind(run) || this.#claimed.length >= this.#free || !this.#who.admit(run, job))
      return null;
    const started = this.#started(run);
    this.#claimed.push({ run: started, job });
    return started;
  }

  #isBehind(run: Run): boolean {
    const front = this.#front;
    return front !== null && (run.priority > front.priority || (run.slot ?? run.queuedAt) > front.slot);
  }

  get count(): number {
    return this.#claimed.length;
  }

  /** What was written since there were `count` is taken back. */
  undo(count: number): void {
    this.#claimed.length = count;
  }

  /** Picks first and writes then: what is walked does not change under the walk. */
  walk(): void {
    const { at, only = null } = this.#request;
    let left = this.#free - this.#claimed.length;
    if (left <= 0) return;
    const who = this.#who;
    const paused = who.allPaused ? 1 : 0;
    const rows =
      only === null ? this.#db.each(IN_ORDER, { at, paused }) : this.#db.each(ONE, { at, paused, only });
    const picked: Claimed[] = [];
    for (const row of rows) {
      const run = readOne(this.#db, row);
      const job = who.admit(run);
      if (job) picked.push({ run, job });
      if (job && --left === 0) break;
    }
    for (const { run, job } of picked) this.#claimed.push({ run: this.#start(run), job });
  }

  /** Lower priorities first, then by slot (rule 5). */
  inOrder(): Claimed[] {
    const planned = ({ run }: Claimed) => run.slot ?? run.queuedAt;
    return this.#claimed.toSorted((a, b) => a.run.priority - b.run.priority || planned(a) - planned(b));
  }

  get #who(): Starters {
    this.#starters ??= new Starters(this.#db);
    return this.#starters;
  }

  #started(run: Run): Run {
    const { at, bootId } = this.#request;
    return withChanges(run, {
      state: 'running',
      bootId,
      leaseToken: this.#newLease(),
      attempt: run.attempt + 1,
      startedAt: at,
      name: run.name ?? runName(run.jobId, at),
      holdsPlace: true,
      notBefore: null,
      expiresAt: null,
    });
  }

  #start(waiting: Run): Run {
    const run = this.#started(waiting);
    const { bootId, leaseToken, attempt, startedAt, name } = run;
    this.#db.runList(START, [bootId, leaseToken, attempt, startedAt, startedAt, name, run.runId]);
    // A first start that was given back has left its record, and is not counted again.
    const first = attempt === 1 && run.attempts.length === 0 ? 1 : 0;
    this.#db.runList(COUNT_START, [first, startedAt, run.jobUid]);
    return run;
  }
}

/** Who may start, each in view of those that were admitted before it. */
class Starters {
  readonly #db: Database;
  readonly #jobs = new Map<string, StoredJob>();
  readonly #paused: ReadonlySet<unknown>;
  /** Places taken, by job. */
  readonly #taken = new Map<string, number>();
  /** Jobs that hold a place, by group. */
  readonly #groups = new Map<string, Set<string>>();

  constructor(db: Database) {
    this.#db = db;
    this.#paused = new Set(db.all(OPEN_PAUSES).map((row) => row.job_uid));
  }

  get allPaused(): boolean {
    return this.#paused.has(null);
  }

  /** Its job, where it may start now: then it has its place. */
  admit(run: Run, job = this.#jobOf(run.jobUid)): StoredJob | null {
    if (job.deletedAt !== null) return null;
    // Rules 6 and 14: what a hand started goes on in a pause and with a job that is off.
    const isOff = job.state === 'disabled' || job.state === 'orphaned';
    if ((isOff || this.#paused.has(job.uid)) && !HAND_STARTED.includes(run.kind)) return null;
    if (run.line !== null && this.#db.get(HEAD_OF_LINE, { line: run.line })?.run_id !== run.runId)
      return null;
    if (!run.holdsPlace && !this.#hasPlace(run, job)) return null;
    if (!run.holdsPlace) this.#takePlace(run);
    return job;
  }

  /** Rule 4. What holds a place has passed this when it was admitted. */
  #hasPlace(run: Run, job: StoredJob): boolean {
    const { overlap, maxInstances } = job.policy;
    if (overlap === 'allow') return true;
    if (this.#placesTaken(run.jobUid) >= maxInstances) return false;
    return run.group === null || [...this.#holders(run.group)].every((uid) => uid === run.jobUid);
  }

  #takePlace(run: Run): void {
    this.#taken.set(run.jobUid, this.#placesTaken(run.jobUid) + 1);
    if (run.group !== null) this.#holders(run.group).add(run.jobUid);
  }

  #placesTaken(jobUid: string): number {
    const known = this.#taken.get(jobUid) ?? Number(this.#db.get(PLACES_TAKEN, { jobUid })?.n);
    this.#taken.set(jobUid, known);
    return known;
  }

  #holders(group: string): Set<string> {
    const known =
      this.#groups.get(group) ??
      new Set(this.#db.all(GROUP_TAKEN, { group }).map((row) => String(row.job_uid)));
    this.#groups.set(group, known);
    return known;
  }

  #jobOf(uid: string): StoredJob {
    const job = this.#jobs.get(uid) ?? jobOf(this.#db, uid);
    this.#jobs.set(uid, job);
    return job;
  }
}
