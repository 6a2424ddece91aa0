// cleanup list, register, update, remove, run: the housekeeper's rules, and what they would take away.

import path from 'node:path';
import { type Command, Option } from 'commander';
import type { CleanupAnswer } from '#core/cleanup';
import type { Json, JsonObject } from '#core/handler';
import type { CleanupShape } from '#service/cleanups';
import { wholeNumber } from '../arguments.ts';
import { examples, type Perform } from '../command.ts';
import { EXIT, usageError } from '../exit.ts';
import { ProgressLine } from '../progress.ts';
import { cleanedText, cleanupsText, cleanupText } from '../render/cleanup.ts';
import type { Answer, Session } from '../session.ts';

/** Takes a policy or text away. A parser of commander cannot answer null. */
const NO_VALUE = 'none';
/** Which directories may be cleaned is written in the settings: with faults in them nothing is. */
const STRICT = { strict: true } as const;

interface RuleOptions {
  id?: string;
  directory?: string;
  pattern?: string;
  retentionDays?: number | typeof NO_VALUE;
  maxFiles?: number | typeof NO_VALUE;
  maxSizeMb?: number | typeof NO_VALUE;
  minKeep?: number;
  priority?: number;
  recursive?: boolean;
  dryRun?: boolean;
  description?: string;
  maxDeleteShare?: number | typeof NO_VALUE;
  module?: string;
}

interface RunOptions {
  id?: string;
  dryRun?: boolean;
  plan?: string;
}

export function addCleanupCommands(program: Command, perform: Perform): void {
  const cleanup = program
    .command('cleanup')
    .description('retention rules for files: which there are, and what they take away');
  examples(cleanup, [
    ['aclarai-scheduler cleanup list', 'all rules'],
    ['aclarai-scheduler cleanup run --dry-run', 'what would go, and why; nothing does'],
    ['aclarai-scheduler cleanup run --plan <id>', 'remove what the dry run has shown'],
  ]);
  addList(cleanup, perform);
  addRegister(cleanup, perform);
  addUpdate(cleanup, perform);
  addRemove(cleanup, perform);
  addRun(cleanup, perform);
}

function addList(cleanup: Command, perform: Perform): void {
  const list = cleanup
    .command('list')
    .description('all rules in the order in which they run, of the settings and registered ones')
    .option('--module <id>', 'only those that this module registered')
    .action(({ module }: { module?: string }) =>
      perform(async (session) => {
        const wish = module === undefined ? {} : { module_id: module };
        const rules = await session.ask<CleanupShape[]>('list_cleanups', wish);
        return { data: rules, text: cleanupsText(rules, session.width) };
      }),
    );
  examples(list, [
    ['aclarai-scheduler cleanup list', 'all rules'],
    ['aclarai-scheduler cleanup list --module core.logging --json', 'those of one module, for programs'],
  ]);
}

function addRegister(cleanup: Command, perform: Perform): void {
  const register = withPolicy(
    cleanup
      .command('register')
      .argument(
        '[directory]',
        'whose files are cleaned, literally; below an entry of housekeeper.allowed_roots',
      )
      .usage('<directory> [options]')
      .description('add a rule; a file goes if any of its policies marks it'),
  )
    .option('--directory <dir>', 'the same as the directory in its place')
    .option('--id <id>', 'its id; else one is made')
    .action((directory: string | undefined, options: RuleOptions) =>
      perform((session) =>
        registerRule(session, { ...options, ...(directory !== undefined && { directory }) }),
      ),
    );
  examples(register, [
    ['aclarai-scheduler cleanup register /srv/app/logs --pattern "*.log" --retention-days 30', 'by age'],
    [
      'aclarai-scheduler cleanup register /srv/app/tmp --max-files 1000 --max-size-mb 500 --min-keep 5',
      'by number and size',
    ],
  ]);
}

function addUpdate(cleanup: Command, perform: Perform): void {
  const update = withPolicy(
    cleanup
      .command('update')
      .argument('[id]', 'of a registered rule')
      .usage('<id> [options]')
      .description('change what is given of a registered rule; "none" takes a policy away'),
  )
    .option('--directory <dir>', 'another directory')
    .option('--id <id>', 'the same as the id in its place')
    .action((id: string | undefined, options: RuleOptions) =>
      perform((session) => updateRule(session, idOf(id, options), options)),
    );
  examples(update, [
    ['aclarai-scheduler cleanup update app_logs --retention-days 60', 'keep longer'],
    ['aclarai-scheduler cleanup update app_logs --max-files none --no-recursive', 'without a policy'],
  ]);
}

function addRemove(cleanup: Command, perform: Perform): void {
  const remove = cleanup
    .command('remove')
    .argument('[id]', 'of a registered rule')
    .usage('<id> [options]')
    .option('--id <id>', 'the same as the id in its place')
    .description('take a registered rule away; no file is touched')
    .action((id: string | undefined, options: { id?: string }) =>
      perform(async (session) => {
        const wish = { cleanup: idOf(id, options) };
        const done = await session.ask<{ removed: string }>('remove_cleanup', wish, STRICT);
        return { data: done, text: `cleanup ${done.removed} is removed\n` };
      }),
    );
  examples(remove, [['aclarai-scheduler cleanup remove app_logs', 'no longer cleaned']]);
}

function addRun(cleanup: Command, perform: Perform): void {
  const run = cleanup
    .command('run')
    .argument('[id]', 'only this rule; else all')
    .option('--id <id>', 'the same as the id in its place')
    .option('--dry-run', 'remove nothing: say what would go and why, and keep it as a plan')
    .addOption(
      new Option('--plan <id>', 'remove what this plan names, as far as it is unchanged').conflicts('dryRun'),
    )
    .description('clean now, in this process; fails when a rule failed, after all others ran')
    .action((id: string | undefined, options: RunOptions) =>
      perform((session) => runCleanups(session, optionalRule(id, options), options)),
    );
  examples(run, [
    ['aclarai-scheduler cleanup run --dry-run', 'what would go by all rules'],
    ['aclarai-scheduler cleanup run --plan 0f9c2f0e-6f57-4d4c-9b0e-0a4a4f6e2a11', 'remove just that'],
    ['aclarai-scheduler cleanup run app_logs', 'by one rule, at once'],
  ]);
}

/** The options that register and update share. */
function withPolicy(command: Command): Command {
  const number = (name: string) => (text: string) => (text === NO_VALUE ? NO_VALUE : plainNumber(name, text));
  const count = (name: string) => (text: string) =>
    text === NO_VALUE ? NO_VALUE : wholeNumber(name, 0, Number.MAX_SAFE_INTEGER)(text);
  return command
    .option('--pattern <pattern>', 'file names: * ? [a-z]; else all')
    .option('--retention-days <days>', 'files older than this go', number('retention-days'))
    .option('--max-files <n>', 'the oldest beyond this go', count('max-files'))
    .option('--max-size-mb <mb>', 'the oldest go until the rest fits', number('max-size-mb'))
    .option(
      '--min-keep <n>',
      'so many of the newest always stay',
      wholeNumber('min-keep', 0, Number.MAX_SAFE_INTEGER),
    )
    .option(
      '--max-delete-share <share>',
      'of 20 files or more, refuse to remove a larger share (0 to 1)',
      number('max-delete-share'),
    )
    .option(
      '--priority <n>',
      'lower runs first; else 100',
      wholeNumber('priority', 0, Number.MAX_SAFE_INTEGER),
    )
    .option('--recursive', 'folders below too')
    .option('--no-recursive', 'only the directory itself')
    .option('--dry-run', 'this rule only says what would go')
    .option('--no-dry-run', 'this rule removes')
    .option('--description <text>', 'a sentence for people')
    .option('--module <id>', 'who registers it');
}

function plainNumber(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
  throw usageError(
    `--${name} "${text}" is not a number of 0 or more`,
    `e.g. --${name} 30, or --${name} none`,
  );
}

function idOf(positional: string | undefined, options: { id?: string }): string {
  const id = optionalRule(positional, options);
  if (id === undefined)
    throw usageError('the id of the rule is missing', 'see: aclarai-scheduler cleanup list');
  return id;
}

function optionalRule(positional: string | undefined, { id }: { id?: string }): string | undefined {
  if (positional !== undefined && id !== undefined && positional !== id)
    throw usageError(`two ids are given: ${positional}, ${id}`, 'name one');
  return positional ?? id;
}

/** What was given, by the names of the faces; a relative directory counts from the working directory. */
function fieldsOf(options: RuleOptions): JsonObject {
  const { directory } = options;
  const given: Record<string, Json | undefined> = {
    directory: directory === undefined || directory === '' ? directory : path.resolve(directory),
    pattern: options.pattern,
    retention_days: options.retentionDays,
    max_files: options.maxFiles,
    max_size_mb: options.maxSizeMb,
    min_keep: options.minKeep,
    priority: options.priority,
    recursive: options.recursive,
    dry_run: options.dryRun,
    description: options.description,
    max_delete_share: options.maxDeleteShare,
    module_id: options.module,
  };
  const written = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    written.map(([name, value]) => [name, value === NO_VALUE && name !== 'pattern' ? null : value]),
  ) as JsonObject;
}

async function registerRule(session: Session, options: RuleOptions): Promise<Answer> {
  if (options.directory === undefined)
    throw usageError('the directory is missing', 'write it after the command');
  const id = options.id === undefined ? {} : { id: options.id };
  const wish = { rule: { ...fieldsOf(options), ...id } };
  const done = await session.ask<{ registration_id: string }>('register_cleanup', wish, STRICT);
  const rule = await session.ask<CleanupShape>('get_cleanup', { cleanup: done.registration_id });
  return { data: done, text: `cleanup ${rule.id} is registered\n${cleanupText(rule)}` };
}

async function updateRule(session: Session, id: string, options: RuleOptions): Promise<Answer> {
  const changes = fieldsOf(options);
  if (Object.keys(changes).length === 0)
    throw usageError('nothing to change is given', 'e.g. --retention-days 60; see: cleanup update --help');
  const rule = await session.ask<CleanupShape>('update_cleanup', { cleanup: id, changes }, STRICT);
  return { data: rule, text: `cleanup ${rule.id} is changed\n${cleanupText(rule)}` };
}

async function runCleanups(session: Session, id: string | undefined, options: RunOptions): Promise<Answer> {
  const { io } = session;
  const progress = new ProgressLine(io.stderr, io.clock, 'cleaning');
  const wish = {
    ...(id !== undefined && { cleanup: id }),
    ...(options.plan !== undefined && { plan_id: options.plan }),
    dry_run: options.dryRun === true,
  };
  const answer = await session
    .ask<CleanupAnswer>('run_cleanup', wish, {
      ...STRICT,
      onProgress: (done, total, note) => progress.show({ done, total, note }),
    })
    .finally(() => progress.clear());
  return {
    data: answer,
    text: cleanedText(answer, session.width),
    exit: hasFailed(answer) ? EXIT.failed : EXIT.ok,
  };
}

function hasFailed(answer: CleanupAnswer): boolean {
  return 'report' in answer ? answer.report.failed > 0 : !answer.result.success;
}
