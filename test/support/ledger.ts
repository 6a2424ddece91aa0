// Jobs, rows and decisions for tests of the ledger: complete by default, each test names only what it is about.

import type { Clock, EpochMs } from '#core/clock';
import type { JobPolicy, StoredJob } from '#core/job';
import type { AttemptOutcome, Run } from '#core/run';
import type { DueJob, Effects, Ending, FireDecision, NewRun, Removal, Store, Verdict } from '#store/store';

/** 2025-01-06T00:00:00Z, a Monday. */
export const T0 = Date.UTC(2025, 0, 6);
export const MINUTE = 60_000;

export type NewJob = Effects['insert'][number];

/** A clock that stands still until it is set. Its timers never ring. */
export interface StillClock extends Clock {
  set(at: EpochMs): void;
}

export function stillClock(at: EpochMs = T0): StillClock {
  let current = at;
  return {
    now: () => current,
    monotonic: () => current,
    timer: () => () => {},
    set: (next) => {
      current = next;
    },
  };
}

export function aPolicy(over: Partial<JobPolicy> = {}): JobPolicy {
  return {
    priority: 100,
    group: null,
    maxInstances: 1,
    overlap: 'skip',
    coalesce: true,
    misfireGraceMs: 300_000,
    misfirePolicy: 'skip',
    catchupWindowMs: 86_400_000,
    catchupMax: 10,
    queueTimeoutMs: null,
    maxExecutions: null,
    timeoutMs: 3_600_000,
    retries: 3,
    retryDelayMs: 5_000,
    retryable: true,
    rerunOnInterrupt: true,
    circuitAfter: 10,
    circuitProbeMs: 900_000,
    circuitAction: 'skip',
    jitterMs: 0,
    isolation: 'inline',
    permissions: null,
    maxMemoryMb: null,
    runLog: 'all',
    trace: false,
    resultQueue: null,
    errorQueue: null,
    ...over,
  };
}

/** Every minute, first slot one minute after T0; its uid is `uid-<id>`. */
export function aJob(id: string, over: Partial<NewJob> = {}, policy: Partial<JobPolicy> = {}): NewJob {
  return {
    uid: `uid-${id}`,
    id,
    name: `Job ${id}`,
    description: null,
    handler: 'noop',
    input: {},
    source: 'config',
    origin: 'aclarai.config.yaml:1',
    owner: null,
    moduleId: null,
    enabled: true,
    manualOnly: false,
    runOnStart: false,
    schedule: { kind: 'every', every: '1m', timezone: 'UTC', anchor: T0 },
    policy: aPolicy(policy),
    warnings: [],
    configHash: 'hash-1',
    state: 'active',
    cursor: T0,
    nextSlot: T0 + MINUTE,
    nextDue: T0 + MINUTE,
    ledgerFrom: T0,
    createdAt: T0,
    ...over,
  };
}

export const noEffects: Effects = { insert: [], update: [], rows: [], end: [], changes: [] };

export async function effect(store: Store, effects: Partial<Effects>, at: EpochMs = T0): Promise<void> {
  await store.reconcile(at, { ids: [] }, () => ({ ...noEffects, ...effects }));
}

export async function addJobs(store: Store, ...insert: NewJob[]): Promise<void> {
  await effect(store, { insert });
}

export function aRemoval(uid: string, over: Partial<Removal> = {}): Removal {
  return { uid, purge: false, cancelRunning: false, by: 'test', ...over };
}

export async function jobNamed(store: Store, id: string): Promise<StoredJob> {
  const job = (await store.jobs()).find((each) => each.id === id);
  if (!job) throw new Error(`no job ${id}`);
  return job;
}

/** A queued run without a slot, asked for by hand. */
export function aRow(runId: string, over: Partial<NewRun> = {}, policy: Partial<JobPolicy> = {}): NewRun {
  return {
    runId,
    kind: 'manual',
    state: 'queued',
    reason: null,
    slot: null,
    dueAt: over.slot ?? T0,
    covers: null,
    lateByMs: 0,
    input: {},
    snapshot: { handler: 'noop', policy: aPolicy(policy), dryRun: false },
    by: 'test',
    ...over,
  };
}

/** A scheduled row of the job's next slot. */
export function aSlotRow(due: DueJob, over: Partial<NewRun> = {}): NewRun {
  const slot = due.job.nextSlot ?? T0;
  const { handler, policy } = due.job;
  return aRow(`${due.job.id}@${slot}`, {
    kind: 'scheduled',
    slot,
    dueAt: slot,
    by: null,
    snapshot: { handler, policy, dryRun: false },
    ...over,
  });
}

/** The pass of a job that goes on every minute: these rows, the cursor at its slot. */
export function aDecision(due: DueJob, rows: NewRun[], over: Partial<FireDecision> = {}): FireDecision {
  const slot = due.job.nextSlot ?? T0;
  return {
    rows,
    withdrawn: [],
    extended: null,
    gap: null,
    cursor: slot,
    nextSlot: slot + MINUTE,
    nextDue: slot + MINUTE,
    admitted: rows.filter((row) => row.state === 'queued').length,
    state: 'active',
    ...over,
  };
}

/** Admits the next slot. */
export function admitNext(due: DueJob): FireDecision {
  return aDecision(due, [aSlotRow(due)]);
}

export async function beginBoot(store: Store, bootId: string, startedAt: EpochMs = T0): Promise<string> {
  await store.beginBoot({ bootId, kind: 'service', pid: 4711, startedAt, version: '0.1.0' });
  return bootId;
}

export async function enqueue(store: Store, jobId: string, row: NewRun): Promise<Run> {
  const answer = await store.enqueue(jobId, () => ({ kind: 'enqueue', row }));
  if (answer.kind !== 'queued') throw new Error(`not queued: ${answer.kind}`);
  return answer.run;
}

export async function claim(
  store: Store,
  over: { at?: EpochMs; bootId?: string; places?: number; cap?: number; only?: string } = {},
): Promise<Run[]> {
  const claimed = await store.claim({ at: T0 + MINUTE, bootId: 'boot', places: 10, cap: 10, ...over });
  return claimed.map(({ run }) => run);
}

/** What verdict goes with how the attempt ended. */
const VERDICTS: Record<Exclude<AttemptOutcome, 'given_back'>, Verdict> = {
  succeeded: { kind: 'done', state: 'succeeded', reason: null },
  failed: { kind: 'done', state: 'failed', reason: null },
  timed_out: { kind: 'done', state: 'timed_out', reason: null },
  cancelled: { kind: 'done', state: 'cancelled', reason: null },
  interrupted: { kind: 'done', state: 'interrupted', reason: null },
  skipped: { kind: 'done', state: 'skipped', reason: 'by_handler' },
};

export function anEnding(run: Run, outcome: AttemptOutcome, over: Partial<Ending> = {}): Ending {
  const startedAt = run.startedAt ?? T0;
  const failed = outcome === 'failed' || outcome === 'timed_out' || outcome === 'interrupted';
  const error = failed ? { code: 'EXECUTION_ERROR', message: `${outcome} ${run.attempt}`, fix: null } : null;
  return {
    runId: run.runId,
    leaseToken: run.leaseToken ?? 'none',
    attempt: { n: run.attempt, startedAt, endedAt: startedAt + 1_000, outcome, error },
    verdict: outcome === 'given_back' ? { kind: 'given_back' } : VERDICTS[outcome],
    durationMs: 999.5,
    statistics: null,
    codeHash: null,
    ...over,
  };
}

export async function settle(
  store: Store,
  run: Run,
  outcome: AttemptOutcome,
  over: Partial<Ending> = {},
): Promise<'settled' | 'lost'> {
  const { answers } = await store.settle([anEnding(run, outcome, over)]);
  const [answer] = answers;
  if (!answer) throw new Error('no answer');
  return answer;
}

export async function runOf(store: Store, runId: string): Promise<Run> {
  const run = await store.run(runId);
  if (!run) throw new Error(`no run ${runId}`);
  return run;
}
