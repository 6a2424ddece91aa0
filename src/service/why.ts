// Answers what became of a job at an instant, from the ledger alone: nothing is ever silent. Pure.

import { iso, type RunShape, runShape } from './shapes.ts';
import type { Verdict, WhyAnswer, WhyFacts } from './why-facts.ts';
import { judgeRow } from './why-row.ts';
import { judgeInstant } from './why-slot.ts';

export interface WhyShape {
  job: string;
  job_name: string;
  at: string;
  answer: WhyAnswer;
  /** Of the closed list of reasons. */
  reason: string | null;
  /** The instant itself where it is a slot; the run may bear a later one that covers it. */
  slot: string | null;
  run: RunShape | null;
  /** What the text says, for programs. */
  because: object | null;
  before: RunShape | null;
  after: RunShape | null;
  text: string;
}

export function why(facts: WhyFacts): WhyShape {
  const { job, at, row, before, after } = facts;
  const zone = job.schedule.timezone;
  const verdict: Verdict = row ? judgeRow(facts, row) : judgeInstant(facts);
  const isOther = facts.madeAgainAt !== null && at <= (job.deletedAt ?? at);
  const gone = isOther ? ' This was the job that bore the id before; it was made again since.' : '';
  return {
    job: job.id,
    job_name: job.name,
    at: iso(at, zone),
    answer: verdict.answer,
    reason: verdict.reason,
    slot: facts.dueAt !== null || row ? iso(at, zone) : null,
    run: row && runShape(row, zone),
    because: verdict.because,
    before: before && runShape(before, zone),
    after: after && runShape(after, zone),
    text: `${verdict.text}${gone}`,
  };
}
