// backup, restore: the ledger as a whole, to a file and back.

import path from 'node:path';
import type { Command } from 'commander';
import { examples, type Perform } from '../command.ts';
import { usageError } from '../exit.ts';
import { ProgressLine } from '../progress.ts';
import { backupText, restoreText } from '../render/keep.ts';
import type { Answer, Session } from '../session.ts';

export function addKeepCommands(program: Command, perform: Perform): void {
  const backup = program
    .command('backup')
    .argument('[file]', 'where the copy goes; nothing may be there')
    .usage('<file> [options]')
    .description('copy the ledger to a file, also while the service runs; nobody waits')
    .action((file: string | undefined) => perform((session) => backUp(session, file)));
  examples(backup, [
    ['aclarai-scheduler backup scheduler-2026-03-29.db', 'one file with all jobs, runs and changes'],
    ['aclarai-scheduler backup /mnt/backups/scheduler.db --json', 'for programs'],
  ]);
  const restore = program
    .command('restore')
    .argument('[file]', 'a file that `backup` made')
    .usage('<file> [options]')
    .description('put a backup in the place of the ledger; refused beside a running service')
    .action((file: string | undefined) => perform((session) => putBack(session, file)));
  examples(restore, [
    [
      'aclarai-scheduler restore scheduler-2026-03-29.db',
      'the ledger as it was; what was there is kept beside it',
    ],
    ['aclarai-scheduler start', 'comes up with everything paused'],
    ['aclarai-scheduler resume', 'when you have looked'],
  ]);
}

async function backUp(session: Session, file: string | undefined): Promise<Answer> {
  const { io, places } = session;
  session.refuseUrl('backup');
  const target = fileOf(file, 'e.g. aclarai-scheduler backup scheduler.db');
  const progress = new ProgressLine(io.stderr, io.clock, 'copying');
  const shape = await io.host.keeping
    .backUp(places, target, {
      signal: io.signal,
      onProgress: (done, total) => progress.show({ done, total, note: 'pages' }),
    })
    .finally(() => progress.clear());
  return { data: shape, text: backupText(shape) };
}

async function putBack(session: Session, file: string | undefined): Promise<Answer> {
  const { io, places, by } = session;
  session.refuseUrl('restore');
  const source = fileOf(file, 'e.g. aclarai-scheduler restore scheduler.db');
  const progress = new ProgressLine(io.stderr, io.clock, 'checking and copying');
  const shape = await io.host.keeping.restore(places, source, by).finally(() => progress.clear());
  return { data: shape, text: restoreText(shape) };
}

function fileOf(file: string | undefined, example: string): string {
  if (file === undefined || file === '') throw usageError('the file is missing', example);
  return path.resolve(file);
}
