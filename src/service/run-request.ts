// May a run be started by hand, by call or at start, and as which row? (rules 4, 7, 16, 18.) Pure.

import { admit } from '#core/admit';
import type { EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { JsonObject } from '#core/handler';
import type { Run } from '#core/run';
import type { DueJob, EnqueueDecision, NewRun } from '#store/store';

export interface RunRequest {
  kind: 'manual' | 'startup';
  at: EpochMs;
  runId: string;
  by: string;
  /** Merged key by key over the job's own. */
  input?: JsonObject;
  /** Runs a disabled job, and beside a live run. */
  force?: boolean;
  dryRun?: boolean;
  /** Asks for the job's retries; else a hand-started run is tried once. */
  retry?: boolean;
  handlerKnown: boolean;
}

/** Refusals of a person's wish are errors and write no row; what the settings ask for at start is recorded instead. */
export function requestRun({ job, live, groupLive }: DueJob, request: RunRequest): EnqueueDecision {
  const row = rowOf({ job, live }, request);
  if (request.kind === 'startup') return { kind: 'enqueue', row: startupRow(row, live, request) };
  if (!request.handlerKnown) {
    throw new SchedulerError(
      'HANDLER_NOT_FOUND',
      `job ${job.id} has no handler ${job.handler}`,
      'put its code into a job directory, or correct `handler`',
    );
  }
  if (job.state !== 'active' && job.state !== 'completed' && !request.force) {
    throw new SchedulerError(
      'PRECONDITION_FAILED',
      `job ${job.id} is ${job.state}`,
      'run it all the same with --force',
    );
  }
  const answer = admit(job.policy, { live, groupLive });
  if (answer.kind === 'admit' || request.force) return { kind: 'enqueue', row };
  if (answer.kind === 'refuse') return { kind: 'refuse', because: answer.reason, inTheWay: answer.inTheWay };
  return {
    kind: 'enqueue',
    row: { ...row, holdsPlace: false },
    cancel: answer.cancel.map((runId) => ({ runId, by: row.runId })),
    end: answer.replaced.map((runId) => ({ runId, state: 'skipped', reason: 'superseded', error: null })),
  };
}

/** Where the job already has a run queued or live, the startup run is a skipped row (rule 18). */
function startupRow(row: NewRun, live: readonly Run[], request: RunRequest): NewRun {
  const inTheWay = live[0];
  if (inTheWay) return { ...row, state: 'skipped', reason: 'overlap', by: inTheWay.runId };
  return request.handlerKnown ? row : { ...row, state: 'skipped', reason: 'handler_missing' };
}

function rowOf({ job }: Pick<DueJob, 'job' | 'live'>, request: RunRequest): NewRun {
  const once = request.kind === 'manual' && !request.retry;
  return {
    runId: request.runId,
    kind: request.kind,
    state: 'queued',
    reason: null,
    slot: null,
    dueAt: request.at,
    covers: null,
    lateByMs: 0,
    input: { ...job.input, ...request.input },
    snapshot: {
      handler: job.handler,
      policy: once ? { ...job.policy, retries: 0 } : job.policy,
      dryRun: request.dryRun ?? false,
    },
    by: request.by,
  };
}

/** A queued run waits for a service: saying that it runs would be false. */
export function alreadyRunning(jobId: string, runId: string, inTheWay: Run | null): SchedulerError {
  const state = inTheWay?.state ?? 'running';
  const fix =
    state === 'queued'
      ? 'start the service, cancel it with cancel-run, or use --force'
      : 'wait for it, cancel it with cancel-run, or use --force';
  return new SchedulerError(
    'ALREADY_RUNNING',
    `job ${jobId} already has a run that is ${state}: ${runId}`,
    fix,
  );
}
