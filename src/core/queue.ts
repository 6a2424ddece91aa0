// A run that has ended in, what it tells the queues of its job out. Pure.

import type { EpochMs } from './clock.ts';
import type { Json, JsonObject } from './handler.ts';
import { isAdHoc, labelOf } from './job.ts';
import type { Run } from './run.ts';

export interface NewMessage {
  queue: string;
  body: Json;
  /** Of the run that it tells of. */
  runId: string | null;
  /** Not delivered earlier. */
  dueAt: EpochMs;
}

export interface QueueLimits {
  /** Deliveries after the first; what is not acknowledged then is a dead letter. */
  maxRetries: number;
  /** Messages that one queue holds, dead letters included. */
  maxSize: number;
}

export const DEFAULT_LIMITS: QueueLimits = { maxRetries: 3, maxSize: 10_000 };

const FAILED: readonly Run['state'][] = ['failed', 'timed_out', 'interrupted', 'cancelled'];

/**
 * A success to the result queue, a final failure to the error queue, in the words of the tool's documents. Nothing of a
 * run that is to be tried again, was skipped, or only tried dry.
 */
export function messageOf(run: Run): NewMessage | null {
  const { resultQueue, errorQueue } = run.snapshot.policy;
  if (run.snapshot.dryRun) return null;
  const failed = FAILED.includes(run.state);
  const queue = run.state === 'succeeded' ? resultQueue : failed ? errorQueue : null;
  if (queue === null) return null;
  const dueAt = run.endedAt ?? run.queuedAt;
  const common = {
    job_id: isAdHoc({ id: run.jobId }) ? labelOf(run.jobId) : run.jobId,
    agentool: run.snapshot.handler,
    timestamp: new Date(dueAt).toISOString(),
  };
  const body: JsonObject = failed
    ? { ...common, error: run.error?.message ?? run.state, status: 'error' }
    : { ...common, result: run.statistics ?? {}, status: 'success' };
  return { queue, body, runId: run.runId, dueAt };
}

/** What a run says where its queue did not take its message. */
export function refusedWarning(queue: string, { maxSize }: QueueLimits): string {
  return `queue ${queue} is full (${maxSize} messages, scheduler.queues.max_size): the message of this run was not put there, its result is kept here only`;
}
