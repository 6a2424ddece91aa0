// create, update, delete: jobs that are not in the settings file.

import type { Command } from 'commander';
import type { JsonObject } from '#core/handler';
import type { JobShape } from '#service/shapes';
import { duration, type IdOptions, jsonObject, requiredId, wholeNumber, withJob } from '../arguments.ts';
import { examples, type Perform } from '../command.ts';
import { usageError } from '../exit.ts';
import { deletedText, goingText, jobText } from '../render/job.ts';
import type { Answer, Session } from '../session.ts';

interface JobOptions extends IdOptions {
  name?: string;
  command?: string;
  schedule?: string;
  data?: JsonObject;
  once?: boolean;
  retries?: number;
  /** Milliseconds. */
  retryDelay?: number;
  timeout?: number;
  timezone?: string;
  description?: string;
  disabled?: boolean;
  enabled?: boolean;
}

interface DeleteOptions extends IdOptions {
  confirm?: boolean;
  yes?: boolean;
  purge?: boolean;
  cancelRunning?: boolean;
}

export function addDefineCommands(program: Command, perform: Perform): void {
  const create = withDefinition(program.command('create'))
    .description('make a job that is not in the settings file; it starts with its next slot')
    .option('--id <id>', 'its id; else one is made')
    .action((options: JobOptions) => perform((session) => createJob(session, options)));
  examples(create, [
    [
      `aclarai-scheduler create --name daily-backup --command backup:database --schedule "0 2 * * *" --data '{"type": "incremental"}'`,
      'every night',
    ],
    ['aclarai-scheduler create --name health-check --command system:health --schedule 5m', 'an interval'],
    ['aclarai-scheduler create --name migrate-data --command migrate:run --schedule now --once', 'once'],
  ]);
  const update = withDefinition(withJob(program.command('update'), 'required', 'id or name of the job'))
    .description('change what is given of a job that is not in the settings file')
    .option('--enabled', 'schedule it again')
    .action((job: string | undefined, options: JobOptions) =>
      perform((session) => updateJob(session, requiredId(job, options, 'job'), options)),
    );
  examples(update, [
    ['aclarai-scheduler update daily-backup --schedule "0 4 * * *"', 'later at night'],
    ['aclarai-scheduler update health-check --retries 0 --timeout 30s', 'fail sooner'],
  ]);
  const remove = withJob(program.command('delete'), 'required', 'id or name of the job')
    .description('take a job away; without --confirm only shown what would go')
    .option('--confirm', 'do it')
    .option('--yes', 'the same as --confirm')
    .option('--purge', 'its history goes at once, not at retention')
    .option('--cancel-running', 'stop what runs; else it ends by itself')
    .action((job: string | undefined, options: DeleteOptions) =>
      perform((session) => deleteJob(session, requiredId(job, options, 'job'), options)),
    );
  examples(remove, [
    ['aclarai-scheduler delete daily-backup', 'what would go; nothing does'],
    ['aclarai-scheduler delete daily-backup --confirm', 'its history stays until retention'],
    ['aclarai-scheduler delete daily-backup --confirm --purge --cancel-running', 'all of it, now'],
  ]);
}

/** The options that create and update share. */
function withDefinition(command: Command): Command {
  return command
    .option('--name <name>', 'what people call it')
    .option('--command <handler>', 'the code that runs: a handler, or a named program of the settings')
    .option(
      '--schedule <text>',
      'cron "0 2 * * *", @daily, interval 5m, a time 2026-03-29T03:00, now, or manual',
    )
    .option('--data <json>', 'its input, as a JSON object', jsonObject('data'))
    .option('--once', 'one run and no more')
    .option('--retries <n>', 'extra attempts of a run that failed', wholeNumber('retries', 0, 1_000))
    .option('--retry-delay <time>', 'before the first of them, e.g. 5s', duration('retry-delay'))
    .option('--timeout <time>', 'of one attempt, e.g. 1h', duration('timeout'))
    .option('--timezone <zone>', 'of its schedule, e.g. Europe/Paris')
    .option('--description <text>', 'a sentence for people')
    .option('--disabled', 'not scheduled until it is enabled');
}

async function createJob(session: Session, options: JobOptions): Promise<Answer> {
  for (const needed of ['name', 'command', 'schedule'] as const)
    if (options[needed] === undefined)
      throw usageError(`--${needed} is missing`, 'see: aclarai-scheduler create --help');
  const id = options.id === undefined ? {} : { id: options.id };
  // What was missed while nobody was up is made up for once, as the tasks of this command line always were (rule 2).
  const definition = { ...id, misfire_policy: 'latest', ...fieldsOf(options) };
  const job = await session.ask<JobShape>('create_job', { definition }, { strict: true });
  return { data: job, text: `${job.name} is created\n${jobText(job)}` };
}

async function updateJob(session: Session, id: string, options: JobOptions): Promise<Answer> {
  const changes = fieldsOf(options);
  if (Object.keys(changes).length === 0)
    throw usageError(
      'nothing to change is given',
      'e.g. --schedule 5m; see: aclarai-scheduler update --help',
    );
  const job = await session.ask<JobShape>('update_job', { job: id, changes }, { strict: true });
  return { data: job, text: `${job.name} is changed\n${jobText(job)}` };
}

/** What was given, in the keys of the settings file; lengths of time in seconds. */
function fieldsOf(options: JobOptions): JsonObject {
  const { name, command, schedule, data, retries, timezone, description, timeout, retryDelay } = options;
  if (options.enabled && options.disabled)
    throw usageError('both --enabled and --disabled are given', 'name one of them');
  return {
    ...(name !== undefined && { name }),
    ...(command !== undefined && { handler: command }),
    ...(schedule !== undefined && { schedule }),
    ...(data !== undefined && { input: data }),
    ...(options.once && { max_executions: 1 }),
    ...(retries !== undefined && { retries }),
    ...(retryDelay !== undefined && { retry_delay: retryDelay / 1000 }),
    ...(timeout !== undefined && { timeout: timeout / 1000 }),
    ...(timezone !== undefined && { timezone }),
    ...(description !== undefined && { description }),
    ...(options.disabled && { enabled: false }),
    ...(options.enabled && { enabled: true }),
  };
}

async function deleteJob(session: Session, id: string, options: DeleteOptions): Promise<Answer> {
  const { purge = false, cancelRunning = false } = options;
  const job = await session.ask<JobShape>('get_job', { job: id });
  if (!options.confirm && !options.yes)
    return { data: { deleted: null, would_delete: job }, text: goingText(job, purge) };
  const wish = { job: job.id, purge, cancel_running: cancelRunning };
  const done = await session.ask<{ deleted: string }>('delete_job', wish);
  return { data: done, text: deletedText(job, purge) };
}
