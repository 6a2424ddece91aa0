// new: writes what a new job begins with, and says what to do next.

import path from 'node:path';
import type { Command } from 'commander';
import { createJob, type NewJob } from '#service/new-job';
import { examples, type Perform } from '../command.ts';
import { SettingsRefused } from '../exit.ts';
import type { Answer, Session } from '../session.ts';

export function addNewCommand(program: Command, perform: Perform): void {
  const command = program
    .command('new')
    .argument('<job>', 'its name, e.g. word-count')
    .description('write a job, a test that passes and an entry that is off; nothing is overwritten')
    .action((name: string) => perform((session) => create(session, name)));
  examples(command, [
    ['aclarai-scheduler new word-count', 'jobs/word-count.ts, its test, and word_count in the settings'],
    ['aclarai-scheduler run word_count --force --watch', 'then: run it at each change'],
  ]);
}

async function create(session: Session, name: string): Promise<Answer> {
  session.refuseUrl('new');
  const checked = await session.host.check(session.places);
  if (checked.kind === 'faults') throw new SettingsRefused(checked.faults);
  const made = await createJob(name, checked.settings);
  return { data: dataOf(made), text: textOf(made) };
}

const shown = (file: string) => {
  const relative = path.relative('', file);
  return relative.startsWith('..') ? file : relative;
};

function dataOf({ id, code, test, settingsFile, line, importForTest }: NewJob): object {
  const next = stepsOf({ id, code, test, settingsFile, line, importForTest }).map(([step]) => step);
  return { job: id, code, test, settings: settingsFile, line, next };
}

function stepsOf({ id, test, settingsFile, line, importForTest }: NewJob): [step: string, what: string][] {
  const help = importForTest === null ? '' : `--import ${importForTest} `;
  return [
    [`npx node ${help}--test ${shown(test)}`, 'its test'],
    [`npx aclarai-scheduler run ${id} --force --watch`, 'run it, and again at each change'],
    [`set enabled: true in ${shown(settingsFile)}:${line}`, 'and it runs every night at four'],
  ];
}

function textOf(made: NewJob): string {
  const { id, code, test, settingsFile, line } = made;
  const steps = stepsOf(made).map(([step, what]) => `  ${step}  # ${what}`);
  return [
    `made   ${shown(code)}`,
    `made   ${shown(test)}`,
    `added  ${id} to ${shown(settingsFile)}:${line - 1}, disabled`,
    '',
    'next:',
    ...steps,
    '',
  ].join('\n');
}
