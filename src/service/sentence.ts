// A schedule in plain English, for whoever wants to see that it means what they meant. Pure.

import cronstrue from 'cronstrue';
import type { ScheduleDraft } from '#core/job';
import type { ScheduleSpec } from '#core/schedule';
import { iso } from './shapes.ts';

/** The words of the documents for the kinds of schedules. */
export const TYPE_OF: Record<ScheduleSpec['kind'], 'cron' | 'interval' | 'once' | 'manual'> = {
  cron: 'cron',
  every: 'interval',
  at: 'once',
  manual: 'manual',
};

const UNITS: Record<string, string> = {
  s: 'second',
  m: 'minute',
  h: 'hour',
  d: 'day',
  w: 'week',
  mo: 'month',
};

/** One sentence without its full stop. A cron text that the library has no words for is shown as it is. */
export function sentenceOf(spec: ScheduleDraft): string {
  switch (spec.kind) {
    case 'cron':
      return cronSentence(spec.expression, spec.dayMatch);
    case 'every':
      return `Every ${inWords(spec.every)}${spec.anchor === null ? '' : `, counted from ${iso(spec.anchor, spec.timezone)}`}`;
    case 'at':
      return `Once, at ${iso(spec.at, spec.timezone)}`;
    case 'manual':
      return 'Only when it is started by hand';
  }
}

/** `5m` → `5 minutes`, `1h` → `hour`; longer spellings are words already. */
function inWords(every: string): string {
  const [, amount = '', unit = ''] = /^(\d+)\s*([a-z]+)$/i.exec(every) ?? [];
  const word = UNITS[unit.toLowerCase()];
  if (!word) return every;
  return amount === '1' ? word : `${amount} ${word}s`;
}

function cronSentence(expression: string, dayMatch: 'or' | 'and'): string {
  const either = dayMatch === 'or' && restrictsBothDays(expression);
  try {
    const text = cronstrue.toString(expression, {
      use24HourTimeFormat: true,
      logicalAndDayFields: !either,
    });
    // The library says "and" where rule 12 means: on one day as well as on the other.
    return either ? text.replace(', and on', ', or on') : text;
  } catch {
    return `By the cron expression ${expression}`;
  }
}

/** Rule 12: a day field that begins with `*` (or is `?`) restricts nothing. */
function restrictsBothDays(expression: string): boolean {
  const fields = expression.split(' ');
  const [dayOfMonth, dayOfWeek] = [fields.at(-3), fields.at(-1)];
  return fields.length >= 5 && !/^[*?]/.test(dayOfMonth ?? '*') && !/^[*?]/.test(dayOfWeek ?? '*');
}
