// stats, audit, reload: figures about all jobs, who changed what, and the settings read anew.

import type { Command } from 'commander';
import type { AuditShape } from '#service/audit-trail';
import type { StatsShape } from '#service/stats';
import { type IdOptions, optionalId, wholeNumber, withJob } from '../arguments.ts';
import { examples, type Perform } from '../command.ts';
import { EXIT } from '../exit.ts';
import { auditText, type ReloadShape, reloadText, statsText } from '../render/oversee.ts';
import type { Answer, Session } from '../session.ts';

interface AuditOptions extends IdOptions {
  limit: number;
  before?: string;
}

export function addOverseeCommands(program: Command, perform: Perform): void {
  const stats = program
    .command('stats')
    .description('how many jobs there are, how often they ran, how well and how long')
    .action(() =>
      perform(async (session) => {
        const shape = await session.ask<StatsShape>('stats');
        return { data: shape, text: statsText(shape) };
      }),
    );
  examples(stats, [
    ['aclarai-scheduler stats', 'for people'],
    ['aclarai-scheduler stats --json', 'for programs'],
  ]);
  const audit = withJob(program.command('audit'), 'optional', 'only changes of this job')
    .description('who changed what, newest first')
    .option('--limit <n>', 'how many', wholeNumber('limit', 1, 10_000), 20)
    .option('--before <time>', 'only changes up to this time')
    .action((job: string | undefined, options: AuditOptions) =>
      perform((session) => auditChanges(session, optionalId(job, options), options)),
    );
  examples(audit, [
    ['aclarai-scheduler audit', 'the last twenty changes'],
    ['aclarai-scheduler audit vault_sync --json', 'of one job, with before and after'],
    ['aclarai-scheduler audit --before 2026-03-29T03:00', 'before something went wrong'],
  ]);
  const reload = program
    .command('reload')
    .description(
      'let the running service read its settings anew; with faults in them the last good ones stay',
    )
    .action(() => perform(reloadSettings));
  examples(reload, [
    ['aclarai-scheduler validate && aclarai-scheduler reload', 'check first'],
    ['aclarai-scheduler reload --url http://127.0.0.1:8787', 'of this service'],
  ]);
}

async function auditChanges(
  session: Session,
  job: string | undefined,
  { limit, before }: AuditOptions,
): Promise<Answer> {
  const wish = { limit, ...(job !== undefined && { job }), ...(before !== undefined && { before }) };
  const changes = await session.ask<AuditShape[]>('audit', wish);
  return { data: changes, text: auditText(changes, session.width) };
}

/** Only the service itself can read anew what it holds: beside it, it is asked at the address of the settings. */
async function reloadSettings(session: Session): Promise<Answer> {
  const remote = (await session.remote()) ?? (await session.besideService());
  const shape = (await remote.ask('reload', {})) as ReloadShape;
  return { data: shape, text: reloadText(shape), exit: shape.reloaded ? EXIT.ok : EXIT.configuration };
}
