// The answer where a row accounts for the instant: what the run did, or what it waits for. Pure.

import { isFinal, type Run } from '#core/run';
import { changeText, spanText, timeIn, timeOrUnknown } from './phrases.ts';
import { iso, isoOrNull } from './shapes.ts';
import { waitingShape, waitingText } from './waiting-for.ts';
import type { Verdict, WhyFacts } from './why-facts.ts';
import { changeThatEnded, missed, skipped } from './why-not.ts';

/** Shorter waits and delays are not worth a word. */
const WORTH_TELLING_MS = 1000;

export function judgeRow(facts: WhyFacts, row: Run): Verdict {
  if (row.state === 'skipped' || row.state === 'missed') {
    const { because, text } = row.state === 'missed' ? missed(facts, row) : skipped(facts, row);
    const head = `${slotText(facts)} was ${row.state}: ${text}.`;
    return {
      answer: row.state,
      reason: row.reason,
      because: { ...because, ...coveredShape(facts, row) },
      text: `${head}${rangeText(facts, row)}`,
    };
  }
  if (!isFinal(row.state)) return underWay(facts, row);
  return row.attempts.length > 0 ? ran(facts, row) : neverStarted(facts, row);
}

function slotText({ job, at }: WhyFacts): string {
  return `The slot of ${job.id} at ${timeIn(at, job.schedule.timezone)}`;
}

/** Where one row stands for many slots. */
function rangeText({ job }: WhyFacts, row: Run): string {
  if (!row.covers) return '';
  const { from, to, count } = row.covers;
  const zone = job.schedule.timezone;
  return ` One row accounts for ${count} slots, from ${timeIn(from, zone)} to ${timeIn(to, zone)}.`;
}

function coveredShape({ job }: WhyFacts, { covers }: Run): object {
  const zone = job.schedule.timezone;
  return covers === null
    ? {}
    : { covers: { from: iso(covers.from, zone), to: iso(covers.to, zone), count: covers.count } };
}

// ---- it ran ---------------------------------------------------------------------------------------------

function ran(facts: WhyFacts, row: Run): Verdict {
  const { at, job } = facts;
  const zone = job.schedule.timezone;
  const isCovered = row.slot !== at;
  const how = isCovered ? `was covered by the run of ${timeIn(row.slot!, zone)}, which` : howItRan(row);
  const late = latenessText(row);
  const error = row.error && row.state !== 'succeeded' ? `: ${row.error.message}` : '';
  const end = `${endText(row)}${late ? `, ${late}` : ''}${error}`;
  return {
    answer: 'ran',
    reason: row.reason,
    because: {
      outcome: row.state,
      late_by: row.lateByMs / 1000,
      took: row.durationMs === null ? null : Math.round(row.durationMs) / 1000,
      attempts: row.attempts.length,
      covered_by: isCovered ? isoOrNull(row.slot, zone) : null,
      ...coveredShape(facts, row),
    },
    text: `${slotText(facts)} ${how} ${end}.${noMoreText(facts, row)}${togetherText(facts, row)}`,
  };
}

function howItRan(row: Run): string {
  if (row.kind === 'catchup') return 'was caught up and';
  if (row.kind === 'backfill') return `was run afterwards by ${row.by}, and`;
  return 'ran and';
}

function endText(row: Run): string {
  const took = row.durationMs === null ? '' : ` ${spanText(row.durationMs)}`;
  const tries = row.attempts.length > 1 ? `, at attempt ${row.attempts.length}` : '';
  switch (row.state) {
    case 'timed_out':
      return `timed out${took && ` after${took}`}${tries}`;
    case 'cancelled':
      return `was cancelled${row.cancelledBy === null ? '' : ` by ${row.cancelledBy}`}${took && ` after${took}`}`;
    case 'interrupted':
      return `was interrupted${took && ` after${took}`}${tries}`;
    default:
      return `${row.state}${took && ` in${took}`}${tries}`;
  }
}

/** Late by the law (from due to deciding), and the wait for a place that came on top. */
function latenessText(row: Run): string {
  const first = row.attempts[0]?.startedAt ?? row.startedAt;
  const waited = first === null ? 0 : first - row.queuedAt;
  const parts = [
    row.lateByMs >= WORTH_TELLING_MS && `${spanText(row.lateByMs)} late`,
    waited >= WORTH_TELLING_MS && `after it had waited ${spanText(waited)} for a place`,
  ];
  return parts.filter(Boolean).join(', ');
}

/** A failure that had attempts left, and why they were not made. */
function noMoreText(facts: WhyFacts, row: Run): string {
  const zone = facts.job.schedule.timezone;
  switch (row.reason) {
    case 'superseded':
      return ' It was not tried again, because a newer slot was admitted.';
    case 'queue_timeout':
      return ` It was not tried again: it waited for a place until ${timeOrUnknown(row.endedAt, zone)}.`;
    case 'disabled':
    case 'orphaned':
    case 'deleted': {
      const change = changeThatEnded(facts, row);
      return ` It was not tried again: ${change ? changeText(change, zone) : `the job was ${row.reason}`}.`;
    }
    default:
      return '';
  }
}

function togetherText({ job, at }: WhyFacts, row: Run): string {
  if (!row.covers) return '';
  const zone = job.schedule.timezone;
  const { from, to, count } = row.covers;
  const which = row.slot === at ? 'It covers' : 'That run covers';
  return ` ${which} ${count} slots that were late together, from ${timeIn(from, zone)} to ${timeIn(to, zone)}.`;
}

// ---- it is under way ------------------------------------------------------------------------------------

function underWay(facts: WhyFacts, row: Run): Verdict {
  const { job, at, now, waiting } = facts;
  const zone = job.schedule.timezone;
  const covered = row.slot === at ? '' : ` is covered by the run of ${timeIn(row.slot!, zone)}, which`;
  const shared = { attempt: row.attempt, ...coveredShape(facts, row) };
  if (row.state !== 'queued') {
    const since = row.startedAt ?? row.queuedAt;
    const word = row.state === 'stopping' ? 'is being stopped; it has been running' : 'has been running';
    const nth = row.attempt > 1 ? `, at attempt ${row.attempt}` : '';
    if (facts.lostSince !== null)
      return {
        answer: 'running',
        reason: null,
        because: {
          state: row.state,
          since: iso(since, zone),
          lost_since: iso(facts.lostSince, zone),
          ...shared,
        },
        text: `${slotText(facts)}${covered} was started at ${timeIn(since, zone)}${nth}, and the process that ran it is gone: its last sign of life was at ${timeIn(facts.lostSince, zone)}. The next start of the service records how the run ended.`,
      };
    return {
      answer: 'running',
      reason: null,
      because: { state: row.state, since: iso(since, zone), ...shared },
      text: `${slotText(facts)}${covered} ${word} since ${timeIn(since, zone)}, for ${spanText(now - since)}${nth}.`,
    };
  }
  const text = waiting ? waitingText(row, waiting, now, zone) : 'for its turn';
  return {
    answer: 'queued',
    reason: null,
    because: { queued_at: iso(row.queuedAt, zone), ...(waiting && waitingShape(waiting, zone)), ...shared },
    text: `${slotText(facts)}${covered} has been queued since ${timeIn(row.queuedAt, zone)}. It waits ${text}.`,
  };
}

function neverStarted(facts: WhyFacts, row: Run): Verdict {
  const by = row.cancelledBy ?? row.by;
  return {
    answer: 'skipped',
    reason: row.reason,
    because: { outcome: row.state, by, ...coveredShape(facts, row) },
    text: `${slotText(facts)} never started: it was ${row.state}${by === null ? '' : ` by ${by}`} while it waited.`,
  };
}
