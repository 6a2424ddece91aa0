// Jobs and their planned slots as tables. Pure.

import type { ScheduleSpec } from '#core/schedule';
import { TYPE_OF } from '#service/sentence';
import type { JobShape, RunShape } from '#service/shapes';
import { type Column, table } from '../table.ts';
import { NONE, timeText, utcText } from '../text.ts';
import { holderText } from './pause.ts';

export function listText(
  jobs: readonly JobShape[],
  last: ReadonlyMap<string, RunShape>,
  width: number,
): string {
  if (jobs.length === 0) return 'No scheduled tasks found\n';
  const rows = table<JobShape>(
    [
      { head: 'ID', cell: (job) => job.id },
      ...(jobs.some(isNamed) ? [NAME] : []),
      { head: 'STATE', cell: (job) => (notesOf(job).length > 0 ? `${job.state} !` : job.state) },
      { head: 'TYPE', cell: (job) => TYPE_OF[job.schedule.kind as ScheduleSpec['kind']] },
      { head: 'SCHEDULE', cell: (job) => job.schedule.expression, flexible: true },
      { head: 'NEXT RUN', cell: (job) => timeText(job.next_run) },
      { head: 'LAST RUN', cell: (job) => lastText(job, last.get(job.id)) },
      { head: 'ZONE', cell: (job) => job.schedule.timezone, optional: true },
      { head: 'DESCRIPTION', cell: (job) => job.description ?? '', optional: true },
    ],
    jobs,
    width,
    (job) => notesOf(job).map((note) => `! ${note}`),
  );
  return rows + holdersText(jobs);
}

const isNamed = ({ id, name }: JobShape) => name !== id;
/** Of jobs whose id says nothing. */
const NAME: Column<JobShape> = {
  head: 'NAME',
  cell: (job) => (isNamed(job) ? job.name : NONE),
  flexible: true,
};

/** What a person should know of a job beside its row. */
function notesOf(job: JobShape): string[] {
  const { since } = job.circuit;
  const circuit =
    since === null ? [] : [`its circuit is open since ${timeText(since)}: only a probe runs now and then`];
  return [...job.warnings, ...circuit];
}

function lastText(job: JobShape, run: RunShape | undefined): string {
  if (run) return `${timeText(run.started_at)} ${run.state}`;
  return timeText(job.last_run);
}

/** Who holds jobs back, each holder once, with those it holds. */
function holdersText(jobs: readonly JobShape[]): string {
  const held = new Map<string, string[]>();
  for (const job of jobs) {
    for (const pause of job.paused_by) {
      const holder = holderText(pause);
      held.set(holder, [...(held.get(holder) ?? []), job.id]);
    }
  }
  const whom = (ids: readonly string[]) =>
    ids.length === jobs.length && ids.length > 1 ? 'all of these' : ids.join(', ');
  const lines = [...held].map(([holder, ids]) => `paused by ${holder}: ${whom(ids)}\n`);
  return lines.length > 0 ? `\n${lines.join('')}` : '';
}

export interface NextSlot {
  job: string;
  job_name: string;
  slot: string;
  timezone: string;
}

export function nextText(slots: readonly NextSlot[], pausedBy: readonly string[], width: number): string {
  const note =
    pausedBy.length > 0 ? `\npaused by ${pausedBy.join(', ')}: none of these starts before resume\n` : '';
  if (slots.length === 0) return `No upcoming runs found\n${note}`;
  const isUtc = slots.every((slot) => slot.timezone === 'UTC');
  const rows = table<NextSlot>(
    [
      { head: 'NEXT RUN', cell: (slot) => timeText(slot.slot) },
      { head: 'ZONE', cell: (slot) => slot.timezone },
      ...(isUtc
        ? []
        : [{ head: 'UTC', cell: (slot: NextSlot) => utcText(slot.slot), optional: true as const }]),
      { head: 'JOB', cell: (slot) => slot.job },
      { head: 'NAME', cell: (slot) => (slot.job_name === slot.job ? NONE : slot.job_name), optional: true },
    ],
    slots,
    width,
  );
  return rows + note;
}
