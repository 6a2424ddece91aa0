// Attempts of each run against its state, and against the lives in which they began and ended (rules 7–11, 23). Pure.

import type { Attempt, Row } from '../ledger.ts';
import { type Case, FINAL, wasAdmitted } from './case.ts';

/** Given up because of another slot or of a change: the attempts that are left are not made. */
const GIVEN_UP = ['superseded', 'queue_timeout', 'disabled', 'orphaned', 'deleted'];

export function checkAttempts(about: Case, options: { isDrained: boolean }): void {
  for (const row of about.evidence.rows) {
    checkNumbers(about, row);
    checkState(about, row);
    if (row.slot !== null && wasAdmitted(row)) checkLine(about, row);
    for (const attempt of row.attempts) checkLife(about, row, attempt);
    if (options.isDrained && !FINAL.includes(row.state))
      about.report('lost', row, 'a run that never came to its end');
  }
}

const counted = (row: Row) => row.attempts.filter(({ outcome }) => outcome !== 'given_back');

/** 1, 2, 3 …, each once; what was given back is counted anew. */
function checkNumbers(about: Case, row: Row): void {
  let next = 1;
  let before = 0;
  for (const { n, outcome, startedAt, endedAt } of row.attempts) {
    if (n < next) about.report('doubled', row, `attempt ${n} was settled twice`);
    if (n > next) about.report('lost', row, `attempt ${next} was never settled`);
    if (startedAt < before || endedAt < startedAt)
      about.report('unexplained', row, `attempt ${n} overlaps the one before`);
    if (outcome !== 'given_back') next++;
    before = endedAt;
  }
  const isRunning = row.state === 'running' || row.state === 'stopping';
  if (row.attempt !== next - 1 + (isRunning ? 1 : 0))
    about.report('unexplained', row, 'the number of attempts and their records differ');
}

function checkState(about: Case, row: Row): void {
  const outcomes = row.attempts.map(({ outcome }) => outcome);
  const last = outcomes.at(-1);
  const ended = outcomes.slice(0, -1).find((each) => ['succeeded', 'cancelled', 'skipped'].includes(each));
  if (ended) about.report('doubled', row, `went on after it had ${ended}`);
  if (!isRight(about, row, last)) about.report('unexplained', row, `its state does not follow from ${last}`);
}

function isRight(about: Case, row: Row, last: string | undefined): boolean {
  const { policy } = about.jobOf(row);
  const attempts = about.isByHand(row) ? 1 : policy.retries + 1;
  const isSpent = counted(row).length === attempts;
  switch (row.state) {
    case 'queued':
      return last === undefined || last === 'given_back' || (isTrouble(last) && !isSpent);
    case 'running':
    case 'stopping':
      return last === undefined || last === 'given_back' || isTrouble(last);
    case 'succeeded':
      return last === 'succeeded';
    case 'failed':
    case 'timed_out':
    case 'interrupted':
      if (row.reason !== null) return GIVEN_UP.includes(row.reason) && last !== undefined;
      return last === row.state && isSpent;
    case 'cancelled':
      return about.diary.cancels.has(row.run_id) || policy.overlap === 'cancel_previous';
    case 'skipped':
    case 'missed':
      return counted(row).length === 0 && row.reason !== null;
    default:
      return false;
  }
}

function isTrouble(outcome: string): boolean {
  return ['failed', 'timed_out', 'interrupted'].includes(outcome);
}

/** Slots of one pass without `coalesce`: each run ends for good before the next one starts (rule 3). */
function checkLine(about: Case, row: Row): void {
  const line = about.rowsOfPass(row).filter(wasAdmitted);
  const before = line[line.indexOf(row) - 1];
  const start = row.attempts[0]?.startedAt ?? row.started_at;
  if (!before || start === null) return;
  if (before.ended_at === null || before.ended_at > start)
    about.report('unexplained', row, 'did not wait for the run before it in its line', before);
}

/** Only a kill interrupts, only a stop gives back. */
function checkLife(about: Case, row: Row, attempt: Attempt): void {
  const life = about.lifeAt(attempt.startedAt);
  const { outcome } = attempt;
  if (!life) about.report('unexplained', row, 'an attempt while no service was up', attempt);
  else if (outcome === 'interrupted' && life.end !== 'killed')
    about.report('unexplained', row, 'interrupted in a life that nobody killed', attempt, life);
  else if (outcome === 'given_back' && (life.askedToStopAt ?? Infinity) > attempt.endedAt)
    about.report('unexplained', row, 'given back before anybody asked to stop', attempt, life);
}
