// Figures, the audit and a reload as text. Pure.

import type { Json } from '#core/handler';
import type { AuditShape } from '#service/audit-trail';
import type { StatsShape } from '#service/stats';
import { fields, table } from '../table.ts';
import { NONE, secondsText, timeText } from '../text.ts';

export interface ReloadShape {
  reloaded: boolean;
  config_error: readonly string[] | null;
  restart_required: readonly string[];
}

export function statsText(stats: StatsShape): string {
  const { success_rate: rate } = stats;
  return fields([
    ['Total', String(stats.total)],
    ['Active', String(stats.active)],
    ['Paused', String(stats.paused)],
    [
      'Runs',
      `${stats.executions_today} today, ${stats.executions_this_week} this week, ${stats.executions_this_month} this month`,
    ],
    ['Success rate', rate === null ? NONE : `${(rate * 100).toFixed(1)} %`],
    ['Average duration', secondsText(stats.average_duration)],
  ]);
}

export function auditText(changes: readonly AuditShape[], width: number): string {
  if (changes.length === 0) return 'No changes found\n';
  return table<AuditShape>(
    [
      { head: 'TIME', cell: ({ at }) => timeText(at) },
      { head: 'WHO', cell: ({ by }) => by, flexible: true },
      { head: 'WHAT', cell: ({ what }) => what },
      { head: 'JOB', cell: ({ job }) => job ?? NONE },
      { head: 'CHANGE', cell: ({ before, after }) => changeText(before, after), flexible: true },
    ],
    changes,
    width,
  );
}

/** The keys that differ; all of what was made or is gone. */
function changeText(before: Json, after: Json): string {
  const [was, is] = [flat(before), flat(after)];
  const keys = [...new Set([...was.keys(), ...is.keys()])].filter((key) => was.get(key) !== is.get(key));
  const texts = keys.map((key) => {
    const [from, to] = [was.get(key), is.get(key)];
    const name = key === '' ? '' : `${key} `;
    return from === undefined
      ? `${name}${to}`
      : to === undefined
        ? `${name}was ${from}`
        : `${name}${from} → ${to}`;
  });
  return texts.join(', ');
}

function flat(value: Json): Map<string, string> {
  if (value === null) return new Map();
  if (typeof value !== 'object' || Array.isArray(value)) return new Map([['', JSON.stringify(value)]]);
  const entries = Object.entries(value).filter(([, each]) => each !== null);
  return new Map(
    entries.map(([key, each]) => [key, typeof each === 'string' ? short(each) : JSON.stringify(each)]),
  );
}

/** A hash only says whether something is the same. */
function short(text: string): string {
  return /^[\da-f]{64}$/.test(text) ? text.slice(0, 8) : text;
}

export function reloadText({ reloaded, config_error, restart_required }: ReloadShape): string {
  if (!reloaded)
    return `the last good settings stay:\n${(config_error ?? []).map((each) => `${each}\n`).join('')}`;
  const later = restart_required.length > 0 ? `; a restart applies: ${restart_required.join(', ')}` : '';
  return `the settings are in force${later}\n`;
}
