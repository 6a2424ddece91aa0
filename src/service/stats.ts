// Figures about all jobs: how many there are, how often they ran, how well and how long.

import type { Clock, EpochMs } from '#core/clock';
import type { StoredJob } from '#core/job';
import type { Pause } from '#core/pause';
import type { Store, Tally } from '#store/store';
import { jobState } from './shapes.ts';

/** Executions are starts, by hand included, that history still has; days and weeks (from Monday) of the scheduler's zone. */
export interface StatsShape {
  total: number;
  active: number;
  paused: number;
  executions_today: number;
  executions_this_week: number;
  executions_this_month: number;
  /** Of those of this month that succeeded or failed; 0 to 1, null where there are none. */
  success_rate: number | null;
  /** Seconds, of the same. */
  average_duration: number | null;
}

export interface StatsParts {
  store: Store;
  clock: Clock;
  timezone(): string;
  jobs(): Promise<StoredJob[]>;
  openPauses(): Promise<Pause[]>;
}

/** Rows that are counted at a time: the loop must not stand still for a million. */
const STRETCH = 2_000;

export async function stats(parts: StatsParts): Promise<StatsShape> {
  const [jobs, pauses] = [await parts.jobs(), await parts.openPauses()];
  const states = jobs.map((job) => jobState(job, pauses));
  const [today, week, month] = await tallies(parts.store, beginnings(parts.clock.now(), parts.timezone()));
  const ended = month.succeeded + month.failed;
  return {
    total: jobs.length,
    active: states.filter((state) => state === 'active').length,
    paused: states.filter((state) => state === 'paused').length,
    executions_today: today.started,
    executions_this_week: week.started,
    executions_this_month: month.started,
    success_rate: ended === 0 ? null : month.succeeded / ended,
    average_duration: ended === 0 ? null : Math.round(month.durationMs / ended) / 1000,
  };
}

type Three<T> = [today: T, week: T, month: T];

function beginnings(now: EpochMs, zone: string): Three<EpochMs> {
  const day = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone).toPlainDate();
  const begin = (date: Temporal.PlainDate) => date.toZonedDateTime(zone).epochMilliseconds;
  return [begin(day), begin(day.subtract({ days: day.dayOfWeek - 1 })), begin(day.with({ day: 1 }))];
}

async function tallies(store: Store, since: Three<EpochMs>): Promise<Three<Tally>> {
  const none = (): Tally => ({ started: 0, succeeded: 0, failed: 0, durationMs: 0 });
  const sums: Three<Tally> = [none(), none(), none()];
  for (let behind: number | null = 0; behind !== null; ) {
    const answer = await store.tally({ since, behind, limit: STRETCH });
    for (const [i, tally] of answer.tallies.entries())
      for (const key of ['started', 'succeeded', 'failed', 'durationMs'] as const)
        sums[i]![key] += tally[key];
    behind = answer.next;
    if (behind !== null) await new Promise((resolve) => setImmediate(resolve));
  }
  return sums;
}
