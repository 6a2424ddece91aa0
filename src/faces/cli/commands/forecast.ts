// simulate, plan: what would come, under the settings in force or others. Nothing is changed.

import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { simulateCandidate } from '#service/forecast';
import type { SimulationShape } from '#service/simulation';
import type { SimulationTexts } from '#service/simulation-request';
import { examples, type Perform } from '../command.ts';
import { SettingsRefused, usageError } from '../exit.ts';
import { planText } from '../render/plan.ts';
import { simulationText } from '../render/simulation.ts';
import type { Answer, Session } from '../session.ts';

interface SimulateOptions extends SimulationTexts {
  jobs?: string;
}

export function addForecastCommands(program: Command, perform: Perform): void {
  const simulate = program
    .command('simulate')
    .description('what would run, be skipped and missed in a stretch of time, by the rules of the service')
    .option('--from <time>', 'HH:MM of today, or ISO 8601; now, if it is left out')
    .option('--to <time>', 'the end, exclusive; HH:MM is of the day of --from; else a day after it')
    .option('--down <a..b>', 'no service is up from a to b; can be repeated', collect)
    .option('--pause <a..b>', 'all jobs are paused from a to b; can be repeated', collect)
    .option('--jobs <file>', 'the jobs of this settings file, as if it were new; else those that are there')
    .option(
      '--duration <job=30s>',
      'how long a run takes; else the median of its last ones; can be repeated',
      collect,
    )
    .action((options: SimulateOptions) => perform((session) => simulateJobs(session, options)));
  examples(simulate, [
    ['aclarai-scheduler simulate --to 18:00', 'until this evening'],
    [
      'aclarai-scheduler simulate --from 2026-03-29T00:00 --to 2026-03-29T06:00',
      'the night the clocks change',
    ],
    ['aclarai-scheduler simulate --down 03:00..03:10 --duration vault_sync=12m', 'a restart at three'],
    [
      'aclarai-scheduler simulate --jobs new.yaml --pause 22:00..23:00 --json',
      'other settings, for programs',
    ],
  ]);
  const plan = program
    .command('plan')
    .argument('[file]', 'the changed settings file')
    .usage('<file> [options]')
    .description('what changed settings would add, remove, change and move in the next 7 days')
    .action((file: string | undefined) => perform((session) => planFile(session, file)));
  examples(plan, [
    ['aclarai-scheduler plan new.yaml', 'before it takes the place of the settings file'],
    ['aclarai-scheduler plan new.yaml --json', 'for programs'],
  ]);
}

function collect(text: string, before: string[] = []): string[] {
  return [...before, text];
}

async function simulateJobs(session: Session, { jobs, ...texts }: SimulateOptions): Promise<Answer> {
  const shape =
    jobs === undefined ? await ofInstallation(session, texts) : await ofFile(session, jobs, texts);
  // It may have a hundred thousand lines.
  return { data: shape, text: session.isJson ? '' : simulationText(shape, session.width) };
}

async function ofInstallation(session: Session, texts: SimulationTexts): Promise<SimulationShape> {
  return await session.ask<SimulationShape>('simulate', texts);
}

/** A ledger that is there knows how long runs take; a file can be tried without one. */
async function ofFile(session: Session, file: string, texts: SimulationTexts): Promise<SimulationShape> {
  session.refuseUrl('simulate --jobs');
  const candidate = await checkedFile(session, file);
  const installation = await session.openIfThere();
  if (installation) return await installation.service.simulate(texts, candidate);
  return await simulateCandidate(candidate, texts, session.io.clock.now());
}

async function planFile(session: Session, file: string | undefined): Promise<Answer> {
  if (file === undefined)
    throw usageError('the settings file is missing', 'e.g. aclarai-scheduler plan new.yaml');
  session.refuseUrl('plan');
  const { settings } = await checkedFile(session, file);
  const { service } = await session.openToLook();
  const shape = await service.plan(settings);
  return { data: shape, text: planText(shape, session.width) };
}

/** Throws SettingsRefused with every fault. */
async function checkedFile(session: Session, file: string) {
  if (!existsSync(file)) throw usageError(`there is no file ${file}`, 'name a settings file');
  const checked = await session.host.check({ ...session.places, settings: file });
  if (checked.kind === 'faults') throw new SettingsRefused(checked.faults);
  return checked;
}
