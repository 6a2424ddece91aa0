// One job that was made, changed or taken away, as lines that scripts of older callers look for. Pure.

import type { ScheduleSpec } from '#core/schedule';
import { TYPE_OF } from '#service/sentence';
import type { JobShape } from '#service/shapes';
import { NONE, plural, timeText } from '../text.ts';

/** `Type: cron`, one space after the colon, as these lines always were. */
export function jobText(job: JobShape): string {
  const lines = [
    ['ID', job.id],
    ['Name', job.name],
    ['Type', TYPE_OF[job.schedule.kind as ScheduleSpec['kind']]],
    ['Schedule', `${job.schedule.expression} (${job.schedule.timezone})`],
    ['Command', job.handler],
    ['Status', job.state],
    ['Next run', job.next_run === null ? NONE : timeText(job.next_run)],
  ];
  const warnings = job.warnings.map((warning) => ['Warning', warning]);
  return [...lines, ...warnings].map(([name, value]) => `${name}: ${value}\n`).join('');
}

export function goingText(job: JobShape, purge: boolean): string {
  const history = `${plural(job.run_count, 'run')} of history ${purge ? 'go with it' : 'stay until retention'}`;
  return `${jobText(job)}This job would be deleted; ${history}. Nothing has changed: add --confirm to do it\n`;
}

export function deletedText(job: JobShape, purge: boolean): string {
  return `${job.name} is deleted; its history ${purge ? 'is gone' : 'stays until retention'}\n`;
}
