// Why each slot became what it is, held against the law: lateness, downtime, what was in the way (rules 1–4, 14, 22). Pure.

import type { Row } from '../ledger.ts';
import { isoOf } from '../slots.ts';
import { type Accounts, type Case, isGap, longestJitter, wasAdmitted, wasEligible } from './case.ts';

export function explain(about: Case, accounts: Accounts): void {
  for (const [row, slots] of accounts) {
    if (row.reason === 'circuit_open') explainCircuit(about, row);
    if (isGap(row)) continue;
    decidedWhenDue(about, row, slots);
    if (about.isOfChange(row)) explainChange(about, row, slots);
    else if (wasEligible(row)) explainEligible(about, row, slots);
    else explainMiss(about, row, slots, accounts);
    if (row.reason === 'overlap') explainOverlap(about, row);
    if (row.reason === 'superseded') explainSuperseded(about, row);
    if (row.reason === 'queue_timeout') explainTimeout(about, row);
  }
}

/** A pass decides every slot that is due: none is left for a later one, none is decided ahead of its time. */
function decidedWhenDue(about: Case, row: Row, slots: readonly number[]): void {
  const delay = longestJitter(about.jobOf(row));
  if (row.due_at < row.slot! || row.due_at > row.slot! + delay)
    about.report('unexplained', row, `due at ${isoOf(row.due_at)}`);
  // A one-time slot that passed in a pause waits for its end.
  if (row.job_id === 'once') return;
  const early = slots.find((slot) => slot > row.queued_at);
  if (early !== undefined || (!about.isOfChange(row) && row.due_at > row.queued_at))
    about.report('unexplained', row, `${isoOf(early ?? row.slot!)} was decided before it was due`);
  const passed = slots.find((slot) => about.passIn(slot + delay, row.queued_at) !== null);
  if (passed !== undefined)
    about.report(
      'unexplained',
      row,
      `${isoOf(passed)} was passed over`,
      about.passIn(passed + delay, row.queued_at),
    );
}

function explainChange(about: Case, row: Row, slots: readonly number[]): void {
  const boot = about.bootAt(row.queued_at);
  const life = about.lifeAt(row.queued_at);
  const isUp = boot !== undefined && life?.pid === boot.pid;
  const wrong = slots.find((slot) => {
    const wasUp = isUp && slot >= boot.started_at;
    // An instant that was past when it was first read (rule 17), or this very one.
    const isNow = slot === row.queued_at || about.jobOf(row).id === 'once';
    return row.reason === 'schedule_changed' ? !wasUp && !isNow : row.reason !== 'downtime' || wasUp;
  });
  if (wrong !== undefined)
    about.report('unexplained', row, `${row.reason} at a change`, isoOf(wrong), boot, life);
}

function explainMiss(about: Case, row: Row, slots: readonly number[], accounts: Accounts): void {
  const { grace, misfire, catchupMax } = about.jobOf(row).policy;
  const boot = about.bootAt(row.queued_at);
  const eligible = eligibleWith(about, row, accounts);
  const reasonOf = (slot: number) => (boot !== undefined && slot < boot.started_at ? 'downtime' : 'blocked');
  const wrong = slots.find((slot) => row.reason !== reasonOf(slot));
  if (wrong !== undefined) about.report('unexplained', row, `${isoOf(wrong)} is ${reasonOf(wrong)}`, boot);
  const isLate = (slot: number) => grace !== null && row.queued_at - slot > grace * 1000;
  const wanted = slots.find((slot) => (!isLate(slot) || misfire === 'all') && eligible < catchupMax);
  if (wanted !== undefined) about.report('unexplained', row, `${isoOf(wanted)} could have run`, { eligible });
  if (misfire === 'latest' && eligible === 0)
    about.report('unexplained', row, 'the newest slot should have run');
}

/** How many slots the same pass found eligible. */
function eligibleWith(about: Case, row: Row, accounts: Accounts): number {
  const eligible = about.rowsOfPass(row).filter((each) => wasEligible(each) && !about.isOfChange(each));
  return eligible.reduce((sum, each) => sum + (accounts.get(each)?.length ?? 0), 0);
}

function explainEligible(about: Case, row: Row, slots: readonly number[]): void {
  const { grace, misfire, catchupMax, coalesce } = about.jobOf(row).policy;
  const isLate = (slot: number) => grace !== null && row.queued_at - slot > grace * 1000;
  if (slots.some(isLate) && (misfire === 'skip' || (misfire === 'latest' && slots.length > 1)))
    about.report('unexplained', row, `too late to run, and misfire_policy is ${misfire}`, slots.map(isoOf));
  if (slots.length > catchupMax || about.rowsOfPass(row).filter(wasAdmitted).length > catchupMax)
    about.report('unexplained', row, 'more slots than catchup_max');
  if (!wasAdmitted(row)) return;
  if (slots.length > 1 && !coalesce)
    about.report('unexplained', row, 'one run of several slots, without coalesce');
  if (coalesce && about.rowsOfPass(row).filter(wasAdmitted).length > 1)
    about.report('unexplained', row, 'several runs of one pass, with coalesce');
  const kind = isLate(row.due_at) ? 'catchup' : 'scheduled';
  if (row.kind !== kind) about.report('unexplained', row, `its kind should be ${kind}`);
}

/** The run that was in the way was live at that moment. */
function explainOverlap(about: Case, row: Row): void {
  const other = about.evidence.rows.find((each) => each.run_id === row.caused_by);
  const { group } = about.jobOf(row).policy;
  const isNear =
    other && (other.job_uid === row.job_uid || (group !== null && about.jobOf(other).policy.group === group));
  const wasLive = isNear && other.queued_at <= row.queued_at && liveUntil(about, other) >= row.queued_at;
  if (!wasLive) about.report('unexplained', row, 'nothing was in the way', other);
}

/** What a kill interrupted went on until the kill, later than the last sign of life that the ledger has of it. */
function liveUntil(about: Case, run: Row): number {
  const last = run.attempts.at(-1);
  if (run.ended_at === null) return Infinity;
  if (last?.outcome !== 'interrupted') return run.ended_at;
  return Math.max(run.ended_at, about.lifeAt(last.startedAt)?.endedAt ?? 0);
}

/** A waiting retry, or a waiting run of `cancel_previous`, gave way to a newer slot that was admitted (rules 4, 7, 10). */
function explainSuperseded(about: Case, row: Row): void {
  const { overlap } = about.jobOf(row).policy;
  const isNewer = (other: Row) =>
    other.job_uid === row.job_uid && other.slot !== null && other.slot > row.slot! && wasAdmitted(other);
  const newer = about.evidence.rows.some(
    (other) => isNewer(other) && (other.queued_at === row.ended_at || row.attempts.length > 0),
  );
  const mayWait = overlap === 'queue_all' || overlap === 'allow';
  const isOfLine = about.rowsOfPass(row).filter(wasAdmitted).length > 1;
  const isRetry = row.attempts.length > 0;
  if (!newer || mayWait || isOfLine || (!isRetry && overlap !== 'cancel_previous'))
    about.report('unexplained', row, 'nothing superseded it');
}

/** Missed where it never started; given back at a stop it is interrupted, and after a failed attempt it has failed. */
function explainTimeout(about: Case, row: Row): void {
  const { queueTimeout } = about.jobOf(row).policy;
  const last = row.attempts.at(-1);
  const waited = (row.ended_at ?? 0) - (last?.endedAt ?? row.queued_at);
  const state = last === undefined ? 'missed' : last.outcome === 'given_back' ? 'interrupted' : 'failed';
  if (queueTimeout === null || waited < queueTimeout * 1000 || row.state !== state)
    about.report('unexplained', row, `gave up its place after ${waited} ms`);
}

/** As many failures in a row as the job allows, and no success since. */
function explainCircuit(about: Case, row: Row): void {
  const { circuitAfter } = about.jobOf(row).policy;
  const ended = about.evidence.rows.filter(
    (each) => each.job_uid === row.job_uid && (each.ended_at ?? Infinity) <= row.queued_at,
  );
  const decisive = ended
    .filter(({ state }) => ['succeeded', 'failed', 'timed_out'].includes(state))
    .toSorted((a, b) => b.ended_at! - a.ended_at!)
    .slice(0, circuitAfter);
  const isOpen = decisive.length === circuitAfter && decisive.every(({ state }) => state !== 'succeeded');
  if (circuitAfter === 0 || !isOpen) about.report('unexplained', row, 'a circuit that nothing opened');
}
