// Which rules may run, in which order, and dry or not: the first look at a rule, before any disk. Pure.

import type { CleanupRule, HousekeeperSettings } from '#core/cleanup';
import { closest } from '#core/did-you-mean';
import { SchedulerError } from '#core/errors';
import { compilePattern } from './pattern.ts';

/** One wrong field of a rule; `field` is its name in the settings. */
export interface RuleFault {
  field: string;
  message: string;
  fix: string;
}

const LONGEST_DIRECTORY = 512;
const LONGEST_PATTERN = 128;

/** Everything that is wrong with a rule as written: the pattern, and numbers out of range. */
export function ruleFaults(rule: CleanupRule): RuleFault[] {
  const faults: RuleFault[] = [];
  if (!rule.directory.startsWith('/') || rule.directory.includes('\0'))
    faults.push({
      field: 'directory',
      message: `directory ${JSON.stringify(rule.directory)} is not an absolute path`,
      fix: 'write the whole path, beginning with /',
    });
  checkLength(faults, 'directory', rule.directory, LONGEST_DIRECTORY);
  checkLength(faults, 'pattern', rule.pattern, LONGEST_PATTERN);
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

/** The rules of the settings, then those that were registered; an id of the settings goes before one of a call. */
export function allRules(
  settings: readonly CleanupRule[],
  registered: readonly CleanupRule[],
): CleanupRule[] {
  const taken = new Set(settings.map((rule) => rule.id));
  return [...settings, ...registered.filter((rule) => !taken.has(rule.id))];
}

/** Throws CONFIG_NOT_FOUND with the nearest id. */
export function ruleOf<Rule extends { id: string }>(rules: readonly Rule[], id: string): Rule {
  const rule = rules.find((candidate) => candidate.id === id);
  if (rule) return rule;
  throw unknownRule(id, rules);
}

export function unknownRule(id: string, rules: readonly { id: string }[]): SchedulerError {
  const ids = rules.map((candidate) => candidate.id);
  const near = closest(id, ids);
  const known = ids.length === 0 ? 'there are no cleanup rules' : `the rules are: ${ids.join(', ')}`;
  return new SchedulerError(
    'CONFIG_NOT_FOUND',
    `there is no cleanup rule "${id}"`,
    near ? `did you mean "${near}"?` : known,
  );
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

function checkLength(faults: RuleFault[], field: string, value: string, most: number): void {
  if (value.length <= most) return;
  faults.push({
    field,
    message: `${field} has ${value.length} characters`,
    fix: `write at most ${most}`,
  });
}
