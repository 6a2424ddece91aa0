// What settings or a schedule would do, as people read it. Pure.

import { formatNote } from '#service/host';
import type { ValidatedJob, ValidateShape } from '#service/validate';
import { fields, table } from '../table.ts';
import { plural, timeText, utcText } from '../text.ts';

export function settingsText(shape: ValidateShape, file: string, width: number): string {
  const head = `${file}: ok, ${plural(shape.jobs.length, 'job')}\n`;
  const jobs = shape.jobs.map((job) => `\n${job.id}\n${jobText(job, width)}`).join('');
  const warnings = shape.warnings.map((warning) => `warning: ${formatNote(warning)}\n`).join('');
  return head + jobs + (warnings === '' ? '' : `\n${warnings}`);
}

export function expressionText(job: ValidatedJob, width: number): string {
  return jobText(job, width);
}

function jobText(job: ValidatedJob, width: number): string {
  const costs = job.restart_costs;
  const head = fields([
    ['Type', job.type],
    ['Expression', job.expression],
    ['Meaning', job.sentence],
    ['Zone', job.timezone],
    ...(costs === null ? [] : [['10m restart', costs.sentence] as const]),
  ]);
  if (job.type === 'manual') return head;
  if (!job.enabled) return `${head}Next runs: none, it is not scheduled\n`;
  if (job.next.length === 0) return `${head}Next runs: none, it never fires again\n`;
  const isUtc = job.timezone === 'UTC';
  const slots = table<string>(
    [{ head: 'NEXT RUNS', cell: timeText }, ...(isUtc ? [] : [{ head: 'UTC', cell: utcText }])],
    job.next,
    width,
  );
  return `${head}${slots}`;
}
