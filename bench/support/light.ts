// Jobs that do nothing every second, and how late they start: what the benches put beside something heavy.

import type { LedgerRun, Project, Service } from './process.ts';

const SECOND = 1000;
const JOBS = 5;

/** Five jobs in the service's own thread, due at every whole second. */
export const LIGHT = {
  jobs: Array.from(
    { length: JOBS },
    (_, place) =>
      `light_${place}: { enabled: true, handler: light, isolation: inline, cron: "* * * * * *", retries: 0 }`,
  ),
  code: { light: 'return {};' },
} satisfies Project;
export const LIGHT_JOBS = JOBS;

/** The first whole second at least `ms` from now. */
export function secondAfter(ms: number): number {
  return Math.ceil((Date.now() + ms) / SECOND) * SECOND;
}

/**
 * The 99th hundredth of start − slot of the light jobs in (after, upTo], in milliseconds, never below the
 * ledger's resolution of 1. What never started was late by a period at least. Throws where a slot has no row.
 */
export function latenessP99(service: Service, after: number, upTo: number): number {
  const runs = service.runsIn(after, upTo).filter((run) => run.job.startsWith('light_'));
  const wanted = ((upTo - after) / SECOND) * JOBS;
  if (runs.length !== wanted) throw new Error(`${runs.length} rows for ${wanted} slots`);
  return p99(runs.map(latenessOf));
}

export function p99(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return Math.max(1, sorted[Math.ceil(0.99 * sorted.length) - 1]!);
}

function latenessOf({ slot, startedAt }: LedgerRun): number {
  return startedAt === null ? SECOND : startedAt - slot;
}
