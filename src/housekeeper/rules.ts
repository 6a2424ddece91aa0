// Which rules may run, in which order, and dry or not: the first look at a rule, before any disk. Pure.

import type { CleanupRule, HousekeeperSettings } from '#core/cleanup';
import { SchedulerError } from '#core/errors';
import { compilePattern } from './pattern.ts';

/** One wrong field of a rule; `field` is its name in the settings. */
export interface RuleFault {
  field: string;
  message: string;
  fix: string;
}

/** Everything that is wrong with a rule as written: the pattern, and numbers out of range. */
export function ruleFaults(rule: CleanupRule): RuleFault[] {
  const faults: RuleFault[] = [];
  if (!rule.directory.startsWith('/') || rule.directory.includes('\0'))
    faults.push({
      field: 'directory',
      message: `directory ${JSON.stringify(rule.directory)} is not an absolute path`,
      fix: 'write the whole path, beginning with /',
    });
  try {
    compilePattern(rule.pattern);
  } catch (thrown) {
    if (!(thrown instanceof SchedulerError)) throw thrown;
    faults.push({ field: 'pattern', message: thrown.message, fix: thrown.fix ?? '' });
  }
  checkNumber(faults, 'retention_days', rule.retentionDays, { whole: false });
  checkNumber(faults, 'max_files', rule.maxFiles, { whole: true });
  checkNumber(faults, 'max_size_mb', rule.maxSizeMb, { whole: false });
  checkNumber(faults, 'min_keep', rule.minKeep, { whole: true });
  checkNumber(faults, 'priority', rule.priority, { whole: true });
  checkNumber(faults, 'max_delete_share', rule.maxDeleteShare, { whole: false, max: 1 });
  return faults;
}

/** A fault of a rule as every face shows it. */
export function asError(fault: RuleFault): SchedulerError {
  return new SchedulerError('INVALID_PARAMETERS', fault.message, fault.fix);
}

/** Lower priority first; equals in the order in which they stand. */
export function byPriority(rules: readonly CleanupRule[]): CleanupRule[] {
  return rules.toSorted((a, b) => a.priority - b.priority);
}

/** The call, the rule and the settings can each make a run dry; none can undercut another. */
export function isDryRun(
  call: boolean,
  rule: Pick<CleanupRule, 'dryRun'>,
  settings: Pick<HousekeeperSettings, 'dryRun'>,
): boolean {
  return call || rule.dryRun || settings.dryRun;
}

function checkNumber(
  faults: RuleFault[],
  field: string,
  value: number | null,
  { whole, max = Number.MAX_SAFE_INTEGER }: { whole: boolean; max?: number },
): void {
  if (value === null) return;
  const inRange = Number.isFinite(value) && value >= 0 && value <= max;
  if (inRange && (!whole || Number.isInteger(value))) return;
  const upTo = max === Number.MAX_SAFE_INTEGER ? 'of 0 or more' : `from 0 to ${max}`;
  faults.push({
    field,
    message: `${field} is ${value}`,
    fix: `write a ${whole ? 'whole ' : ''}number ${upTo}`,
  });
}
