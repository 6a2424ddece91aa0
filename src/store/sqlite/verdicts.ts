// What a row and its job become when an attempt or a wait ends. Pure; the writing is in endings.ts.

import type { EpochMs } from '#core/clock';
import type { ErrorRecord } from '#core/errors';
import type { Json, JsonObject } from '#core/handler';
import type { Circuit, StoredJob } from '#core/job';
import { HAND_STARTED, isFinal, type Reason, type Run, withChanges } from '#core/run';
import type { Ending, RunEnd } from '../store.ts';

/** A held run after its attempt; `job` where there may be another one. A retry or a giving back that somebody asked to cancel in between ends cancelled. */
export function afterAttempt(
  run: Run,
  ending: Ending,
  job: Pick<StoredJob, 'state' | 'deletedAt'> | null,
): Run {
  const { attempt, verdict } = ending;
  const tried: Partial<Run> = {
    attempts: [...run.attempts, attempt],
    durationMs: ending.durationMs,
    statistics: ending.statistics,
    codeHash: ending.codeHash ?? run.codeHash,
    leaseToken: null,
  };
  const end = (to: Pick<Run, 'state' | 'reason'>) => ended(run, tried, to, attempt.error, attempt.endedAt);
  if (verdict.kind === 'done') return end(verdict);
  if (run.cancelRequested) return end({ state: 'cancelled', reason: null });
  const off = job && switchedOff(job);
  // Of a job that is switched off what a hand started goes on; a deleted one starts nothing more.
  if (off === 'deleted' || (off && !HAND_STARTED.includes(run.kind)))
    return end({ state: verdict.kind === 'retry' ? 'failed' : 'interrupted', reason: off });
  const waiting = withChanges(run, { ...tried, state: 'queued', bootId: null });
  if (verdict.kind === 'given_back') {
    const back = { notBefore: null, holdsPlace: true, attempt: run.attempt - 1 };
    return withChanges(waiting, { ...back, expiresAt: waitsUntil(run, attempt.endedAt) });
  }
  const { notBefore } = verdict;
  // The place of a line stays its own until its last run has ended.
  const holdsPlace = run.line !== null && run.holdsPlace;
  const expiresAt = waitsUntil(run, notBefore);
  return withChanges(waiting, { notBefore, holdsPlace, expiresAt, error: attempt.error });
}

/** Why a job starts no further attempt of its own (rules 14, 15); null = it does. */
function switchedOff(job: Pick<StoredJob, 'state' | 'deletedAt'>): Reason | null {
  if (job.deletedAt !== null) return 'deleted';
  return job.state === 'disabled' || job.state === 'orphaned' ? job.state : null;
}

/** Rule 1: a wait is bounded from when it begins. */
export function waitsUntil(run: Pick<Run, 'maxWaitMs'>, from: EpochMs): EpochMs | null {
  return run.maxWaitMs === null ? null : from + run.maxWaitMs;
}

/** A queued run that will not start any more. */
export function afterWait(
  run: Run,
  end: Omit<RunEnd, 'runId' | 'reason'> & Pick<Run, 'reason'>,
  at: EpochMs,
): Run {
  return ended(run, { notBefore: null }, end, end.error, at);
}

function ended(
  run: Run,
  tried: Partial<Run>,
  { state, reason }: Pick<Run, 'state' | 'reason'>,
  error: ErrorRecord | null,
  at: EpochMs,
): Run {
  const isFault = state !== 'succeeded' && state !== 'skipped';
  return withChanges(run, {
    ...tried,
    state,
    reason,
    endedAt: at,
    holdsPlace: false,
    expiresAt: null,
    error: isFault ? (error ?? run.error) : error,
    success: state === 'succeeded' ? true : isFault && hasStarted(run) ? false : null,
  });
}

/** What a run that has just ended adds to its job; null = leave as it is. */
export interface Tally {
  succeeded: 0 | 1;
  failed: 0 | 1;
  /** An admission that never started is given back (rule 19). */
  unadmitted: 0 | 1;
  lastError: ErrorRecord | null;
  lastSuccess: StoredJob['lastSuccess'];
}

/** Null while the run goes on. A dry run counts, but is no success that a later run could build on. */
export function tallyOf(run: Run): Tally | null {
  if (!isFinal(run.state)) return null;
  const hasSucceeded = run.state === 'succeeded';
  const hasFailed = run.state === 'failed' || run.state === 'timed_out';
  const wasAdmitted = run.kind === 'scheduled' || run.kind === 'catchup';
  return {
    succeeded: hasSucceeded ? 1 : 0,
    failed: hasFailed ? 1 : 0,
    unadmitted: wasAdmitted && !hasStarted(run) ? 1 : 0,
    lastError: hasFailed || run.state === 'interrupted' ? run.error : null,
    lastSuccess: hasSucceeded && !run.snapshot.dryRun ? successOf(run) : null,
  };
}

/** `ctx.state` is kept with the success it belongs to, and only then. */
export function stateToKeep(run: Run, ending: Ending): Json | undefined {
  return run.state === 'succeeded' && !run.snapshot.dryRun ? ending.handlerState : undefined;
}

function successOf(run: Run): StoredJob['lastSuccess'] {
  return {
    slot: run.slot,
    endedAt: run.endedAt ?? run.queuedAt,
    result: run.statistics ?? ({} as JsonObject),
  };
}

/** The first start gives a run its name; a start that was given back was one too. */
function hasStarted(run: Run): boolean {
  return run.name !== null;
}

/** What an ending does to the circuit of its job (rule 22). */
export interface CircuitTurn {
  failStreak: number;
  circuit: Circuit | null;
  /** Why the job is paused instead of its circuit opened; null = it is not. */
  pauseBecause: string | null;
}

/** Null = nothing changes: skips, cancels, interrupts and failures of runs started otherwise do not count. */
export function circuitTurn(
  job: Pick<StoredJob, 'policy' | 'failStreak' | 'circuit'>,
  run: Run,
): CircuitTurn | null {
  const { circuitAfter, circuitAction, circuitProbeMs } = job.policy;
  if (run.state === 'succeeded') return { failStreak: 0, circuit: null, pauseBecause: null };
  if (run.state !== 'failed' && run.state !== 'timed_out') return null;
  if (run.kind !== 'scheduled' && run.kind !== 'catchup') return null;
  const failStreak = job.failStreak + 1;
  if (circuitAfter === 0) return { failStreak, circuit: null, pauseBecause: null };
  const probeFrom = Math.max(job.circuit?.probeFrom ?? 0, (run.slot ?? run.dueAt) + circuitProbeMs);
  if (job.circuit) return { failStreak, circuit: { ...job.circuit, probeFrom }, pauseBecause: null };
  if (failStreak < circuitAfter) return { failStreak, circuit: null, pauseBecause: null };
  if (circuitAction === 'skip')
    return { failStreak, circuit: { openedAt: run.endedAt ?? run.queuedAt, probeFrom }, pauseBecause: null };
  const last = run.error ? `: ${run.error.message}` : '';
  const pauseBecause = `${failStreak} runs in a row have failed, the last one ${run.runId}${last}`;
  // Resumed by hand it has as many tries again.
  return { failStreak: 0, circuit: null, pauseBecause };
}
