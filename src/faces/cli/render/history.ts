// Rows of the ledger as a table, each failed one with its error below. Pure.

import { LIVE_STATES } from '#core/run';
import type { RunShape } from '#service/shapes';
import { table } from '../table.ts';
import { NONE, plural, secondsText, statisticsText, timeText } from '../text.ts';

export function historyText(runs: readonly RunShape[], width: number): string {
  if (runs.length === 0) return 'No executions found\n';
  return table<RunShape>(
    [
      { head: 'TIME', cell: (run) => timeText(run.started_at ?? run.slot ?? run.queued_at) },
      { head: 'JOB', cell: (run) => run.job },
      { head: 'KIND', cell: (run) => run.kind },
      { head: 'STATE', cell: (run) => run.state },
      { head: 'REASON', cell: (run) => run.reason ?? NONE },
      { head: 'DURATION', cell: (run) => secondsText(run.duration), align: 'right' },
      { head: 'RUN', cell: (run) => run.run_id, optional: true },
      { head: 'RESULT', cell: resultText, flexible: true },
    ],
    runs,
    width,
    errorLines,
  );
}

/** The slots a row stands for, the id of a run that can still be cancelled, or what it counted. */
function resultText(run: RunShape): string {
  const parts = [
    LIVE_STATES.includes(run.state) ? `run ${run.run_id}` : '',
    run.covers ? coversText(run.covers) : '',
    run.attempt > 1 ? plural(run.attempt, 'attempt') : '',
    run.not_before && run.state === 'queued' ? `again at ${timeText(run.not_before)}` : '',
    statisticsText(run.statistics),
  ];
  return parts.filter((part) => part !== '').join('; ');
}

function coversText({ from, to, count }: NonNullable<RunShape['covers']>): string {
  return count === 1 ? '1 slot' : `${count} slots from ${timeText(from)} to ${timeText(to)}`;
}

function errorLines({ error, reason, by }: RunShape): string[] {
  if (error) return [`Error: ${error.message}${error.fix === null ? '' : ` (${error.fix})`}`];
  return reason === 'overlap' && by ? [`in the way: run ${by}`] : [];
}
