// A simulation as a table of what would come, with sums below. Pure.

import type { SimulatedRun, SimulationCounts, SimulationShape } from '#service/simulation';
import { fields, table } from '../table.ts';
import { NONE, plural, secondsText, timeText } from '../text.ts';

export function simulationText(shape: SimulationShape, width: number): string {
  const span = `from ${timeText(shape.from)} to ${timeText(shape.to)}`;
  if (shape.runs.length === 0) return `Nothing would run ${span}\n`;
  const rows = table<SimulatedRun>(
    [
      { head: 'TIME', cell: (run) => timeText(run.starts_at ?? run.slot ?? run.decided_at) },
      { head: 'JOB', cell: (run) => run.job },
      { head: 'OUTCOME', cell: (run) => run.outcome },
      { head: 'REASON', cell: (run) => run.reason ?? NONE },
      { head: 'DURATION', cell: durationText, align: 'right' },
      { head: 'NOTE', cell: noteText, flexible: true },
    ],
    shape.runs,
    width,
  );
  const { jobs, ...all } = shape.totals;
  const names = Object.keys(jobs);
  const sums = names.map((job) => [job, countsText(jobs[job]!, shape.durations[job] ?? 0)] as const);
  const total = names.length > 1 ? [['all', countsText(all, null)] as const] : [];
  return `${rows}\n${span}\n${fields([...sums, ...total])}`;
}

function durationText({ starts_at, ends_at }: SimulatedRun): string {
  const seconds = starts_at === null || ends_at === null ? 0 : secondsBetween(starts_at, ends_at);
  return seconds === 0 ? NONE : secondsText(seconds);
}

function noteText(run: SimulatedRun): string {
  const { slot, starts_at, covers, cuts, outcome, kind, reason } = run;
  const late = slot !== null && starts_at !== null ? secondsBetween(slot, starts_at) : 0;
  const parts = [
    kind === 'startup' ? 'run_on_start' : '',
    late > 0 ? `${secondsText(late)} after its slot` : '',
    covers && covers.count > 1
      ? `${covers.count} slots from ${timeText(covers.from)} to ${timeText(covers.to)}`
      : '',
    cuts > 0 ? `begun again after ${cuts === 1 ? 'the downtime' : `${cuts} downtimes`}` : '',
    outcome === 'run' && starts_at === null && reason === null ? 'still waits at the end' : '',
  ];
  return parts.filter((part) => part !== '').join('; ');
}

function countsText(counts: SimulationCounts, duration: number | null): string {
  const { run, coalesced, skipped, missed, reasons } = counts;
  const because = Object.entries(reasons).map(([reason, count]) => `${reason} ${count}`);
  const parts = [
    duration === null || duration === 0 || run === 0
      ? plural(run, 'run')
      : `${plural(run, 'run')} of ${secondsText(duration)}`,
    coalesced > 0 ? `${coalesced} coalesced` : '',
    skipped > 0 ? `${skipped} skipped` : '',
    missed > 0 ? `${missed} missed` : '',
  ];
  const told = parts.filter((part) => part !== '').join(', ');
  return because.length > 0 ? `${told} (${because.join(', ')})` : told;
}

function secondsBetween(from: string, to: string): number {
  return from === to ? 0 : (Date.parse(to) - Date.parse(from)) / 1000;
}
