// One attempt of a job by the service's own pipeline, without a service: input in, outcome and all that it left out.

import { randomUUIDv7 } from 'node:crypto';
import path from 'node:path';
import type { ZodType, z } from 'zod';
import type { Settings } from '#config/settings';
import type { EpochMs } from '#core/clock';
import type { ErrorRecord } from '#core/errors';
import type { Handler, Json, JsonObject, LastSuccess } from '#core/handler';
import { NEVER_RAN, type StoredJob } from '#core/job';
import type { AttemptOutcome, Run } from '#core/run';
import { anchored } from '#engine/reconcile';
import type { Progress } from '#runs/context';
import { type ExecuteParts, execute, type Stopper, stop } from '#runs/execute';
import { buildSchedule } from '#schedule/parse';
import { referenceSources } from '#service/reference-sources';
import { handlerOf, type JobUnderTest } from './handler.ts';
import { makePlace, settingsOf } from './installation.ts';
import { keptLog, type LogLine, NO_RUN_LOGS } from './kept-log.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';
import { Callers, type SetTimer } from './waiting.ts';

export interface RunJobOptions<Input = unknown> {
  /** Over the defaults of the job's own `defaults`. */
  input?: Input;
  /** ISO 8601 with offset, or epoch milliseconds; null, the default = a run by hand. The clock stands there. */
  slot?: string | EpochMs | null;
  /** 1 unless given. */
  attempt?: number;
  /** `ctx.state` of the last successful run. */
  state?: Json;
  /** Aborting it is a cancel. */
  signal?: AbortSignal;
  dryRun?: boolean;
  lastSuccess?: LastSuccess | null;
  paused?: boolean;
  /** Keys of the job's YAML entry, such as `{ timeout: '10s' }`. */
  entry?: JsonObject;
  /** Sections of the settings file, such as `{ paths: { vault: '/some/vault' } }`. */
  settings?: JsonObject;
  /** Answers `ctx.call`; else each call answers null. */
  call?(operation: string, input: JsonObject): Json | Promise<Json>;
  /** `ctx.stateDir` is the folder `job` in it, and stays; else it is gone afterwards. */
  stateRoot?: string;
}

export interface JobRun {
  outcome: Exclude<AttemptOutcome, 'given_back' | 'interrupted'>;
  /** The statistics, as the ledger would keep them: through JSON. Null where the job threw or was stopped. */
  result: JsonObject | null;
  error: ErrorRecord | null;
  /** Milliseconds until the next attempt (rule 7); null = there is none. */
  retryIn: number | null;
  logs: LogLine[];
  progress: Progress[];
  /** As the next run would get it: replaced by a success only. */
  state: Json;
}

const JOB = 'job';
/** Where no slot is given. */
const STANDS_AT = Date.UTC(2026, 0, 5);

/**
 * Calls the job once, as the service calls it: input through its schema, time limit, `success`, skip, retry, and all
 * that crosses a border through JSON. Time is the test's: it stands still but for `ctx.sleep`, which takes no time at
 * all. What the job does elsewhere (files, network) is real. Never rejects for what the job does.
 */
export async function runJob<Schema extends ZodType = ZodType>(
  job: JobUnderTest<Schema>,
  options: RunJobOptions<z.input<Schema>> = {},
): Promise<JobRun> {
  const handler = handlerOf(job, JOB);
  const place = await makePlace();
  try {
    // Its input is checked when it runs, as an override by hand would be.
    const lookup = (name: string) => (name === JOB ? { ...handler.info, input: null } : undefined);
    const settings = await settingsOf(place, options.settings ?? {}, { [JOB]: entryOf(options) }, lookup);
    return await attempt(handler, settings, options);
  } finally {
    await place.remove();
  }
}

function entryOf({ entry }: RunJobOptions): JsonObject {
  return { enabled: true, ...entry };
}

async function attempt(handler: Handler, settings: Settings, options: RunJobOptions): Promise<JobRun> {
  const slot = typeof options.slot === 'string' ? Date.parse(options.slot) : (options.slot ?? null);
  const time = createManualClock(slot ?? STANDS_AT);
  const job = jobOf(settings, options, time.now());
  const run = runOf(job, options, slot, time.now());
  const stopper: Stopper = { controller: new AbortController(), cause: null, call: null };
  const logs: LogLine[] = [];
  const progress: Progress[] = [];
  const callers = new Callers();
  const parts: ExecuteParts = {
    clock: callers.counting(time, passingTime(time)),
    log: keptLog(logs),
    runLogs: NO_RUN_LOGS,
    jobStateRoot: options.stateRoot ?? path.join(settings.stateDir, 'jobs'),
    loadHandler: async () => ({
      ...handler,
      call: (ctx) => callers.call({ timers: 0 }, () => handler.call(ctx)),
    }),
    // As the settings allow; of the store there is nothing.
    references: referenceSources({ key: async () => null }, () => settings),
    startIsolated: () => {
      throw new Error('job code under test runs in the thread of the test');
    },
    config: () => settings.app,
    handlerHost: () => ({
      environment: {},
      projectDir: settings.projectDir,
      exec: settings.scheduler.exec,
      http: settings.scheduler.http,
      children: { onBegun: async () => {}, onGone: async () => {} },
    }),
    scheduleOf: buildSchedule,
    paused: () => options.paused ?? false,
    call: async (operation, input) =>
      throughJson((await options.call?.(operation, throughJson(input))) ?? null),
    onProgress: (_run, step) => progress.push(step),
    random: () => 0.5,
  };
  const onAbort = () => stop(stopper, 'cancel');
  if (options.signal?.aborted) onAbort();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const ending = await execute(run, job, stopper, parts);
  options.signal?.removeEventListener('abort', onAbort);
  return {
    outcome: ending.attempt.outcome as JobRun['outcome'],
    result: ending.statistics,
    error: ending.attempt.error,
    retryIn: ending.verdict.kind === 'retry' ? ending.verdict.notBefore - ending.attempt.endedAt : null,
    logs,
    progress,
    state: ending.handlerState === undefined ? job.handlerState : ending.handlerState,
  };
}

/** What job code waits for is over as soon as it waits, with all that falls due on the way: its time limit, too. */
function passingTime(time: ManualClock): (timer: SetTimer) => void {
  let passing = Promise.resolve();
  return ({ delayMs, isOfJob, isSet }) => {
    if (!isOfJob) return;
    const due = time.monotonic() + delayMs;
    passing = passing.then(async () => {
      if (isSet()) await time.advance(due - time.monotonic());
    });
  };
}

function jobOf(settings: Settings, options: RunJobOptions, now: EpochMs): StoredJob {
  const spec = settings.jobs.find(({ id }) => id === JOB)!;
  return {
    ...NEVER_RAN,
    ...spec,
    uid: JOB,
    schedule: anchored(spec.schedule, now),
    state: 'active',
    ...{ cursor: now, nextSlot: null, nextDue: null, ledgerFrom: now, auditedTo: now },
    ...{ createdAt: now, updatedAt: now },
    lastSuccess: options.lastSuccess ?? null,
    handlerState: throughJson(options.state ?? null),
  };
}

function runOf(job: StoredJob, options: RunJobOptions, slot: EpochMs | null, now: EpochMs): Run {
  const n = options.attempt ?? 1;
  return {
    ...{ runId: randomUUIDv7(), name: null, jobUid: job.uid, jobId: job.id, jobName: job.name },
    ...{ kind: slot === null ? 'manual' : 'scheduled', state: 'running', reason: null },
    ...{ slot, dueAt: slot ?? now, notBefore: null, covers: null, lateByMs: 0 },
    ...{ attempt: n, attempts: [], queuedAt: now, startedAt: now, endedAt: null, durationMs: null },
    input: throughJson({ ...job.input, ...(options.input as JsonObject | undefined) }),
    ...{ configHash: job.configHash, codeHash: null },
    snapshot: {
      handler: job.handler,
      policy: { ...job.policy, isolation: 'inline' },
      dryRun: options.dryRun ?? false,
    },
    ...{ success: null, statistics: null, warnings: [], error: null, by: 'test' },
    ...{ bootId: null, leaseToken: null },
    ...{ holdsPlace: true, line: null, group: null, maxWaitMs: null, expiresAt: null, key: null },
    ...{ priority: job.policy.priority, cancelRequested: false, cancelledBy: null },
  };
}

/** As it crosses the border of a thread or comes back from the ledger. */
function throughJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
