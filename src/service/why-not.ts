// Why a slot did not run, for each reason of the closed list: who or what was in the way, from when to when. Pure.

import type { EpochMs } from '#core/clock';
import type { JobPolicy } from '#core/job';
import type { Run } from '#core/run';
import type { JobChange } from '#store/store';
import {
  changeShape,
  changeText,
  downShape,
  downText,
  pausesShape,
  pausesText,
  runText,
  spanText,
  timeIn,
  timeOrUnknown,
} from './phrases.ts';
import { iso, isoOrNull } from './shapes.ts';
import type { WhyFacts } from './why-facts.ts';

interface Told {
  because: object;
  /** Follows `was skipped: ` or `was missed: `. */
  text: string;
}

export function skipped(facts: WhyFacts, row: Run): Told {
  const { job, now, pauses } = facts;
  const zone = job.schedule.timezone;
  switch (row.reason) {
    case 'overlap':
    case 'queue_full':
      return inTheWay(facts, row);
    case 'paused':
    case 'stopped': {
      const who = pauses.length > 0 ? ` by ${pausesText(pauses, now, zone)}` : '';
      return { because: { pauses: pausesShape(pauses, zone) }, text: `${row.reason}${who}` };
    }
    case 'circuit_open':
      return circuitOpen(facts, row);
    case 'superseded':
      return {
        because: { newer_slot: isoOrNull(facts.after?.slot ?? null, zone) },
        text: `while it waited for a place the newer slot of ${timeOrUnknown(facts.after?.slot ?? null, zone)} took its turn`,
      };
    case 'handler_missing': {
      const { handler } = row.snapshot;
      const now = facts.handlerKnown ? 'it is there now' : 'there is none to this day';
      return {
        because: { handler, is_there_now: facts.handlerKnown },
        text: `there was no handler ${handler}; ${now}`,
      };
    }
    case 'by_handler': {
      const message = row.error?.message ?? null;
      return { because: { message }, text: `by the job itself${message ? `: ${message}` : ''}` };
    }
    default:
      return byChange(facts, row);
  }
}

function inTheWay({ job, inTheWay: run }: WhyFacts, row: Run): Told {
  const zone = job.schedule.timezone;
  const full = row.reason === 'queue_full' ? 'too many runs were waiting already; ' : '';
  if (run === null)
    return {
      because: { run: row.by, job: null },
      text: `${full}run ${row.by} was in the way, whose record is gone`,
    };
  const startedAt = run.attempts[0]?.startedAt ?? run.startedAt;
  const { runId, state, endedAt } = run;
  const took = startedAt === null || endedAt === null ? null : endedAt - startedAt;
  const since = startedAt === null ? 'had not started itself' : `started at ${timeIn(startedAt, zone)}`;
  const end =
    endedAt === null ? `is still ${state}` : took === null ? `ended ${state}` : `took ${spanText(took)}`;
  return {
    because: {
      run: runId,
      job: run.jobId,
      state,
      started_at: isoOrNull(startedAt, zone),
      ended_at: isoOrNull(endedAt, zone),
      took: took === null ? null : took / 1000,
    },
    text: `${full}${runText(run, job.uid)} was in the way, which ${since} and ${end}`,
  };
}

function circuitOpen({ job, changes, at, dueAt }: WhyFacts, row: Run): Told {
  const zone = job.schedule.timezone;
  const turns = changes.filter((change) => change.what === 'circuit');
  const opening = turns.find((change) => change.after !== null && change.at <= Math.max(at, dueAt ?? 0));
  const circuit = (opening?.after ?? job.circuit) as { openedAt: EpochMs } | null;
  const closing = opening && turns.findLast((change) => change.after === null && change.at >= opening.at);
  const probeFrom = closing ? null : (job.circuit?.probeFrom ?? null);
  const since = circuit ? ` since ${timeIn(circuit.openedAt, zone)}` : '';
  const then = closing
    ? `; ${closing.by === 'settings' ? 'it was switched off' : 'a success closed it'} at ${timeIn(closing.at, zone)}`
    : probeFrom === null
      ? ''
      : `; the first slot from ${timeIn(probeFrom, zone)} on is tried`;
  const after = row.snapshot.policy.circuitAfter;
  return {
    because: {
      since: isoOrNull(circuit?.openedAt ?? null, zone),
      circuit_after: after,
      closed_at: isoOrNull(closing?.at ?? null, zone),
      next_probe: isoOrNull(probeFrom, zone),
    },
    text: `the circuit was open${since}, after ${after} runs in a row had failed${then}`,
  };
}

/** Nobody but a change of the job itself was in the way. */
function byChange(facts: WhyFacts, row: Run): Told {
  const zone = facts.job.schedule.timezone;
  const change = changeThatEnded(facts, row);
  const because = { change: changeShape(change, zone) };
  const back = facts.changes.findLast(({ what, at }) => what === 'returned' && change && at >= change.at);
  const isTimeAway = row.reason === 'orphaned' && row.endedAt === row.queuedAt;
  if (isTimeAway)
    return {
      because: { ...because, returned_at: isoOrNull(back?.at ?? null, zone) },
      text: `the job was not in the settings from ${timeOrUnknown(change?.at ?? null, zone)} to ${timeOrUnknown(back?.at ?? row.queuedAt, zone)}`,
    };
  const told = change ? changeText(change, zone) : `the job was ${row.reason}`;
  return { because, text: `${told}, while it waited to start` };
}

export function missed(facts: WhyFacts, row: Run): Told {
  const { job, down } = facts;
  const zone = job.schedule.timezone;
  const change = facts.changes.find((each) => each.at === row.queuedAt && each.what !== 'state') ?? null;
  switch (row.reason) {
    case 'downtime':
      return {
        because: { down: downShape(down, zone), change: changeShape(change, zone) },
        text: `${downText(down, zone)}${change ? `, and then ${changeText(change, zone)}` : tooLate(facts, row)}`,
      };
    case 'blocked':
      return {
        because: { decided_at: iso(row.queuedAt, zone) },
        text: `the service was up, but came to decide it only at ${timeIn(row.queuedAt, zone)}${tooLate(facts, row)}`,
      };
    case 'clock_jump':
      return {
        because: { decided_at: iso(row.queuedAt, zone) },
        text: `the clock was set forward over it, or the machine slept, until ${timeIn(row.queuedAt, zone)}${tooLate(facts, row)}`,
      };
    case 'queue_timeout': {
      const waited = (row.endedAt ?? row.queuedAt) - row.queuedAt;
      return {
        because: {
          queued_at: iso(row.queuedAt, zone),
          left_at: isoOrNull(row.endedAt, zone),
          waited: waited / 1000,
          queue_timeout: row.maxWaitMs === null ? null : row.maxWaitMs / 1000,
        },
        text: `it waited ${spanText(waited)} for a place, until ${timeOrUnknown(row.endedAt, zone)}, and got none`,
      };
    }
    case 'schedule_changed':
    case 'deleted':
      return {
        because: { change: changeShape(change, zone) },
        text: change
          ? `it was past and not decided${change.what === 'created' ? ' yet' : ''} when ${changeText(change, zone)}`
          : 'the schedule was changed before it was decided',
      };
    case 'restored':
      return {
        because: {},
        text: 'the ledger was restored from a backup, and what happened then is not in it',
      };
    default:
      return { because: {}, text: String(row.reason) };
  }
}

function tooLate({ dueAt, at }: WhyFacts, row: Run): string {
  return tooLateText(row.snapshot.policy, row.queuedAt - (dueAt ?? at));
}

/** Why a slot that is so late is not made up for (rule 2). Follows what made it late. */
export function tooLateText(policy: JobPolicy, lateMs: number): string {
  const { misfireGraceMs, misfirePolicy, catchupMax, catchupWindowMs } = policy;
  const late = spanText(lateMs);
  const isTooLate = misfireGraceMs !== null && lateMs > misfireGraceMs;
  if (isTooLate && misfirePolicy === 'skip')
    return `; ${late} late it is beyond its grace of ${spanText(misfireGraceMs)}`;
  if (isTooLate && misfirePolicy === 'latest') return `; ${late} late, only the newest slot is caught up`;
  return `; ${late} late, at most ${catchupMax} slots of the last ${spanText(catchupWindowMs)} are caught up`;
}

/** The change that took a row's slot away: the newest of its kind up to when the row ended. */
export function changeThatEnded({ changes }: WhyFacts, row: Run): JobChange | null {
  const whats = { disabled: 'enabled', orphaned: 'orphaned', deleted: 'deleted' } as const;
  const what = whats[row.reason as keyof typeof whats];
  const until = row.endedAt ?? Infinity;
  return changes.find((change) => change.what === what && change.at <= until) ?? null;
}
