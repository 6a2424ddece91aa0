// pause, resume: holds all jobs or one back, and says who else holds them.

import { type Command, Option } from 'commander';
import { sleep } from '#core/clock';
import type { ResumeShape } from '#service/pauses';
import type { JobShape, RunShape } from '#service/shapes';
import type { StatusShape } from '#service/status';
import { duration, type IdOptions, optionalId, withJob } from '../arguments.ts';
import { examples, type Perform } from '../command.ts';
import { EXIT } from '../exit.ts';
import { ProgressLine } from '../progress.ts';
import { type PauseShape, pausedText, resumedText } from '../render/pause.ts';
import type { Answer, Session } from '../session.ts';

/** Between two looks. */
const LOOK_MS = 200;

interface PauseOptions extends IdOptions {
  reason?: string;
  /** Milliseconds. */
  for?: number;
  wait?: boolean;
}

interface ResumeOptions extends IdOptions {
  catchUp?: 'latest';
}

export function addPauseCommands(program: Command, perform: Perform): void {
  const pause = withJob(program.command('pause'), 'optional', 'only this job; else all')
    .description('start no more planned runs; what runs goes on, runs by hand stay allowed')
    .option('--for <time>', 'lift it by itself after so long, e.g. 2h', duration('for'))
    .option('--reason <text>', 'why, for those who look later')
    .option('--wait', 'come back when nothing runs any more')
    .action((job: string | undefined, options: PauseOptions) =>
      perform((session) => pauseJobs(session, optionalId(job, options), options)),
    );
  examples(pause, [
    ['aclarai-scheduler pause --reason "moving the vault"', 'all jobs'],
    ['aclarai-scheduler pause --for 2h --wait', 'for two hours, and wait for what runs'],
    ['aclarai-scheduler pause vault_sync', 'one job'],
  ]);
  const resume = withJob(program.command('resume'), 'optional', 'only this job; else the pause of all')
    .description('lift a pause, and say which sources still hold')
    .addOption(
      new Option('--catch-up <which>', 'run the newest slot that passed meanwhile').choices(['latest']),
    )
    .action((job: string | undefined, options: ResumeOptions) =>
      perform((session) => resumeJobs(session, optionalId(job, options), options.catchUp === 'latest')),
    );
  examples(resume, [
    ['aclarai-scheduler resume', 'all jobs; one that was paused by itself stays paused'],
    ['aclarai-scheduler resume vault_sync', 'one job'],
    ['aclarai-scheduler resume vault_sync --catch-up latest', 'and run the newest slot it missed'],
  ]);
}

async function pauseJobs(session: Session, job: string | undefined, options: PauseOptions): Promise<Answer> {
  const { io } = session;
  const until =
    options.for === undefined ? {} : { until: new Date(io.clock.now() + options.for).toISOString() };
  const wish = { ...(job !== undefined && { job }), reason: options.reason ?? null, ...until };
  const done = await session.ask<{ paused: true; job: string | null }>('pause', wish);
  const paused_by = await holdersOf(session, done.job);
  const own = ownPlace(paused_by);
  const others = paused_by.filter((_, place) => place !== own);
  const text = pausedText(done.job, others, paused_by[own]?.until ?? null);
  if (!options.wait) return { data: { ...done, paused_by }, text, exit: EXIT.ok };
  const isQuiet = await waitUntilQuiet(session, done.job);
  return {
    data: { ...done, paused_by, running: !isQuiet },
    text: `${text}${isQuiet ? 'nothing runs any more' : 'not waited for: something still runs'}\n`,
    exit: isQuiet ? EXIT.ok : EXIT.failed,
  };
}

async function holdersOf(session: Session, job: string | null): Promise<readonly PauseShape[]> {
  if (job === null) return (await session.ask<StatusShape>('status')).paused;
  return (await session.ask<JobShape>('get_job', { job })).paused_by;
}

/** False when Ctrl-C comes first. What a service writes can only be looked at again. */
async function waitUntilQuiet(session: Session, job: string | null): Promise<boolean> {
  const { clock, stderr, signal } = session.io;
  const progress = new ProgressLine(stderr, clock, 'paused; waiting for what runs');
  progress.show({ done: 0, total: null, note: null });
  const wish = { ...(job !== null && { job }), states: ['running', 'stopping'], limit: 1 };
  try {
    while ((await session.ask<RunShape[]>('list_runs', wish)).length > 0)
      if (!(await sleep(clock, LOOK_MS, signal))) return false;
    return true;
  } finally {
    progress.clear();
  }
}

/** The pause that was made just now, among all that hold: of this source each target has one, and a job's own is the newest. */
function ownPlace(pauses: readonly PauseShape[]): number {
  return pauses.findLastIndex((pause) => pause.source === 'api');
}

async function resumeJobs(session: Session, job: string | undefined, catchUp: boolean): Promise<Answer> {
  const wish = { ...(job !== undefined && { job }), ...(catchUp && { catch_up: 'latest' }) };
  const done = await session.ask<ResumeShape>('resume', wish);
  const alone = job === undefined ? await pausedByThemselves(session) : [];
  return { data: done, text: resumedText(done, alone), exit: EXIT.ok };
}

/** Resuming all leaves these as they are (rule 6). */
async function pausedByThemselves(session: Session): Promise<string[]> {
  return (await session.ask<JobShape[]>('list_jobs', { state: 'paused' })).map((job) => job.id);
}
