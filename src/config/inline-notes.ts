// What a user should know of jobs that run inside the service. Pure.

import type { Note, Settings } from './settings.ts';

/** Code that runs inside the service's own thread cannot be ended: said at validation (rule 8). */
export function inlineNotes(settings: Settings, canBeEnded: (handler: string) => boolean): Note[] {
  const inline = settings.jobs.filter(
    (job) => job.enabled && job.policy.isolation === 'inline' && !canBeEnded(job.handler),
  );
  if (inline.length === 0) return [];
  const message = `${inline.map((job) => job.id).join(', ')}: run inside the service: code that blocks stops the scheduler meanwhile, and cannot be ended at its time limit`;
  const fix = 'isolation: thread, or write async code that looks at ctx.signal';
  return [
    { file: settings.file, line: null, column: null, path: 'scheduler.jobs', code: 'INLINE', message, fix },
  ];
}
