// pause, resume: holds all jobs or one back, and says who else holds them.

import { type Command, Option } from 'commander';
import type { SchedulerService } from '#service/service';
import { pauseShape } from '#service/shapes';
import { duration, type IdOptions, optionalId, withJob } from '../arguments.ts';
import { examples, type Perform } from '../command.ts';
import { EXIT } from '../exit.ts';
import { ProgressLine } from '../progress.ts';
import { type PauseShape, pausedText, resumedText } from '../render/pause.ts';
import type { Answer, Session } from '../session.ts';

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
  const { io, by } = session;
  const installation = await session.openToWrite();
  const { service } = installation;
  const target = job === undefined ? {} : { job };
  const until = options.for === undefined ? null : io.clock.now() + options.for;
  const done = await service.pause({ ...target, reason: options.reason ?? null, until, by });
  const zone = installation.settings.scheduler.timezone;
  const global = (await service.pauses()).filter((pause) => pause.jobUid === null);
  const holders = done.job === null ? [] : (await service.find(done.job)).paused_by;
  const paused_by = done.job === null ? global.map((pause) => pauseShape(pause, zone)) : holders;
  const own = ownPlace(paused_by, session.by);
  const others = paused_by.filter((_, place) => place !== own);
  const text = pausedText(done.job, others, paused_by[own]?.until ?? null);
  if (!options.wait) return { data: { ...done, paused_by }, text, exit: EXIT.ok };
  const isQuiet = await waitUntilQuiet(session, service, done.job);
  return {
    data: { ...done, paused_by, running: !isQuiet },
    text: `${text}${isQuiet ? 'nothing runs any more' : 'not waited for: something still runs'}\n`,
    exit: isQuiet ? EXIT.ok : EXIT.failed,
  };
}

async function waitUntilQuiet(
  session: Session,
  service: SchedulerService,
  job: string | null,
): Promise<boolean> {
  const { io } = session;
  const progress = new ProgressLine(io.stderr, io.clock, 'paused; waiting for what runs');
  progress.show({ done: 0, total: null, note: null });
  return await service.untilNothingRuns(job, io.signal).finally(() => progress.clear());
}

/** The pause that was made just now, among all that hold. */
function ownPlace(pauses: readonly PauseShape[], by: string): number {
  return pauses.findLastIndex((pause) => pause.source === 'api' && pause.who === by);
}

async function resumeJobs(session: Session, job: string | undefined, catchUp: boolean): Promise<Answer> {
  const { service } = await session.openToWrite();
  await service.pauses();
  const done = await service.resume({ ...(job !== undefined && { job }), by: session.by, catchUp });
  const alone = job === undefined ? await pausedByThemselves(service) : [];
  return { data: done, text: resumedText(done, alone), exit: EXIT.ok };
}

/** Resuming all leaves these as they are (rule 6). */
async function pausedByThemselves(service: SchedulerService): Promise<string[]> {
  return (await service.list({ state: 'paused' })).map((job) => job.id);
}
