// rerun, backfill: what has run is repeated, what was missed or skipped is made up for.

import type { Command } from 'commander';
import type { BackfillShape, RunShape } from '#service/shapes';
import { readStretch } from '#service/stretch';
import { type IdOptions, requiredId, withJob } from '../arguments.ts';
import { examples, type Perform } from '../command.ts';
import { EXIT, usageError } from '../exit.ts';
import { followed } from '../follow.ts';
import { ProgressLine } from '../progress.ts';
import { backfilledText, hasFailed, isOver, outcomeText, queuedText } from '../render/outcome.ts';
import type { Answer, Session } from '../session.ts';

interface RerunOptions extends IdOptions {
  wait?: boolean;
  force?: boolean;
  retry?: boolean;
}

interface BackfillOptions extends IdOptions {
  from?: string;
  to?: string;
  dryRun?: boolean;
  wait?: boolean;
  force?: boolean;
}

export function addAgainCommands(program: Command, perform: Perform): void {
  const rerun = program
    .command('rerun')
    .argument('[run]', 'id of a run that has ended')
    .usage('<run> [options]')
    .option('--id <run>', 'the same as the run in its place')
    .option('--wait', 'where a service runs it: wait for the end')
    .option('--force', 'also where the job is disabled or already running')
    .option('--retry', 'try again after a failure, as `retries` of the job says')
    .description('repeat a run with the input and config that it had, under the same key')
    .action((run: string | undefined, options: RerunOptions) =>
      perform((session) => rerunRun(session, requiredId(run, options, 'run'), options)),
    );
  examples(rerun, [['aclarai-scheduler rerun 0199aa30-7c5e-7d2e-b1de-3f2c1d0a9b11', 'once more']]);
  const backfill = withJob(program.command('backfill'), 'required', 'id or name of the job')
    .description('run the slots of a stretch of time that were missed or skipped, oldest first')
    .option('--from <time>', 'the first instant, e.g. 2026-03-28T00:00')
    .option('--to <time>', 'the last instant; else now')
    .option('--dry-run', 'only say which slots would run')
    .option('--wait', 'where a service runs them: wait for the last end')
    .option('--force', 'also where the job is disabled or already running')
    .action((job: string | undefined, options: BackfillOptions) =>
      perform((session) => backfillJob(session, requiredId(job, options, 'job'), options)),
    );
  examples(backfill, [
    ['aclarai-scheduler backfill report --from 2026-03-28 --to 2026-03-30 --dry-run', 'which slots'],
    ['aclarai-scheduler backfill report --from 2026-03-28 --to 2026-03-30', 'run them'],
  ]);
}

async function rerunRun(session: Session, runId: string, options: RerunOptions): Promise<Answer> {
  const { io, by } = session;
  const progress = new ProgressLine(io.stderr, io.clock, 'running');
  const remote = async () => {
    const { force, retry } = flags(options);
    const queued = await session.ask<RunShape>('rerun', { run: runId, force, retry });
    return { run: options.wait ? (await followed(session, [queued]))[0]! : queued, where: 'service' };
  };
  const here = async () => {
    const onProgress = (step: Parameters<ProgressLine['show']>[0]) => progress.show(step);
    const wish = { ...flags(options), by, signal: io.signal, onProgress };
    return await (await session.open()).rerun(runId, wish);
  };
  const { run, where } = await ((await session.remote()) ? remote() : here()).finally(() => progress.clear());
  if (where === 'service' && !options.wait) return { data: run, text: queuedText(run) };
  return { data: run, text: outcomeText(run), exit: hasFailed(run) || !isOver(run) ? EXIT.failed : EXIT.ok };
}

async function backfillJob(session: Session, job: string, options: BackfillOptions): Promise<Answer> {
  const { io } = session;
  const { from, to, dryRun, wait } = options;
  if (from === undefined) throw usageError('--from is missing', 'e.g. --from 2026-03-28T00:00');
  const stretch = { from, ...(to !== undefined && { to }) };
  const force = options.force === true;
  if (dryRun || (await session.remote())) {
    const shape = await session.ask<BackfillShape>('backfill', {
      job,
      ...stretch,
      force,
      dry_run: dryRun === true,
    });
    if (dryRun || !wait) return { data: shape, text: backfilledText(shape) };
    const runs = await followed(session, shape.runs);
    return filledAnswer({ ...shape, runs }, true);
  }
  const installation = await session.open();
  const { schedule, id, name } = await installation.service.find(job);
  const span = readStretch(stretch, schedule.timezone, io.clock.now());
  const progress = new ProgressLine(io.stderr, io.clock, `${id}: running`);
  const onProgress = (step: Parameters<ProgressLine['show']>[0]) => progress.show(step);
  const { runs, where } = await installation
    .backfill(id, span, { ...flags(options), by: session.by, signal: io.signal, onProgress })
    .finally(() => progress.clear());
  const slots = runs.flatMap((run) => run.slot ?? []);
  const shape = { job: id, job_name: name, dry_run: false, slots, runs };
  return filledAnswer(shape, where === 'here' || wait === true);
}

function filledAnswer(shape: BackfillShape, isFollowed: boolean): Answer {
  const failed = isFollowed && shape.runs.some((run) => hasFailed(run) || !isOver(run));
  return { data: shape, text: backfilledText(shape), exit: failed ? EXIT.failed : EXIT.ok };
}

function flags(options: RerunOptions) {
  return { wait: options.wait === true, force: options.force === true, retry: options.retry === true };
}
