// pause, resume: holds all jobs or one back, and says who else holds them.

import type { Command } from 'commander';
import type { SchedulerService } from '#service/service';
import { pauseShape } from '#service/shapes';
import { type IdOptions, optionalId, withJob } from '../arguments.ts';
import { examples, type Perform } from '../command.ts';
import { EXIT } from '../exit.ts';
import { type PauseShape, pausedText, resumedText } from '../render/pause.ts';
import type { Answer, Session } from '../session.ts';

interface PauseOptions extends IdOptions {
  reason?: string;
}

export function addPauseCommands(program: Command, perform: Perform): void {
  const pause = withJob(program.command('pause'), 'optional', 'only this job; else all')
    .description('start no more planned runs; what runs goes on, runs by hand stay allowed')
    .option('--reason <text>', 'why, for those who look later')
    .action((job: string | undefined, options: PauseOptions) =>
      perform((session) => pauseJobs(session, optionalId(job, options), options.reason ?? null)),
    );
  examples(pause, [
    ['aclarai-scheduler pause --reason "moving the vault"', 'all jobs'],
    ['aclarai-scheduler pause vault_sync', 'one job'],
  ]);
  const resume = withJob(program.command('resume'), 'optional', 'only this job; else the pause of all')
    .description('lift a pause, and say which sources still hold')
    .action((job: string | undefined, options: IdOptions) =>
      perform((session) => resumeJobs(session, optionalId(job, options))),
    );
  examples(resume, [
    ['aclarai-scheduler resume', 'all jobs; one that was paused by itself stays paused'],
    ['aclarai-scheduler resume vault_sync', 'one job'],
  ]);
}

async function pauseJobs(session: Session, job: string | undefined, reason: string | null): Promise<Answer> {
  const installation = await session.openToWrite();
  const { service } = installation;
  const target = job === undefined ? {} : { job };
  const done = await service.pause({ ...target, reason, until: null, by: session.by });
  const zone = installation.settings.scheduler.timezone;
  const global = (await service.pauses()).filter((pause) => pause.jobUid === null);
  const holders = done.job === null ? [] : (await service.find(done.job)).paused_by;
  const paused_by = done.job === null ? global.map((pause) => pauseShape(pause, zone)) : holders;
  const own = ownPlace(paused_by, session.by);
  const others = paused_by.filter((_, place) => place !== own);
  return {
    data: { ...done, paused_by },
    text: pausedText(done.job, others),
    exit: EXIT.ok,
  };
}

/** The pause that was made just now, among all that hold. */
function ownPlace(pauses: readonly PauseShape[], by: string): number {
  return pauses.findLastIndex((pause) => pause.source === 'api' && pause.who === by);
}

async function resumeJobs(session: Session, job: string | undefined): Promise<Answer> {
  const { service } = await session.openToWrite();
  await service.pauses();
  const done = await service.resume({ ...(job !== undefined && { job }), by: session.by });
  const alone = job === undefined ? await pausedByThemselves(service) : [];
  return { data: done, text: resumedText(done, alone), exit: EXIT.ok };
}

/** Resuming all leaves these as they are (rule 6). */
async function pausedByThemselves(service: SchedulerService): Promise<string[]> {
  return (await service.list({ state: 'paused' })).map((job) => job.id);
}
