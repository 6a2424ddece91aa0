// May a run be started by hand, by call, at start or because the vault changed, and as which row? (rules 4, 7, 16, 18.) Pure.

import { admit } from '#core/admit';
import type { EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { JsonObject } from '#core/handler';
import type { StoredJob } from '#core/job';
import { idempotencyKey, isFinal, type Reason, type Run } from '#core/run';
import { leaveForAnother } from '#engine/waiting';
import type { DueJob, EnqueueDecision, NewRun } from '#store/store';

/** Of somebody who tries out a handler. */
export interface Rehearsal {
  /** In the service's own thread: a debugger stops there. */
  inline?: boolean;
  /** What the handler is told: as if it ran for this slot, as this attempt. The row stays a run by hand. */
  slot?: EpochMs;
  attempt?: number;
}

export interface RunRequest extends Rehearsal {
  kind: 'manual' | 'adhoc' | 'startup' | 'watch';
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

type Rivals = Pick<DueJob, 'job' | 'live' | 'groupLive'>;

/** Refusals of a person's wish are errors and write no row; what the settings ask for at start is recorded instead. */
export function requestRun({ job, live, groupLive }: DueJob, request: RunRequest): EnqueueDecision {
  const row = rowOf({ job }, request);
  if (request.kind === 'startup') return startup({ job, live, groupLive }, row, request);
  refuseToRun(job, request);
  // Changes that come during a run are looked at after it, whatever the job does with its slots.
  const rival =
    request.kind === 'watch' ? { ...job, policy: { ...job.policy, overlap: 'queue_one' as const } } : job;
  return place({ job: rival, live, groupLive }, row, request.force ?? false);
}

/** Repeats a run under the definition that it kept (rule 18). */
export function requestRerun(
  { job, live, groupLive }: DueJob,
  run: Run,
  request: Pick<RunRequest, 'at' | 'runId' | 'by' | 'force' | 'retry' | 'handlerKnown'>,
): EnqueueDecision {
  if (job.uid !== run.jobUid)
    throw new SchedulerError(
      'JOB_NOT_FOUND',
      `the job ${run.jobId} of run ${run.runId} was deleted; the one of that id now is another`,
      `run the new one: aclarai-scheduler run ${run.jobId}`,
    );
  if (!isFinal(run.state))
    throw new SchedulerError('PRECONDITION_FAILED', `run ${run.runId} is ${run.state}`, 'wait for its end');
  if (run.name === null && (run.state === 'skipped' || run.state === 'missed'))
    throw new SchedulerError(
      'PRECONDITION_FAILED',
      `run ${run.runId} is ${run.state} and never started`,
      'slots that never ran are made up for with backfill',
    );
  refuseToRun({ ...job, handler: run.snapshot.handler }, request);
  const { input, configHash } = run;
  const policy = request.retry ? run.snapshot.policy : { ...run.snapshot.policy, retries: 0 };
  const row = rowOf({ job }, { ...request, kind: 'manual' });
  const repeated = {
    ...row,
    input,
    snapshot: { ...run.snapshot, policy },
    configHash,
    key: idempotencyKey(run),
  };
  return place({ job, live, groupLive }, repeated, request.force ?? false);
}

/** Throws HANDLER_NOT_FOUND, and without `force` PRECONDITION_FAILED for a job that is off (rule 16). */
export function refuseToRun(
  job: Pick<StoredJob, 'id' | 'handler' | 'state'>,
  request: Pick<RunRequest, 'handlerKnown' | 'force'>,
): void {
  if (!request.handlerKnown)
    throw new SchedulerError(
      'HANDLER_NOT_FOUND',
      `job ${job.id} has no handler ${job.handler}`,
      'put its code into a job directory, or correct `handler`',
    );
  if (job.state !== 'active' && job.state !== 'completed' && !request.force)
    throw new SchedulerError(
      'PRECONDITION_FAILED',
      `job ${job.id} is ${job.state}`,
      'run it all the same with --force',
    );
}

/** One admission for all starts (rule 4); `force` needs no place. */
function place({ job, live, groupLive }: Rivals, row: NewRun, force: boolean): EnqueueDecision {
  const answer = admit(job.policy, { live, groupLive });
  if (answer.kind === 'admit' || force) return { kind: 'enqueue', row };
  if (answer.kind === 'refuse') return { kind: 'refuse', because: answer.reason, inTheWay: answer.inTheWay };
  return {
    kind: 'enqueue',
    row: { ...row, holdsPlace: false },
    cancel: answer.cancel.map((runId) => ({ runId, by: row.runId })),
    end: leaveForAnother(answer.replaced, { live, groupLive }),
  };
}

/** Where the job already has a run queued or live, or has no place, the startup run is a skipped row (rules 4, 18). */
function startup(rivals: Rivals, row: NewRun, request: RunRequest): EnqueueDecision {
  const skipped = (reason: Reason, by: string | null): EnqueueDecision => ({
    kind: 'enqueue',
    row: { ...row, state: 'skipped', reason, by },
  });
  const inTheWay = rivals.live[0];
  if (inTheWay) return skipped('overlap', inTheWay.runId);
  if (!request.handlerKnown) return skipped('handler_missing', row.by);
  const answer = place(rivals, row, false);
  return answer.kind === 'refuse' ? skipped(answer.because, answer.inTheWay) : answer;
}

function rowOf({ job }: Pick<DueJob, 'job'>, request: RunRequest): NewRun {
  const once = request.kind !== 'startup' && request.kind !== 'watch' && !request.retry;
  const { slot = null, attempt = 1, inline } = request;
  const policy = {
    ...job.policy,
    ...(once && { retries: 0 }),
    ...(inline && { isolation: 'inline' as const }),
  };
  const isTold = slot !== null || attempt > 1;
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
      policy: once || inline ? policy : job.policy,
      dryRun: request.dryRun ?? false,
      ...(isTold && { as: { slot, attempt } }),
    },
    by: request.by,
    ...(slot !== null && { key: idempotencyKey({ jobId: job.id, slot, runId: request.runId, key: null }) }),
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
