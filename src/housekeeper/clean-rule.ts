// One rule from its directory to its result: admit, list, plan, admit again, delete. A dry run stops before the last two.

import type { CleanupResult, CleanupRule } from '#core/cleanup';
import type { EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { Log } from '#core/log';
import { type ListedFile, type Listing, listFiles, reasonOf, removeFiles } from './disk.ts';
import { OpenDirectory } from './open-directory.ts';
import { compilePattern } from './pattern.ts';
import { type Fences, locatePlace, neverEntered } from './places.ts';
import { type CleanupPlan, planCleanup, SHARE_FROM_FILES } from './plan.ts';
import { readPlanned, writePlanned } from './plan-file.ts';
import { stillAsPlanned, tellUnfit } from './planned.ts';
import { type RuleOutcome, resultOf } from './report.ts';
import { asError, ruleFaults } from './rules.ts';
import { refusal } from './safety.ts';

export interface RuleRun {
  rule: CleanupRule;
  dryRun: boolean;
  /** The instant that ages are counted from. */
  now: EpochMs;
  defaultRetentionDays: number;
  /** Asked before listing and again before deleting. */
  fences: () => Promise<Fences>;
  timezone: string;
  /** Where a dry run writes what it would remove. */
  planTo?: string | undefined;
  /** The plan to keep to: nothing goes that it does not name as the file is now. */
  planFrom?: string | undefined;
  log: Log;
  signal?: AbortSignal | undefined;
}

const NOTHING: RuleOutcome = { gone: [], kept: 0, warnings: [], defaultRetentionDays: null, error: null };

/** Never throws: a directory that is forbidden or unreadable, or anything else, is a failed result. */
export async function cleanRule(run: RuleRun): Promise<CleanupResult> {
  const { rule, dryRun, log, timezone } = run;
  const outcome = await outcomeOf(run);
  const result = resultOf(rule, dryRun, outcome, timezone);
  const fields = {
    cleanup: rule.id,
    directory: rule.directory,
    files_deleted: result.files_deleted,
    files_kept: result.files_kept,
    space_freed: result.space_freed,
    dry_run: dryRun,
    ...(result.warnings.length > 0 && { warnings: result.warnings }),
  };
  if (!result.success) log.error(result.message, { ...fields, error: result.error });
  else if (result.warnings.length > 0) log.warn(result.message, fields);
  else log.info(result.message, fields);
  return result;
}

/** The directory of a rule, open and allowed; otherwise throws what is wrong with the rule. */
export async function openAllowed(rule: CleanupRule, fences: Fences): Promise<OpenDirectory> {
  const fault = ruleFaults(rule)[0];
  if (fault) throw asError(fault);
  const place = await locatePlace(rule.directory);
  const refused = refusal(place, rule, fences);
  if (refused) throw refused;
  try {
    return await OpenDirectory.openRoot(place.real);
  } catch (thrown) {
    throw unreadable(rule.directory, thrown);
  }
}

/** An error of the system as the fault of a directory; ours pass through. */
export function unreadable(directory: string, thrown: unknown): SchedulerError {
  if (thrown instanceof SchedulerError) return thrown;
  return new SchedulerError(
    'CLEANUP_ERROR',
    `${directory} cannot be cleaned: ${reasonOf(thrown)}`,
    'make the directory, let the user of the service read and write it, or remove the rule',
    { cause: thrown },
  );
}

async function outcomeOf(run: RuleRun): Promise<RuleOutcome> {
  try {
    if (run.signal?.aborted) throw stopped(0);
    const listing = await list(run);
    const plan = planCleanup(listing.files, run.rule, run.now, run.defaultRetentionDays);
    return await carryOut(run, listing, plan);
  } catch (thrown) {
    return { ...NOTHING, error: run.signal?.aborted ? stopped(0) : thrown };
  }
}

/** What the plan says, cut to the plan that was shown before where there is one. */
async function carryOut(run: RuleRun, listing: Listing, plan: CleanupPlan<ListedFile>): Promise<RuleOutcome> {
  const { remove: wanted, unfit } = run.planFrom
    ? stillAsPlanned(plan, await readPlanned(run.planFrom))
    : { remove: plan.remove, unfit: [] };
  const vanished = unfit.filter(({ reason }) => reason === 'gone').length;
  const unread = listing.unreadable.filter(({ kind }) => kind === 'file').length;
  const keptWithout = (gone: number) => listing.files.length - gone + unread + vanished;
  const base = {
    ...NOTHING,
    warnings: [
      ...listing.unreadable.map(({ path, reason }) => `${path}: ${reason}`),
      ...unfit.map(tellUnfit),
    ],
    defaultRetentionDays: plan.usedDefaultRetention ? run.defaultRetentionDays : null,
  };
  if (plan.kind === 'refused') return { ...base, kept: keptWithout(0), error: tooLargeShare(run.rule, plan) };
  if (run.dryRun) {
    if (run.planTo)
      await writePlanned(
        run.planTo,
        wanted.map(({ file }) => file),
      );
    return { ...base, gone: wanted, kept: keptWithout(wanted.length) };
  }
  run.log.debug('planned', { cleanup: run.rule.id, remove: wanted.length, keep: plan.keep.length });
  const done = await remove(run, listing, wanted);
  const warnings = [...base.warnings, ...done.warnings];
  return { ...base, ...done, kept: keptWithout(done.gone.length), warnings };
}

async function list({ rule, fences, signal }: RuleRun): Promise<Listing> {
  const places = await fences();
  await using root = await openAllowed(rule, places);
  try {
    const avoid = neverEntered(places);
    return await listFiles(root, compilePattern(rule.pattern), { recursive: rule.recursive, avoid, signal });
  } catch (thrown) {
    throw unreadable(rule.directory, thrown);
  }
}

async function remove(
  { rule, fences, signal }: RuleRun,
  listing: Listing,
  wanted: CleanupPlan<ListedFile>['remove'],
): Promise<Pick<RuleOutcome, 'gone' | 'warnings' | 'error'>> {
  if (wanted.length === 0) return { gone: [], warnings: [], error: null };
  await using root = await openAllowed(rule, await fences());
  const files = wanted.map(({ file }) => file);
  const removals = await removeFiles(root, listing.root, files, signal);
  const deleted = new Set(removals.flatMap((removal) => (removal.deleted ? [removal.file] : [])));
  const warnings = removals.flatMap((removal) =>
    removal.deleted ? [] : [`${removal.file.path}: kept, ${removal.reason}`],
  );
  return {
    gone: wanted.filter(({ file }) => deleted.has(file)),
    warnings,
    error: signal?.aborted && warnings.length > 0 ? stopped(warnings.length) : null,
  };
}

function tooLargeShare(rule: CleanupRule, plan: CleanupPlan<ListedFile>): SchedulerError {
  const total = plan.remove.length + plan.keep.length;
  return new SchedulerError(
    'CLEANUP_ERROR',
    `would remove ${plan.remove.length} of ${total} files, more than \`max_delete_share\` (${rule.maxDeleteShare}) allows from ${SHARE_FROM_FILES} files on; nothing was removed`,
    'look at the files, then raise `max_delete_share` of the rule or mend its policies',
  );
}

function stopped(left: number): SchedulerError {
  const what = left === 0 ? 'nothing was removed' : `${left} files were not reached or not removed`;
  return new SchedulerError('CLEANUP_ERROR', `the cleanup was stopped: ${what}`, 'run it again');
}
