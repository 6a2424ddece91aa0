// validate, config show: questions about settings and schedules; no ledger is opened, nothing is made.

import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { Settings } from '#service/host';
import { validateExpression, validateSettings, zoneOfSettings } from '#service/validate';
import { examples, type Perform } from '../command.ts';
import { EXIT, faultsText, SettingsRefused } from '../exit.ts';
import { configText } from '../render/config.ts';
import { expressionText, settingsText } from '../render/validate.ts';
import type { Answer, Session } from '../session.ts';

export function addSettingsCommands(program: Command, perform: Perform): void {
  const validate = program
    .command('validate')
    .argument('[file|expression]', 'a settings file or a schedule; without it the current settings')
    .description('check a settings file, or say what a schedule means and when it fires')
    .action((subject: string | undefined) => perform((session) => validateSubject(session, subject)));
  examples(validate, [
    ['aclarai-scheduler validate', 'the settings in force'],
    ['aclarai-scheduler validate new.yaml', 'a file before it is used'],
    ['aclarai-scheduler validate "*/30 * * * *"', 'cron, with 5 or 6 fields, or @daily'],
    ['aclarai-scheduler validate 5m', 'an interval; also a time such as 2026-03-29T03:00'],
  ]);
  const config = program.command('config').description('the settings in force');
  examples(config, [['aclarai-scheduler config show --origin', 'every value and where it was set']]);
  const show = config
    .command('show')
    .description('every effective value; secrets are masked')
    .option('--origin', 'with where each comes from: default, file:line, variable')
    .action((options: { origin?: boolean }) =>
      perform((session) => showConfig(session, options.origin === true)),
    );
  examples(show, [
    ['aclarai-scheduler config show', 'every value'],
    ['aclarai-scheduler config show --origin', 'and where it was set'],
  ]);
}

async function validateSubject(session: Session, subject: string | undefined): Promise<Answer> {
  const now = session.io.clock.now();
  const isFile = subject === undefined || existsSync(subject);
  if (isFile) session.refuseUrl('validate of a file');
  else if (await session.remote()) {
    const asked = await session.ask<ExpressionShape>('validate_schedule', { expression: subject });
    return expression(subject, asked, session.width);
  }
  const places = { ...session.places, ...(isFile && subject !== undefined && { settings: subject }) };
  const checked = await session.host.check(places);
  if (!isFile)
    return expression(subject, validateExpression(subject, zoneOfSettings(checked), now), session.width);
  const shape = validateSettings(checked, now);
  if (!shape.ok) {
    return { data: shape, text: '', aside: faultsText(shape.errors), exit: EXIT.configuration };
  }
  const file = checked.kind === 'ok' ? checked.settings.file : '';
  return { data: shape, text: settingsText(shape, file, session.width) };
}

type ExpressionShape = ReturnType<typeof validateExpression>;

function expression(text: string, shape: ExpressionShape, width: number): Answer {
  const [fault] = shape.errors;
  if (!fault) return { data: shape, text: expressionText(shape.jobs[0]!, width) };
  // A cron expression has slashes, too, and spaces between its fields.
  const looksLikePath = /^\S*[/\\]\S*$|\.ya?ml$/i.test(text);
  const fix = looksLikePath ? `there is no file ${text}` : fault.fix;
  const aside = `error: ${fault.message}\n${fix === null ? '' : `fix: ${fix}\n`}`;
  return { data: { ...shape, errors: [{ ...fault, fix }] }, text: '', aside, exit: EXIT.usage };
}

async function showConfig(session: Session, withOrigin: boolean): Promise<Answer> {
  const values = await valuesOf(session);
  const data = values.map(({ path, value, origin }) =>
    withOrigin ? { path, value, origin } : { path, value },
  );
  return { data, text: configText(values, withOrigin, session.width) };
}

type Values = readonly Pick<Settings['values'][number], 'path' | 'value' | 'origin'>[];

/** Of the service that is asked, or of the settings file as it is now. */
async function valuesOf(session: Session): Promise<Values> {
  if (await session.remote()) return await session.ask('show_config');
  const checked = await session.host.check(session.places);
  if (checked.kind === 'faults') throw new SettingsRefused(checked.faults);
  return checked.settings.values;
}
