// How much memory a job may have, and what is said of one that takes more.

import { totalmem } from 'node:os';
import { SchedulerError } from '#core/errors';

/** Between two looks at the memory of a job that is at work. */
export const MEMORY_LOOK_MS = 250;
const MB = 1_048_576;
/** Of what the machine, or the container, has. */
const SHARE = 0.5;

/** `max_memory_mb`, else half of what there is: one job must not take the service with it. */
export function memoryLimitMb(maxMemoryMb: number | null): number {
  if (maxMemoryMb !== null) return maxMemoryMb;
  const constrained = process.constrainedMemory();
  const bytes = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.floor((bytes * SHARE) / MB);
}

export function overMemory(kind: 'thread' | 'process', limitMb: number): SchedulerError {
  return new SchedulerError(
    'EXECUTION_ERROR',
    `the job's ${kind} ran out of memory (max_memory_mb: ${limitMb})`,
    'keep less at once, or raise max_memory_mb',
  );
}
