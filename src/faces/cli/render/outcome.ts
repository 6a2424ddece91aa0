// One run told to who started it: how it ended, why it failed, what it counted. Pure.

import { isFinal } from '#core/run';
import type { BackfillShape, RunShape } from '#service/shapes';
import { fields } from '../table.ts';
import { plural, secondsText, timeText, valueText } from '../text.ts';

/** A run that its handler skipped did what it was asked to. */
export function hasFailed(run: RunShape): boolean {
  return isFinal(run.state) && run.state !== 'succeeded' && run.state !== 'skipped';
}

export function isOver(run: RunShape): boolean {
  return isFinal(run.state);
}

export function outcomeText(run: RunShape): string {
  if (!isOver(run)) {
    return `${run.job} is still ${run.state}: run ${run.run_id}\nstop it with: aclarai-scheduler cancel-run ${run.run_id}\n`;
  }
  const attempts = run.attempt > 1 ? ` after ${plural(run.attempt, 'attempt')}` : '';
  const took = run.duration === null ? '' : ` in ${secondsText(run.duration)}`;
  const reason = run.reason === null ? '' : ` (${run.reason})`;
  return `${planText(run)}${run.job} ${run.state}${reason}${took}${attempts}\n${fields([...errorFields(run), ...statisticsFields(run), ['Run', run.run_id]])}`;
}

export function queuedText(run: RunShape): string {
  return `${run.job} is queued, the service runs it: run ${run.run_id}\nfollow it with: aclarai-scheduler history ${run.job}\n`;
}

/** The slots that were missed or skipped, each with what became of it now. */
export function backfilledText(shape: BackfillShape): string {
  const count = plural(shape.slots.length, 'slot');
  const head = shape.dry_run
    ? `${shape.job}: ${count} would run, oldest first`
    : `${shape.job}: ${count} taken out of what was missed or skipped`;
  const lines = shape.slots.map((slot, n) => {
    const run = shape.runs[n];
    return `  ${timeText(slot)}${run ? `  ${run.state}  ${run.run_id}` : ''}\n`;
  });
  return `${head}\n${lines.join('')}`;
}

/** What a job says that it did, or in a dry run would do: `plan`, a line each. */
function planText({ statistics }: RunShape): string {
  const { plan } = statistics;
  return Array.isArray(plan) ? `${plan.map((line) => `${line}\n`).join('')}\n` : '';
}

type Field = readonly [string, string];

function errorFields({ error }: RunShape): Field[] {
  if (!error) return [];
  return [['Error', error.message], ...(error.fix === null ? [] : [['Fix', error.fix] as const])];
}

function statisticsFields({ statistics }: RunShape): Field[] {
  return Object.entries(statistics)
    .filter(([key, value]) => key !== 'success' && key !== 'error' && key !== 'plan' && value !== null)
    .map(([key, value]) => [key, valueText(value)] as const);
}
