// Status as lines for people: is it up, what holds it back, what is going on. Pure.

import type { JobShape } from '#service/shapes';
import type { StatusShape } from '#service/status';
import { fields } from '../table.ts';
import { timeText } from '../text.ts';
import { holderText, type PauseShape } from './pause.ts';

export function statusText(status: StatusShape, pausedJobs: readonly JobShape[]): string {
  const states = Object.entries(status.jobs).map(([state, count]) => `${count} ${state}`);
  return fields([
    ['State', status.since === null ? status.state : `${status.state} since ${timeText(status.since)}`],
    ...lines('Paused by', [...status.paused.map(holderText), ...pausedAlone(status, pausedJobs)]),
    ['Jobs', states.join(', ') || 'none'],
    ['Runs', `${status.running} running, ${status.queued} queued`],
    ['Graph', status.graph],
    ['Time', `${timeText(status.now)} in ${status.timezone} (tzdata ${status.tzdata})`],
    ...(status.last_tick === null ? [] : [['Last tick', timeText(status.last_tick)] as const]),
    ...lines('Clock', behindText(status.clock_behind)),
    ...lines('Settings', status.config_error ?? []),
    ...lines('Needs restart', status.restart_required),
    ...lines('Warnings', status.warnings),
    ...lines('Holes', status.holes.map(holeText)),
    ['Version', status.version],
  ]);
}

/** Found by the invariant check: nothing mends it, a person has to know. */
function holeText({ job, from, to, count }: StatusShape['holes'][number]): string {
  const which =
    count === 1 ? `slot ${timeText(from)}` : `${count} slots, ${timeText(from)} to ${timeText(to)}`;
  return `${job}: no account of ${which}; a fault of the scheduler, please report it`;
}

/** Rule 13: a service that finds this at its start waits. */
function behindText(seconds: number | null): string[] {
  if (seconds === null) return [];
  const hours = Math.round(seconds / 360) / 10;
  return [`${hours} h behind the newest row: nothing starts until it is right, or: start --accept-clock`];
}

/** Pauses of single jobs; those of all jobs stand above already. */
function pausedAlone(status: StatusShape, jobs: readonly JobShape[]): string[] {
  return jobs.flatMap((job) =>
    job.paused_by
      .filter((pause) => !status.paused.some((each) => isSame(each, pause)))
      .map((pause) => `${holderText(pause)}: only ${job.id}`),
  );
}

/** The same person may pause all and one; what lies outside the store holds all, whenever it was found. */
function isSame(a: PauseShape, b: PauseShape): boolean {
  if (a.source !== b.source || a.who !== b.who) return false;
  return a.source !== 'api' || Temporal.Instant.from(a.since).equals(b.since);
}

function lines(name: string, values: readonly string[]): (readonly [string, readonly string[]])[] {
  return values.length === 0 ? [] : [[name, values]];
}
