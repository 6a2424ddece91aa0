// What changed settings would do, as people read it. Pure.

import type { Json } from '#core/handler';
import type { PlannedChange, PlannedJob, PlannedMove, SettingsPlanShape } from '#service/settings-plan';
import { table } from '../table.ts';
import { NONE, plural, timeText, valueText } from '../text.ts';

export function planText(shape: SettingsPlanShape, width: number): string {
  const { added, removed, changed, moved, restart_required } = shape;
  const parts = [
    added.length > 0 ? `Added:\n${jobsText(added)}` : '',
    removed.length > 0
      ? `Removed, with its history kept for a day in case it comes back:\n${jobsText(removed)}`
      : '',
    changed.length > 0 ? changesText(changed, width) : '',
    ...moved.map((move) => moveText(move, width)),
    restart_required.length > 0 ? `Only a restart applies: ${restart_required.join(', ')}\n` : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'Nothing would change\n' : parts.join('\n');
}

function jobsText(jobs: readonly PlannedJob[]): string {
  return jobs
    .map((job) => {
      const when = job.enabled ? slotsText(job.next, job.slots) : 'disabled';
      return `  ${job.job}: ${job.expression} (${job.sentence}), ${job.timezone}; ${when}\n`;
    })
    .join('');
}

function slotsText(next: readonly string[], count: number): string {
  if (count === 0) return 'no run in the next 7 days';
  return `${plural(count, 'run')} in the next 7 days, the first at ${timeText(next[0] ?? null)}`;
}

function changesText(changes: readonly PlannedChange[], width: number): string {
  return table<PlannedChange>(
    [
      { head: 'CHANGED', cell: (change) => change.job ?? NONE },
      { head: 'KEY', cell: (change) => change.key },
      { head: 'FROM', cell: (change) => written(change.from), flexible: true },
      { head: 'TO', cell: (change) => written(change.to), flexible: true },
    ],
    changes,
    width,
  );
}

function written(value: Json): string {
  return value === null ? NONE : valueText(value);
}

/** Slots side by side, from the first on that differs. */
function moveText(move: PlannedMove, width: number): string {
  const { job, before, after, before_slots, after_slots } = move;
  const rows = Array.from({ length: Math.max(before.length, after.length) }, (_, n) => n);
  const cell = (slots: readonly string[]) => (n: number) => timeText(slots[n] ?? null);
  const slots = table<number>(
    [
      { head: 'BEFORE', cell: cell(before) },
      { head: 'AFTER', cell: cell(after) },
    ],
    rows,
    width,
  );
  const head = `${job}: ${plural(before_slots, 'slot')} in the next 7 days before, ${after_slots} after; from the first that differs:`;
  return `${head}\n${slots}`;
}
