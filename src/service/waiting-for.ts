// What holds a queued run back at this moment: the first thing that would have to change. Pure.

import type { EpochMs } from '#core/clock';
import type { Pause } from '#core/pause';
import { HAND_STARTED, type Run } from '#core/run';
import type { Down } from './past.ts';
import { downShape, downText, pausesShape, pausesText, runText, spanText, timeIn } from './phrases.ts';
import { iso } from './shapes.ts';

export type Waiting =
  /** Nobody is there to start it. */
  | { for: 'service'; down: Down }
  /** For its next attempt. */
  | { for: 'time'; notBefore: EpochMs }
  | { for: 'pause'; pauses: readonly Pause[] }
  /** The runs of a line start one after another. */
  | { for: 'line'; behind: Run }
  | { for: 'place'; behind: Run }
  | { for: 'cap'; cap: number }
  | { for: 'turn' };

export interface WaitingView {
  now: EpochMs;
  /** Live runs of all jobs, oldest first. */
  live: readonly Run[];
  /** Pauses of the job and of all jobs that hold now. */
  pauses: readonly Pause[];
  /** Null = a service is up. */
  down: Down | null;
  cap: number;
}

export function waitingFor(run: Run, { now, live, pauses, down, cap }: WaitingView): Waiting {
  if (down) return { for: 'service', down };
  if (run.notBefore !== null && run.notBefore > now) return { for: 'time', notBefore: run.notBefore };
  if (pauses.length > 0 && !HAND_STARTED.includes(run.kind)) return { for: 'pause', pauses };
  const head = run.line === null ? run : live.find((other) => other.line === run.line);
  if (head && head.runId !== run.runId) return { for: 'line', behind: head };
  const rival = run.holdsPlace ? undefined : live.find((other) => isRival(run, other));
  if (rival) return { for: 'place', behind: rival };
  const running = live.filter((other) => other.state !== 'queued').length;
  return running >= cap ? { for: 'cap', cap } : { for: 'turn' };
}

function isRival(run: Run, other: Run): boolean {
  if (other.runId === run.runId || !other.holdsPlace) return false;
  return other.jobUid === run.jobUid || (run.group !== null && other.group === run.group);
}

/** Follows `it waits `. */
export function waitingText(run: Run, waiting: Waiting, now: EpochMs, zone: string): string {
  const what = run.attempts.length > 0 ? `attempt ${run.attempt + 1}` : 'a place';
  switch (waiting.for) {
    case 'service':
      return `for a service to start it: ${downText(waiting.down, zone)}`;
    case 'time': {
      const failed = run.error ? `; the one before failed: ${run.error.message}` : '';
      return `for ${what}, which starts at ${timeIn(waiting.notBefore, zone)}, in ${spanText(waiting.notBefore - now)}${failed}`;
    }
    case 'pause':
      return `for the end of a pause: paused by ${pausesText(waiting.pauses, now, zone)}`;
    case 'line':
      return `in a line behind ${runText(waiting.behind, run.jobUid)}, which is ${waiting.behind.state}`;
    case 'place':
      return `for a place behind ${runText(waiting.behind, run.jobUid)}, which is ${waiting.behind.state}`;
    case 'cap':
      return `for one of the places that all jobs share (max_concurrent_executions: ${waiting.cap})`;
    case 'turn':
      return 'for its turn, which comes at once';
  }
}

export function waitingShape(waiting: Waiting, zone: string): object {
  switch (waiting.for) {
    case 'service':
      return { waits_for: 'service', down: downShape(waiting.down, zone) };
    case 'time':
      return { waits_for: 'time', not_before: iso(waiting.notBefore, zone) };
    case 'pause':
      return { waits_for: 'pause', pauses: pausesShape(waiting.pauses, zone) };
    case 'line':
    case 'place': {
      const { runId, jobId, state } = waiting.behind;
      return { waits_for: waiting.for, run: runId, job: jobId, state };
    }
    case 'cap':
      return { waits_for: 'cap', cap: waiting.cap };
    case 'turn':
      return { waits_for: 'turn' };
  }
}
