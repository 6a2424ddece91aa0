// One rule from its directory to its result: admit, list, plan, admit again, delete. A dry run stops before the last two.

import type { CleanupResult, CleanupRule } from '#core/cleanup';
import type { EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import { type Listing, listFiles, removeFiles } from './disk.ts';
import { reasonOf } from './file-work.ts';
import type { ListedFile } from './listed.ts';
import { OpenDirectory } from './open-directory.ts';
import { compilePattern } from './pattern.ts';
import { type Fences, locateFences, locatePlace, neverEntered, type ProtectedPaths } from './places.ts';
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
  /** What no rule may touch, and below what registered ones may. Located before listing and again before deleting. */
  protectedPaths: ProtectedPaths;
  allowedRoots: readonly string[];
  timezone: string;
  /** Where a dry run writes what it would remove. */
  planTo?: string | undefined;
  /** The plan to keep to: nothing goes that it does not name as the file is now. */
  planFrom?: string | undefined;
}

export interface CleanHooks {
  /** The plan is made, nothing is deleted yet. */
  onPlanned?(remove: number, keep: number): void;
  signal?: AbortSignal | undefined;
}

const NOTHING: RuleOutcome = { gone: [], kept: 0, warnings: [], defaultRetentionDays: null, error: null };

/** Never throws: a directory that is forbidden or unreadable, or anything else, is a failed result. */
export async function cleanRule(run: RuleRun, hooks: CleanHooks = {}): Promise<CleanupResult> {
  return resultOf(run.rule, run.dryRun, await outcomeOf(run, hooks), run.timezone);
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

async function outcomeOf(run: RuleRun, hooks: CleanHooks): Promise<RuleOutcome> {
  const { signal } = hooks;
  try {
    if (signal?.aborted) throw stopped(0);
    const listing = await list(run, signal);
    const plan = planCleanup(listing.files, run.rule, run.now, run.defaultRetentionDays);
    return await carryOut(run, hooks, listing, plan);
  } catch (thrown) {
    return { ...NOTHING, error: signal?.aborted ? stopped(0) : thrown };
  }
}

/** What the plan says, cut to the plan that was shown before where there is one. */
async function carryOut(
  run: RuleRun,
  hooks: CleanHooks,
  listing: Listing,
  plan: CleanupPlan<ListedFile>,
): Promise<RuleOutcome> {
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
  hooks.onPlanned?.(wanted.length, plan.keep.length);
  const done = await remove(run, listing, wanted, hooks.signal);
  const warnings = [...base.warnings, ...done.warnings];
  return { ...base, ...done, kept: keptWithout(done.gone.length), warnings };
}

async function list(run: RuleRun, signal: AbortSignal | undefined): Promise<Listing> {
  const { rule } = run;
  const places = await fencesOf(run);
  await using root = await openAllowed(rule, places);
  try {
    const avoid = neverEntered(places);
    return await listFiles(root, compilePattern(rule.pattern), { recursive: rule.recursive, avoid, signal });
  } catch (thrown) {
    throw unreadable(rule.directory, thrown);
  }
}

function fencesOf({ protectedPaths, allowedRoots }: RuleRun): Promise<Fences> {
  return locateFences(protectedPaths, allowedRoots);
}

async function remove(
  run: RuleRun,
  listing: Listing,
  wanted: CleanupPlan<ListedFile>['remove'],
  signal: AbortSignal | undefined,
): Promise<Pick<RuleOutcome, 'gone' | 'warnings' | 'error'>> {
  if (wanted.length === 0) return { gone: [], warnings: [], error: null };
  await using root = await openAllowed(run.rule, await fencesOf(run));
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
