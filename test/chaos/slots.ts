// The slots that the audit expects, by arithmetic and by another library than the service has. Pure.

import { Cron } from 'croner';

/** A schedule of the load; instants are epoch milliseconds. */
export type LoadSchedule =
  | { kind: 'every'; seconds: number }
  | { kind: 'cron'; expression: string }
  | { kind: 'at'; at: number };

/** What `every` counts from. */
export const ANCHOR = Date.UTC(2020, 0, 1);

/** Slots in (after, upTo], ascending. */
export function slotsIn(schedule: LoadSchedule, after: number, upTo: number): number[] {
  switch (schedule.kind) {
    case 'every':
      return gridIn(schedule.seconds * 1000, after, upTo);
    case 'at':
      return schedule.at > after && schedule.at <= upTo ? [schedule.at] : [];
    case 'cron':
      return cronIn(schedule.expression, after, upTo);
  }
}

function gridIn(period: number, after: number, upTo: number): number[] {
  const slots: number[] = [];
  const first = ANCHOR + (Math.floor((after - ANCHOR) / period) + 1) * period;
  for (let slot = first; slot <= upTo; slot += period) slots.push(slot);
  return slots;
}

function cronIn(expression: string, after: number, upTo: number): number[] {
  const slots: number[] = [];
  const calendar = new Cron(expression, { timezone: 'UTC' });
  let next = calendar.nextRun(new Date(after));
  while (next && next.getTime() <= upTo) {
    slots.push(next.getTime());
    next = calendar.nextRun(next);
  }
  return slots;
}

/** One text for one schedule, to compare by. */
export function nameOf(schedule: LoadSchedule): string {
  switch (schedule.kind) {
    case 'every':
      return `every ${schedule.seconds}s from ${isoOf(ANCHOR)}`;
    case 'cron':
      return `cron ${schedule.expression}`;
    case 'at':
      return `at ${isoOf(schedule.at)}`;
  }
}

/** The same text for a schedule as the ledger keeps it. */
export function nameOfStored(stored: Record<string, unknown>): string {
  switch (stored.kind) {
    case 'every':
      return `every ${stored.every} from ${isoOf(Number(stored.anchor))}`;
    case 'cron':
      return `cron ${stored.expression}`;
    default:
      return `at ${isoOf(Number(stored.at))}`;
  }
}

export function isoOf(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}
