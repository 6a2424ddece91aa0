// What settings or a schedule would do, as people read it. Pure.

import { formatNote } from '#service/host';
import type { ValidatedJob, ValidateShape } from '#service/validate';
import { fields, table } from '../table.ts';
import { NONE, plural, timeText, utcText } from '../text.ts';

export function settingsText(shape: ValidateShape, file: string, width: number): string {
  const head = `${file}: ok, ${plural(shape.jobs.length, 'job')}\n`;
  const warnings = shape.warnings.map((warning) => `warning: ${formatNote(warning)}\n`).join('');
  if (shape.jobs.length === 0) return head + warnings;
  const rows = table<ValidatedJob>(
    [
      { head: 'ID', cell: (job) => job.id ?? NONE },
      { head: 'TYPE', cell: (job) => job.type },
      { head: 'SCHEDULE', cell: (job) => job.expression, flexible: true },
      { head: 'NEXT RUN', cell: (job) => (job.enabled ? timeText(job.next[0] ?? null) : 'not scheduled') },
      { head: 'ZONE', cell: (job) => job.timezone },
      { head: 'MEANING', cell: (job) => job.sentence, flexible: true },
    ],
    shape.jobs,
    width,
  );
  return head + rows + warnings;
}

export function expressionText(job: ValidatedJob, width: number): string {
  const head = fields([
    ['Type', job.type],
    ['Expression', job.expression],
    ['Meaning', job.sentence],
    ['Zone', job.timezone],
  ]);
  if (job.type === 'manual') return head;
  if (job.next.length === 0) return `${head}Next runs: none, it never fires again\n`;
  const isUtc = job.timezone === 'UTC';
  const slots = table<string>(
    [{ head: 'NEXT RUNS', cell: timeText }, ...(isUtc ? [] : [{ head: 'UTC', cell: utcText }])],
    job.next,
    width,
  );
  return `${head}${slots}`;
}
