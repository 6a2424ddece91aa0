// Why each slot became what it is, held against the law: lateness, downtime, what was in the way (rules 1–4, 14). Pure.

import type { Row } from '../ledger.ts';
import { isoOf } from '../slots.ts';
import { type Accounts, type Case, isHeld, wasEligible } from './case.ts';

export function explain(about: Case, accounts: Accounts): void {
  const passes = Map.groupBy(accounts.keys(), (row) => `${row.job_uid} ${row.queued_at}`);
  for (const [row, slots] of accounts) {
    if (isHeld(row)) continue;
    decidedWhenDue(about, row, slots);
    if (about.isOfChange(row)) explainChange(about, row, slots);
    else if (row.state === 'missed') explainMiss(about, row, slots, passes, accounts);
    else explainEligible(about, row, slots);
    if (row.reason === 'overlap') explainOverlap(about, row);
  }
}

/** A pass decides every slot that is due: none is left for a later one, none is decided ahead of its time. */
function decidedWhenDue(about: Case, row: Row, slots: readonly number[]): void {
  // A one-time slot that passed in a pause waits for its end.
  if (row.job_id === 'once') return;
  const early = slots.find((slot) => slot > row.queued_at);
  if (early !== undefined) about.report('unexplained', row, `${isoOf(early)} was decided before it was due`);
  const passed = slots.find((slot) => about.passIn(slot, row.queued_at) !== null);
  if (passed !== undefined)
    about.report('unexplained', row, `${isoOf(passed)} was passed over`, about.passIn(passed, row.queued_at));
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

function explainMiss(
  about: Case,
  row: Row,
  slots: readonly number[],
  passes: ReadonlyMap<string, Row[]>,
  accounts: Accounts,
): void {
  const { grace, misfire, catchupMax } = about.jobOf(row).policy;
  const boot = about.bootAt(row.queued_at);
  const pass = passes.get(`${row.job_uid} ${row.queued_at}`) ?? [];
  const eligible = pass.filter(wasEligible).reduce((sum, each) => sum + accounts.get(each)!.length, 0);
  const reasonOf = (slot: number) => (boot !== undefined && slot < boot.started_at ? 'downtime' : 'blocked');
  const wrong = slots.find((slot) => row.reason !== reasonOf(slot));
  if (wrong !== undefined) about.report('unexplained', row, `${isoOf(wrong)} is ${reasonOf(wrong)}`, boot);
  const isLate = (slot: number) => grace !== null && row.queued_at - slot > grace * 1000;
  const wanted = slots.find((slot) => (!isLate(slot) || misfire === 'all') && eligible < catchupMax);
  if (wanted !== undefined) about.report('unexplained', row, `${isoOf(wanted)} could have run`, { eligible });
  if (misfire === 'latest' && eligible === 0)
    about.report('unexplained', row, 'the newest slot should have run');
}

function explainEligible(about: Case, row: Row, slots: readonly number[]): void {
  const { grace, misfire, catchupMax, coalesce } = about.jobOf(row).policy;
  const isLate = (slot: number) => grace !== null && row.queued_at - slot > grace * 1000;
  if (slots.some(isLate) && (misfire === 'skip' || (misfire === 'latest' && slots.length > 1)))
    about.report('unexplained', row, `too late to run, and misfire_policy is ${misfire}`, slots.map(isoOf));
  if (slots.length > catchupMax) about.report('unexplained', row, 'more slots than catchup_max');
  if (slots.length > 1 && !coalesce)
    about.report('unexplained', row, 'one run of several slots, without coalesce');
  const kind = isLate(row.slot!) ? 'catchup' : 'scheduled';
  if (row.state !== 'skipped' && row.kind !== kind)
    about.report('unexplained', row, `its kind should be ${kind}`);
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
  if (run.ended_at === null || last?.outcome !== 'interrupted') return run.ended_at ?? Infinity;
  return about.lifeAt(last.startedAt)?.endedAt ?? run.ended_at;
}
