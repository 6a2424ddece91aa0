// The rules of the settings in, clean directories and a report out: the part that the service calls.

import { lstat } from 'node:fs/promises';
import type {
  CleanupAnswer,
  CleanupResult,
  CleanupRule,
  CleanupWarning,
  HousekeeperSettings,
} from '#core/cleanup';
import type { Clock, EpochMs } from '#core/clock';
import { closest } from '#core/did-you-mean';
import { faultFields, SchedulerError, toErrorRecord } from '#core/errors';
import type { Log } from '#core/log';
import { mapBounded } from './bounded.ts';
import { cleanRule, openAllowed, unreadable } from './clean-rule.ts';
import { LastRuns } from './last-runs.ts';
import { type Fences, locateFences, type ProtectedPaths } from './places.ts';
import { reportOf, writeReport } from './report.ts';
import { asError, byPriority, isDryRun, ruleFaults } from './rules.ts';

export interface HousekeeperParts {
  clock: Clock;
  log: Log;
  /** Asked once a run: a reload in the middle changes the next one. */
  settings: () => HousekeeperSettings;
  /** Asked before every listing and every deletion. */
  protectedPaths: () => ProtectedPaths;
  stateDir: string;
  /** IANA name, for the times in reports. UTC if absent. */
  timezone?: () => string;
}

export interface CleanupRequest {
  /** One rule; absent = all, with a report. */
  ruleId?: string;
  dryRun?: boolean;
  signal?: AbortSignal;
}

export interface Housekeeper {
  /**
   * Cleans by one rule or by all, lower priority first, `concurrent_cleanups` at a time. A rule that fails is
   * a failed result and stops no other. Throws only CONFIG_NOT_FOUND, for an unknown rule.
   */
  run(request?: CleanupRequest): Promise<CleanupAnswer>;
  /** What would make these rules fail: bad fields, forbidden directories, directories that cannot be read. */
  check(rules: readonly CleanupRule[]): Promise<CleanupWarning[]>;
  /** Rule id → start of its last successful real run; a dry run does not count. */
  lastRuns(): Promise<ReadonlyMap<string, EpochMs>>;
}

export function createHousekeeper(parts: HousekeeperParts): Housekeeper {
  const lastRuns = new LastRuns(parts.stateDir, parts.log);
  return {
    run: (request = {}) => runCleanup(parts, lastRuns, request),
    async check(rules) {
      const fences = await currentFences(parts, parts.settings());
      return (await Promise.all(rules.map((rule) => checkRule(rule, fences)))).flat();
    },
    lastRuns: () => lastRuns.read(),
  };
}

async function runCleanup(
  parts: HousekeeperParts,
  lastRuns: LastRuns,
  request: CleanupRequest,
): Promise<CleanupAnswer> {
  const settings = parts.settings();
  const timezone = parts.timezone?.() ?? 'UTC';
  const startedAt = parts.clock.now();
  const rules = request.ruleId === undefined ? settings.rules : [findRule(settings.rules, request.ruleId)];
  const details = await mapBounded(byPriority(rules), settings.concurrentCleanups, (rule) =>
    cleanRule({
      rule,
      dryRun: isDryRun(request.dryRun ?? false, rule, settings),
      now: startedAt,
      defaultRetentionDays: settings.defaultRetentionDays,
      fences: () => currentFences(parts, settings),
      timezone,
      log: parts.log,
      signal: request.signal,
    }),
  );
  await lastRuns.record(idsToMove(details), startedAt);

  const report = reportOf(details, startedAt, timezone, (request.dryRun ?? false) || settings.dryRun);
  const { total_files_deleted, total_space_freed, dry_run } = report;
  const figures = { total_files_deleted, total_space_freed, dry_run };
  if (request.ruleId !== undefined) return { result: details[0]!, ...figures };
  const report_file = settings.reportEnabled
    ? await tryToWrite(parts.log, settings.reportDirectory, () =>
        writeReport(settings.reportDirectory, report, startedAt, timezone),
      )
    : null;
  return { report, report_file, ...figures };
}

function idsToMove(details: readonly CleanupResult[]): string[] {
  return details.filter((detail) => detail.success && !detail.dry_run).map((detail) => detail.id);
}

/** A report that cannot be written is a warning: the files are gone all the same. */
async function tryToWrite(log: Log, directory: string, write: () => Promise<string>): Promise<string | null> {
  try {
    return await write();
  } catch (thrown) {
    log.warn(`the cleanup report cannot be written to ${directory}`, faultFields(thrown, 'housekeeper'));
    return null;
  }
}

function findRule(rules: readonly CleanupRule[], id: string): CleanupRule {
  const rule = rules.find((candidate) => candidate.id === id);
  if (rule) return rule;
  const ids = rules.map((candidate) => candidate.id);
  const near = closest(id, ids);
  const known = ids.length === 0 ? 'there are no cleanup rules' : `the rules are: ${ids.join(', ')}`;
  throw new SchedulerError(
    'CONFIG_NOT_FOUND',
    `there is no cleanup rule "${id}"`,
    near ? `did you mean "${near}"?` : known,
  );
}

function currentFences(parts: HousekeeperParts, settings: HousekeeperSettings): Promise<Fences> {
  return locateFences(parts.protectedPaths(), settings.allowedRoots);
}

async function checkRule(rule: CleanupRule, fences: Fences): Promise<CleanupWarning[]> {
  const faults: unknown[] = ruleFaults(rule).map(asError);
  if (faults.length === 0) {
    try {
      await using directory = await openAllowed(rule, fences);
      await lstat(await directory.here()); // may be opened, but may its files be looked at?
    } catch (thrown) {
      faults.push(unreadable(rule.directory, thrown));
    }
  }
  return faults.map((fault) => ({ id: rule.id, directory: rule.directory, ...toErrorRecord(fault) }));
}
