// Pauses told to people: who holds, why, since when, and what a command changed about it. Pure.

import type { ResumeShape } from '#service/pauses';
import type { pauseShape } from '#service/shapes';
import { timeText } from '../text.ts';

export type PauseShape = ReturnType<typeof pauseShape>;

interface Holder {
  who: string;
  since: string;
  why?: string | null;
  until?: string | null;
}

/** `cli:anna (moving the vault) since 2026-03-29 03:00:00Z`. */
export function holderText(pause: Holder): string {
  const why = pause.why ? ` (${pause.why})` : '';
  const until = pause.until ? ` until ${timeText(pause.until)}` : '';
  return `${pause.who}${why} since ${timeText(pause.since)}${until}`;
}

/** `others` hold the same, and go on doing so after the pause is lifted. */
export function pausedText(
  job: string | null,
  others: readonly PauseShape[],
  until: string | null = null,
): string {
  const forNow = until === null ? '' : ` until ${timeText(until)}`;
  const head = `${job === null ? 'All jobs are paused' : `${job} is paused`}${forNow}`;
  const lift = job === null ? 'aclarai-scheduler resume' : `aclarai-scheduler resume ${job}`;
  return `${head}; lift it with: ${lift}\n${list('also held by', others)}`;
}

export function resumedText(done: ResumeShape, pausedAlone: readonly string[]): string {
  const target = done.job ?? 'all jobs';
  const isHeld = done.still_paused_by.length > 0;
  const head = isHeld ? `the pause of ${target} is lifted, others still hold` : `${target} resumed`;
  const alone =
    pausedAlone.length > 0 ? `paused by themselves, and still so: ${pausedAlone.join(', ')}\n` : '';
  const caughtUp = done.caught_up.map((run) => `queued for the newest slot of the pause: run ${run}\n`);
  return `${head}\n${list('still held by', done.still_paused_by)}${alone}${caughtUp.join('')}`;
}

function list(head: string, pauses: readonly Holder[]): string {
  return pauses.map((pause) => `${head} ${holderText(pause)}\n`).join('');
}
