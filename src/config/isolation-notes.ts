// What a user should know of jobs that run inside the service, or not as shut in as it looks. Pure.

import type { Note, Settings } from './settings.ts';

/** `canBeEnded` = handlers of ours that end whatever they run. */
export function isolationNotes(settings: Settings, canBeEnded: (handler: string) => boolean): Note[] {
  return [...inlineNotes(settings, canBeEnded), ...grantNotes(settings)];
}

/** Code that runs inside the service's own thread cannot be ended: said at validation (rule 8). */
function inlineNotes(settings: Settings, canBeEnded: (handler: string) => boolean): Note[] {
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

/** A thread is held to none of its grants but variables: said where somebody counts on them. */
function grantNotes(settings: Settings): Note[] {
  const counted = settings.jobs.filter(({ policy: { isolation, permissions } }) => {
    if (permissions === null || isolation === 'process') return false;
    const { read, write, net, child, env } = permissions;
    const isOfProcess = read.length > 0 || write.length > 0 || net || child;
    return isOfProcess || (isolation === 'inline' && env.length > 0);
  });
  return counted.map(({ id, policy }) => ({
    file: settings.file,
    line: null,
    column: null,
    path: `scheduler.jobs.${id}.permissions`,
    code: 'PERMISSIONS',
    message: `hold only with isolation: process; with ${policy.isolation} the job may touch what the service may`,
    fix: 'isolation: process',
  }));
}
