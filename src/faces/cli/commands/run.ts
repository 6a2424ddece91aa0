// run, cancel-run: starts a job by hand and follows it to its end; stops a run.

import type { Command } from 'commander';
import type { JsonObject } from '#core/handler';
import { missingGraphPassword } from '#service/graph-password';
import type { Installation } from '#service/host';
import { readInstant } from '#service/instant';
import type { Rehearsal } from '#service/run-request';
import type { RunShape } from '#service/shapes';
import { type IdOptions, jsonObject, optionalId, requiredId, wholeNumber, withJob } from '../arguments.ts';
import { examples, type Perform } from '../command.ts';
import { EXIT, SettingsRefused, usageError } from '../exit.ts';
import { followed } from '../follow.ts';
import { ProgressLine } from '../progress.ts';
import { hasFailed, isOver, outcomeText, queuedText } from '../render/outcome.ts';
import type { Answer, Session } from '../session.ts';
import { again } from '../watching.ts';

interface RunOptions extends IdOptions {
  wait?: boolean;
  force?: boolean;
  retry?: boolean;
  dryRun?: boolean;
  input?: JsonObject;
  full?: boolean;
  handler?: string;
  watch?: boolean;
  inline?: boolean;
  slot?: string;
  attempt?: number;
}

interface Performed {
  run: RunShape;
  where: 'here' | 'service';
}

export function addRunCommands(program: Command, perform: Perform): void {
  const run = withJob(program.command('run'), 'required', 'id or name of the job')
    .description('run a job now: here and to its end, or by the service where one is up')
    .option('--wait', 'where a service runs it: wait for the end')
    .option('--force', 'also where the job is disabled or already running')
    .option('--retry', 'try again after a failure, as `retries` of the job says; else it is tried once')
    .option('--dry-run', 'tell the job to change nothing')
    .option('--input <json>', 'values that go before those of the job, as a JSON object', jsonObject('input'))
    .option('--full', `the same as --input '{"full": true}'`)
    .option('--handler <name>', 'instead of a job: run this code once, with --input as all of its input')
    .option('--watch', 'run it again whenever its code or the settings change, until Ctrl-C')
    .option('--inline', 'in the thread of the service or this command, where a debugger stops')
    .option('--slot <time>', 'tell the job that it runs for this slot; it stays a run by hand')
    .option('--attempt <n>', 'tell the job that this is its nth attempt', wholeNumber('attempt', 1, 11))
    .action((job: string | undefined, options: RunOptions) =>
      perform((session) => {
        const once = (one: Session) => runOne(one, optionalId(job, options), options);
        return options.watch ? again(session, once) : once(session);
      }),
    );
  examples(run, [
    ['aclarai-scheduler run vault_sync', 'run it now'],
    ['aclarai-scheduler run vault_sync --wait', 'wait for the end also where a service runs it'],
    ['aclarai-scheduler run vault_sync --full --dry-run', 'read everything, change nothing'],
    [`aclarai-scheduler run report --input '{"month": "2026-03"}'`, 'with a value of its own for this run'],
    ['aclarai-scheduler run nightly_export --force', 'although it is disabled'],
    [`aclarai-scheduler run --handler report --input '{"month": "2026-03"}'`, 'code that has no job'],
    [
      'aclarai-scheduler run report --watch --inline',
      'again at each change of its code, while it is written',
    ],
    [
      'aclarai-scheduler run report --slot 2026-03-01T04:00 --attempt 2',
      'as if it were the second try of that slot',
    ],
  ]);
  const cancel = program
    .command('cancel-run')
    .argument('[run]', 'id of the run; list and history name those that are live')
    .usage('<run> [options]')
    .option('--id <run>', 'the same as the run in its place')
    .description('stop a queued or running run; its job stays as it is')
    .action((run: string | undefined, options: IdOptions) =>
      perform((session) => cancelRun(session, requiredId(run, options, 'run'))),
    );
  examples(cancel, [
    ['aclarai-scheduler history --status running,queued', 'which runs are live'],
    ['aclarai-scheduler cancel-run 0199aa30-7c5e-7d2e-b1de-3f2c1d0a9b11', 'stop one of them'],
  ]);
}

async function runOne(session: Session, job: string | undefined, options: RunOptions): Promise<Answer> {
  const { handler } = options;
  if (handler === undefined) requiredId(job, options, 'job');
  else if (job !== undefined)
    throw usageError(`both a job and a handler are given: ${job}, ${handler}`, 'name one of them');
  const what = handler ?? job ?? '';
  const { io } = session;
  const progress = new ProgressLine(io.stderr, io.clock, `${what}: running`);
  const isRehearsal = [options.watch, options.inline, options.slot, options.attempt].some(Boolean);
  if (isRehearsal) session.refuseUrl('trying out a job');
  const asked =
    !isRehearsal && (await session.remote())
      ? runThere(session, what, options)
      : runHere(session, what, options, progress);
  const { run, where } = await asked.finally(() => progress.clear());
  const isFollowed = where === 'here' || options.wait === true;
  if (!isFollowed) return { data: run, text: queuedText(run) };
  const failed = hasFailed(run) || !isOver(run);
  return { data: run, text: outcomeText(run), exit: failed ? EXIT.failed : EXIT.ok };
}

/** By the service that is asked over HTTP. */
async function runThere(session: Session, what: string, options: RunOptions): Promise<Performed> {
  const { force, retry, dryRun, ...more } = requestOf(options);
  const wish = { ...more, dry_run: dryRun };
  const queued = await (options.handler === undefined
    ? session.ask<RunShape>('run_job', { ...wish, job: what, force, retry })
    : session.ask<RunShape>('run_handler', { ...wish, handler: what }));
  const run = options.wait ? (await followed(session, [queued]))[0]! : queued;
  return { run, where: 'service' };
}

/** In this process, or by the service of this state directory. */
async function runHere(
  session: Session,
  what: string,
  options: RunOptions,
  progress: ProgressLine,
): Promise<Performed> {
  const installation = await session.open();
  await refuseWithoutPassword(installation, what);
  const request = {
    by: session.by,
    wait: options.wait === true,
    signal: session.io.signal,
    onProgress: (step: Parameters<ProgressLine['show']>[0]) => progress.show(step),
    ...requestOf(options),
    ...rehearsalOf(session, installation, options),
  };
  return await (options.handler === undefined
    ? installation.run(what, request)
    : installation.runAdHoc(what, request));
}

function requestOf({ force, retry, dryRun, input, full }: RunOptions) {
  return {
    force: force === true,
    retry: retry === true,
    dryRun: dryRun === true,
    ...((input || full) && { input: { ...input, ...(full && { full: true }) } }),
  };
}

function rehearsalOf(session: Session, { settings }: Installation, options: RunOptions): Rehearsal {
  const { inline, slot, attempt } = options;
  const instant = (text: string) => readInstant(text, settings.scheduler.timezone, session.io.clock.now());
  return {
    ...(inline && { inline }),
    ...(slot !== undefined && { slot: instant(slot) }),
    ...(attempt !== undefined && { attempt }),
  };
}

/** A service that is up has its own environment, and was refused there if the password is missing. */
async function refuseWithoutPassword(installation: Installation, job: string): Promise<void> {
  const missing = missingGraphPassword(installation.settings, job);
  if (missing && (await installation.status()).state === 'stopped') throw new SettingsRefused([missing]);
}

async function cancelRun(session: Session, runId: string): Promise<Answer> {
  const run = await session.ask<RunShape>('cancel_run', { run: runId });
  const text =
    run.state === 'cancelled'
      ? `${run.job}: run ${run.run_id} is cancelled\n`
      : `${run.job}: run ${run.run_id} is asked to stop, it is ${run.state}\n`;
  return { data: run, text, exit: EXIT.ok };
}
