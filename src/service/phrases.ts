// The pieces that sentences about the past are made of: instants, stretches of time, who paused, what was changed. Pure.

import type { EpochMs } from '#core/clock';
import { formatDuration } from '#core/duration';
import type { Pause } from '#core/pause';
import type { Run } from '#core/run';
import type { ScheduleSpec } from '#core/schedule';
import { endOf } from '#engine/segments';
import type { JobChange } from '#store/store';
import type { Down } from './past.ts';
import { expressionOf, iso, isoOrNull, pauseShape } from './shapes.ts';

/** `2026-03-29 03:00:00+02:00`: an instant within a sentence, as the wall clock of `zone` shows it. */
export function timeIn(at: EpochMs, zone: string): string {
  return iso(Math.floor(at / 1000) * 1000, zone).replace('T', ' ');
}

export function timeOrUnknown(at: EpochMs | null, zone: string): string {
  return at === null ? 'a time that is not known' : timeIn(at, zone);
}

const DAY = 86_400_000;
const UNITS: readonly (readonly [ms: number, unit: string])[] = [
  [DAY, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1000, 's'],
];

/** `2.1s`, `5m`, `1h 2m`: the two largest units say enough. */
export function spanText(ms: number): string {
  if (ms < 60_000) return formatDuration(ms < 1000 ? Math.round(ms) : Math.round(ms / 100) * 100);
  let left = Math.round(ms / 1000) * 1000;
  const parts = UNITS.map(([size, unit]) => {
    const amount = Math.floor(left / size);
    left -= amount * size;
    return { amount, text: `${amount}${unit}` };
  });
  const first = parts.findIndex(({ amount }) => amount > 0);
  const two = parts.slice(first, first + 2).filter(({ amount }) => amount > 0);
  return two.map(({ text }) => text).join(' ');
}

/** `ann (backup) from … to …`, or `ann since … and still`; several are joined by `and by`. */
export function pausesText(pauses: readonly Pause[], now: EpochMs, zone: string): string {
  return pauses
    .map((pause) => {
      const { who, why, since, until } = pause;
      const end = endOf(pause);
      const isOver = end !== null && end <= now;
      const holder = `${who}${why ? ` (${why})` : ''}`;
      if (isOver) return `${holder} from ${timeIn(since, zone)} to ${timeIn(end, zone)}`;
      const open = until === null ? ' and still' : ` until ${timeIn(until, zone)}`;
      return `${holder} since ${timeIn(since, zone)}${open}`;
    })
    .join(', and by ');
}

export function pausesShape(pauses: readonly Pause[], zone: string): object[] {
  return pauses.map((pause) => ({
    ...pauseShape(pause, zone),
    of: pause.jobUid === null ? 'all jobs' : 'this job',
    ended_at: isoOrNull(endOf(pause), zone),
  }));
}

/** `no service was up from … to …`. */
export function downText(down: Down | null, zone: string): string {
  if (down === null) return 'no service was up to decide it in time';
  if (down.from === null && down.to === null) return 'no service has been up yet';
  if (down.to === null) return `no service has been up since ${timeIn(down.from!, zone)}`;
  if (down.from === null) return `no service was up before ${timeIn(down.to, zone)}`;
  return `no service was up from ${timeIn(down.from, zone)} to ${timeIn(down.to, zone)}`;
}

export function downShape(down: Down | null, zone: string): object | null {
  return down && { from: isoOrNull(down.from, zone), to: isoOrNull(down.to, zone) };
}

/** A run that was in the way or stands before another: `run … of backup`; of the same job only its id. */
export function runText(run: Pick<Run, 'runId' | 'jobId' | 'jobUid'>, jobUid: string): string {
  return run.jobUid === jobUid ? `run ${run.runId}` : `run ${run.runId} of ${run.jobId}`;
}

/** What a change did to the job: `the schedule was changed from … to …`. */
export function changeText(change: JobChange, zone: string): string {
  const at = `at ${timeIn(change.at, zone)}`;
  const when = change.by === 'settings' ? `in the settings ${at}` : `${at} by ${change.by}`;
  const [before, after] = [scheduleIn(change.before), scheduleIn(change.after)];
  switch (change.what) {
    case 'created':
      return `the job was made ${change.by === 'settings' ? at : when}`;
    case 'enabled':
      return `the job was ${isOff(change.after) ? 'disabled' : 'enabled'} ${when}`;
    case 'orphaned':
      return `the job was taken out of the settings ${at}`;
    case 'returned':
      return `the job came back into the settings ${at}`;
    case 'deleted':
      return `the job was deleted ${when}`;
    case 'state':
      return `the job became ${String(change.after)} ${at}`;
    default:
      return before !== null && after !== null && before !== after
        ? `the schedule was changed from ${before} to ${after} ${when}`
        : `the definition was changed ${when}`;
  }
}

export function changeShape(change: JobChange | null, zone: string): object | null {
  if (change === null) return null;
  const { what, at, by, before, after } = change;
  const shown = (side: JobChange['after']) => (typeof side === 'string' ? side : scheduleIn(side));
  return { what, at: iso(at, zone), by, before: shown(before), after: shown(after) };
}

function scheduleIn(definition: JobChange['after']): string | null {
  const { schedule } = (definition ?? {}) as { schedule?: ScheduleSpec };
  return schedule === undefined ? null : expressionOf(schedule);
}

function isOff(definition: JobChange['after']): boolean {
  return (definition as { enabled?: boolean } | null)?.enabled === false;
}
