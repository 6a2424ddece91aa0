// Answers what became of a job at an instant, from the ledger alone: nothing is ever silent. Pure.

import type { EpochMs } from '#core/clock';
import { formatDuration } from '#core/duration';
import type { StoredJob } from '#core/job';
import type { Pause } from '#core/pause';
import type { Run } from '#core/run';
import type { Schedule } from '#core/schedule';
import { iso, isoOrNull, pauseShape, type RunShape, runShape } from './shapes.ts';

export type WhyAnswer =
  | 'ran'
  | 'running'
  | 'queued'
  | 'skipped'
  | 'missed'
  | 'not_scheduled'
  | 'future'
  | 'pruned';

export interface WhyInput {
  job: StoredJob;
  at: EpochMs;
  now: EpochMs;
  /** The schedule that held at `at`; null when the job had none then. */
  scheduleThen: Schedule | null;
  /** Why it had none. */
  unscheduledBecause: string | null;
  covering: readonly Run[];
  before: Run | null;
  after: Run | null;
  /** Pauses of the job and global ones that hold at `at`. */
  pauses: readonly Pause[];
  /** When no service was up around `at`; null = one was. */
  down: { from: EpochMs | null; to: EpochMs | null } | null;
  /** The run that was in the way of a skipped slot. */
  inTheWay: Run | null;
  nextSlot: EpochMs | null;
}

export interface WhyShape {
  job: string;
  job_name: string;
  at: string;
  answer: WhyAnswer;
  reason: string | null;
  slot: string | null;
  run: RunShape | null;
  because: object | null;
  before: RunShape | null;
  after: RunShape | null;
  text: string;
}

export function why(input: WhyInput): WhyShape {
  const { job, at } = input;
  const zone = job.schedule.timezone;
  const isSlot = input.scheduleThen !== null && input.scheduleThen.prev(at) === at;
  const row = isSlot || input.covering.some((run) => run.slot === at) ? narrowest(input.covering) : null;
  const verdict = judge(input, row, isSlot);
  return {
    job: job.id,
    job_name: job.name,
    at: iso(at, zone),
    answer: verdict.answer,
    reason: row?.reason ?? null,
    slot: isSlot || row ? iso(at, zone) : null,
    run: row && runShape(row, zone),
    because: verdict.because,
    before: input.before && runShape(input.before, zone),
    after: input.after && runShape(input.after, zone),
    text: `${job.id} at ${iso(at, zone)}: ${verdict.text}`,
  };
}

interface Verdict {
  answer: WhyAnswer;
  because: object | null;
  text: string;
}

/** A row of one slot says more than a range that spans it. */
function narrowest(rows: readonly Run[]): Run | null {
  const width = (run: Run) => (run.covers ? run.covers.to - run.covers.from : 0);
  return rows.toSorted((a, b) => width(a) - width(b))[0] ?? null;
}

function judge(input: WhyInput, row: Run | null, isSlot: boolean): Verdict {
  const zone = input.job.schedule.timezone;
  if (row) return ofRow(input, row, zone);
  if (input.at > input.now) {
    const next = isSlot
      ? 'is planned for then'
      : `is not planned then; next slot: ${isoOrNull(input.nextSlot, zone) ?? 'none'}`;
    return { answer: 'future', because: null, text: `that is in the future; the job ${next}` };
  }
  if (input.at < input.job.createdAt) {
    return {
      answer: 'not_scheduled',
      because: { created_at: iso(input.job.createdAt, zone) },
      text: `the job did not exist before ${iso(input.job.createdAt, zone)}`,
    };
  }
  if (input.at < input.job.ledgerFrom) {
    return {
      answer: 'pruned',
      because: { ledger_from: iso(input.job.ledgerFrom, zone) },
      text: 'its history of that time has been cleaned up',
    };
  }
  if (isSlot) return ofUndecidedSlot(input, zone);
  const between = [
    input.before && `before it: ${brief(input.before, zone)}`,
    input.after && `after it: ${brief(input.after, zone)}`,
  ];
  const around = between.filter(Boolean).join('; ');
  const because = input.unscheduledBecause ?? 'the schedule has no slot at that instant';
  return {
    answer: 'not_scheduled',
    because: { schedule: because },
    text: `not scheduled: ${because}${around ? ` (${around})` : ''}`,
  };
}

/** A slot that no row accounts for yet: the engine has not looked since. */
function ofUndecidedSlot(input: WhyInput, zone: string): Verdict {
  if (input.down) {
    const span = `from ${isoOrNull(input.down.from, zone) ?? 'before the first start'} to ${isoOrNull(input.down.to, zone) ?? 'now'}`;
    return {
      answer: 'missed',
      because: { down: downShape(input.down, zone) },
      text: `no service was up ${span}; the slot is decided at its next start`,
    };
  }
  return { answer: 'queued', because: null, text: 'due, and about to be decided' };
}

function ofRow(input: WhyInput, row: Run, zone: string): Verdict {
  const many = row.covers
    ? ` (one of ${row.covers.count} slots from ${iso(row.covers.from, zone)} to ${iso(row.covers.to, zone)})`
    : '';
  switch (row.state) {
    case 'queued':
      return {
        answer: 'queued',
        because: null,
        text: `${row.attempt > 0 ? `waiting for attempt ${row.attempt + 1}` : 'waiting for a place'}${many}`,
      };
    case 'running':
    case 'stopping':
      return {
        answer: 'running',
        because: null,
        text: `${row.state} since ${isoOrNull(row.startedAt, zone)}${many}`,
      };
    case 'skipped':
    case 'missed':
      return { answer: row.state, ...becauseOf(input, row, zone, many) };
    default: {
      const late =
        row.lateByMs >= 1000 ? `, ${formatDuration(Math.round(row.lateByMs / 1000) * 1000)} late` : '';
      const took = row.durationMs === null ? '' : ` in ${Math.round(row.durationMs) / 1000} s`;
      const failed = row.error ? `: ${row.error.message}` : '';
      const covered =
        row.covers && row.slot !== input.at ? `, covered by the run of ${isoOrNull(row.slot, zone)}` : '';
      return {
        answer: 'ran',
        because: { late_by: row.lateByMs / 1000 },
        text: `${row.state}${took}${late}${covered}${many}${failed}`,
      };
    }
  }
}

function becauseOf(
  input: WhyInput,
  row: Run,
  zone: string,
  many: string,
): { because: object | null; text: string } {
  const word = `${row.state}: ${row.reason}`;
  if (row.reason === 'overlap' && input.inTheWay) {
    const { runId, jobId, startedAt, endedAt } = input.inTheWay;
    const took =
      startedAt !== null && endedAt !== null ? `, which took ${formatDuration(endedAt - startedAt)}` : '';
    return {
      because: {
        run: runId,
        job: jobId,
        started_at: isoOrNull(startedAt, zone),
        ended_at: isoOrNull(endedAt, zone),
      },
      text: `${word}: run ${runId} was in the way${took}${many}`,
    };
  }
  if ((row.reason === 'paused' || row.reason === 'stopped') && input.pauses.length > 0) {
    const spans = input.pauses.map(
      (p) =>
        `${p.who}${p.why ? ` (${p.why})` : ''} from ${iso(p.since, zone)} to ${isoOrNull(p.endedAt, zone) ?? 'now'}`,
    );
    return {
      because: {
        pauses: input.pauses.map((p) => ({ ...pauseShape(p, zone), ended_at: isoOrNull(p.endedAt, zone) })),
      },
      text: `${word} by ${spans.join(', ')}${many}`,
    };
  }
  if (row.reason === 'downtime' && input.down) {
    const { from, to } = input.down;
    return {
      because: { down: downShape(input.down, zone) },
      text: `${word}: no service was up from ${isoOrNull(from, zone) ?? 'the beginning'} to ${isoOrNull(to, zone) ?? 'now'}${many}`,
    };
  }
  return { because: row.error, text: `${word}${row.error ? `: ${row.error.message}` : ''}${many}` };
}

function downShape(down: { from: EpochMs | null; to: EpochMs | null }, zone: string): object {
  return { from: isoOrNull(down.from, zone), to: isoOrNull(down.to, zone) };
}

function brief(run: Run, zone: string): string {
  return `${isoOrNull(run.slot ?? run.startedAt ?? run.queuedAt, zone)} ${run.state}${run.reason ? ` (${run.reason})` : ''}`;
}
