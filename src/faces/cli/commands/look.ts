// list, next, status, history, why: questions that change nothing.

import type { Command } from 'commander';
import type { SchedulerService } from '#service/service';
import type { JobShape, RunShape } from '#service/shapes';
import type { StatusShape } from '#service/status';
import type { WhyShape } from '#service/why';
import { type IdOptions, optionalId, requiredId, wholeNumber, withJob } from '../arguments.ts';
import { examples, type Perform } from '../command.ts';
import { usageError } from '../exit.ts';
import { lastRuns } from '../last-runs.ts';
import { historyText } from '../render/history.ts';
import { listText, nextText } from '../render/jobs.ts';
import { statusText } from '../render/status.ts';
import { whyText } from '../render/why.ts';
import type { Answer, Session } from '../session.ts';
import { jobFilter, runStates } from '../words.ts';

export function addLookCommands(program: Command, perform: Perform): void {
  addList(program, perform);
  addNext(program, perform);
  addStatus(program, perform);
  addHistory(program, perform);
  addWhy(program, perform);
}

function addList(program: Command, perform: Perform): void {
  const command = program
    .command('list')
    .description('all jobs: state, schedule, next and last run')
    .option('--status <state>', 'only jobs in this state: active, paused, disabled, completed, …')
    .action((options: { status?: string }) => perform((session) => list(session, options.status)));
  examples(command, [
    ['aclarai-scheduler list', 'all jobs'],
    ['aclarai-scheduler list --status paused,disabled', 'those that do not run now'],
    ['aclarai-scheduler list --json', 'for programs'],
  ]);
}

async function list(session: Session, status: string | undefined): Promise<Answer> {
  const isShown = status === undefined ? () => true : jobFilter(status);
  const all = await session.ask<JobShape[]>('list_jobs');
  const last = await lastRuns(session, all);
  const jobs = all.filter((job) => isShown({ state: job.state, last: last.get(job.id)?.state ?? null }));
  return { data: jobs, text: listText(jobs, last, session.width) };
}

interface NextOptions extends IdOptions {
  count: number;
}

function addNext(program: Command, perform: Perform): void {
  const command = withJob(program.command('next'), 'optional', 'only this job')
    .description('the next planned runs, soonest first')
    .option('--count <n>', 'how many', wholeNumber('count', 1, 1000), 10)
    .action((job: string | undefined, options: NextOptions) =>
      perform((session) => next(session, optionalId(job, options), options.count)),
    );
  examples(command, [
    ['aclarai-scheduler next', 'the next ten of all jobs'],
    ['aclarai-scheduler next vault_sync --count 3', 'of one job'],
  ]);
}

async function next(session: Session, job: string | undefined, count: number): Promise<Answer> {
  const wish = { count, ...(job !== undefined && { job }) };
  const slots = await session.ask<Awaited<ReturnType<SchedulerService['next']>>>('next', wish);
  const { paused } = await session.ask<StatusShape>('status');
  return {
    data: slots,
    text: nextText(
      slots,
      paused.map((pause) => pause.who),
      session.width,
    ),
  };
}

function addStatus(program: Command, perform: Perform): void {
  const command = program
    .command('status')
    .description('is a service up, what is paused and by whom, what runs')
    .action(() => perform(status));
  examples(command, [
    ['aclarai-scheduler status', 'for people'],
    ['aclarai-scheduler status --json', 'for programs'],
  ]);
}

async function status(session: Session): Promise<Answer> {
  const shape = await session.ask<StatusShape>('status');
  const paused = await session.ask<JobShape[]>('list_jobs', { state: 'paused' });
  return { data: shape, text: statusText(shape, paused) };
}

interface HistoryOptions extends IdOptions {
  status?: string;
  limit: number;
}

function addHistory(program: Command, perform: Perform): void {
  const command = withJob(program.command('history'), 'optional', 'only this job')
    .description('what ran, was skipped or missed, newest first, with statistics or error')
    .option('--status <state>', 'only runs in this state: succeeded, failed, skipped, missed, running, …')
    .option('--limit <n>', 'how many', wholeNumber('limit', 1, 10_000), 20)
    .action((job: string | undefined, options: HistoryOptions) =>
      perform((session) => history(session, optionalId(job, options), options)),
    );
  examples(command, [
    ['aclarai-scheduler history', 'the last twenty rows of the ledger'],
    ['aclarai-scheduler history vault_sync --limit 5', 'of one job'],
    ['aclarai-scheduler history --status failed,timed_out', 'what went wrong'],
    ['aclarai-scheduler history --status error', 'the same and cancelled and interrupted runs'],
  ]);
}

async function history(
  session: Session,
  job: string | undefined,
  { status, limit }: HistoryOptions,
): Promise<Answer> {
  const states = status === undefined ? undefined : runStates(status);
  const wish = { limit, ...(job !== undefined && { job }), ...(states && { states }) };
  const runs = await session.ask<RunShape[]>('list_runs', wish);
  return { data: runs, text: historyText(runs, session.width) };
}

interface WhyOptions extends IdOptions {
  at?: string;
}

function addWhy(program: Command, perform: Perform): void {
  const command = withJob(program.command('why'), 'required', 'id or name of the job')
    .description('what became of a job at an instant, and what was before and after')
    .option('--at <time>', 'HH:MM of today, or ISO 8601; without an offset in the zone of the job')
    .action((job: string | undefined, options: WhyOptions) =>
      perform((session) => why(session, requiredId(job, options, 'job'), options.at)),
    );
  examples(command, [
    ['aclarai-scheduler why vault_sync --at 03:00', 'today'],
    ['aclarai-scheduler why vault_sync --at 2026-03-29T03:00', 'in the zone of the job'],
    ['aclarai-scheduler why vault_sync --at 2026-03-29T01:00:00Z', 'in UTC'],
  ]);
}

async function why(session: Session, job: string, at: string | undefined): Promise<Answer> {
  if (at === undefined) throw usageError('--at is missing', 'e.g. --at 03:00 or --at 2026-03-29T03:00');
  const shape = await session.ask<WhyShape>('why', { job, at });
  return { data: shape, text: whyText(shape) };
}
