// The rules of the settings and of the store in, clean directories and a report out: the part that the service calls.

import { lstat } from 'node:fs/promises';
import type {
  CleanupAnswer,
  CleanupRequest,
  CleanupResult,
  CleanupRule,
  CleanupWarning,
  HousekeeperSettings,
} from '#core/cleanup';
import type { Clock, EpochMs } from '#core/clock';
import { faultFields, toErrorRecord } from '#core/errors';
import type { Log } from '#core/log';
import type { Store } from '#store/store';
import { Gate, mapBounded } from './bounded.ts';
import { cleanRule, openAllowed, type RuleRun, unreadable } from './clean-rule.ts';
import { type Fences, locateFences, type ProtectedPaths } from './places.ts';
import { PlanFolder, type PlanHead } from './plan-file.ts';
import { failedResult, reportOf, writeReport } from './report.ts';
import { allRules, asError, byPriority, isDryRun, ruleFaults, ruleOf, unknownRule } from './rules.ts';

export interface HousekeeperParts {
  clock: Clock;
  log: Log;
  /** Rules that were registered by a call, and the last run of every rule. */
  store: Pick<Store, 'cleanups' | 'noteCleanupRuns'>;
  /** Asked once a run: a reload in the middle changes the next one. */
  settings: () => HousekeeperSettings;
  /** Asked before every rule. */
  protectedPaths: () => ProtectedPaths;
  stateDir: string;
  /** IANA name, for the times in reports. UTC if absent. */
  timezone?: () => string;
  /** Does the work of a rule; in this thread unless another way is given. */
  clean?: typeof cleanRule;
}

export interface Housekeeper {
  /**
   * Cleans by one rule or by all, lower priority first, `concurrent_cleanups` at a time. A rule that fails is
   * a failed result and stops no other. With `planId` only what that plan names goes, once. Throws only
   * CONFIG_NOT_FOUND for an unknown rule, PRECONDITION_FAILED for a plan that is not there (any more), and what the store
   * throws before anything was done.
   */
  run(request?: CleanupRequest): Promise<CleanupAnswer>;
  /** What would make a rule fail, of these or of all: bad fields, forbidden directories, unreadable ones. */
  check(rules?: readonly CleanupRule[]): Promise<CleanupWarning[]>;
}

export function createHousekeeper(parts: HousekeeperParts): Housekeeper {
  const gate = new Gate();
  return {
    run: (request = {}) => new CleanupRun(parts, gate, request).perform(),
    async check(given) {
      const settings = parts.settings();
      const fences = await currentFences(parts, settings);
      const rules = given ?? allRules(settings.rules, await parts.store.cleanups());
      return (await Promise.all(rules.map((rule) => checkRule(rule, fences)))).flat();
    },
  };
}

/** One call, from its rules to its answer. */
class CleanupRun {
  readonly #parts: HousekeeperParts;
  readonly #gate: Gate;
  readonly #request: CleanupRequest;
  readonly #settings: HousekeeperSettings;
  readonly #startedAt: EpochMs;
  readonly #plans: PlanFolder;

  /** The gate is one for all calls: together they keep to `concurrent_cleanups`. */
  constructor(parts: HousekeeperParts, gate: Gate, request: CleanupRequest) {
    this.#parts = parts;
    this.#gate = gate;
    this.#request = request;
    this.#settings = parts.settings();
    this.#startedAt = parts.clock.now();
    this.#plans = new PlanFolder(parts.stateDir);
  }

  async perform(): Promise<CleanupAnswer> {
    const { planId, ruleId } = this.#request;
    const known = allRules(this.#settings.rules, await this.#parts.store.cleanups());
    const plan = planId === undefined ? null : await this.#plans.find(planId, this.#startedAt);
    const only = ruleId ?? plan?.ruleId ?? undefined;
    const details = plan
      ? await this.#apply(plan, known, ruleId)
      : await this.#clean(only === undefined ? known : [ruleOf(known, only)]);
    return await this.#answer(details.results, only !== undefined, details.planId);
  }

  async #clean(rules: readonly CleanupRule[]): Promise<{ results: CleanupResult[]; planId?: string }> {
    const sorted = byPriority(rules);
    const isDry = sorted.every((rule) => this.#isDry(rule));
    const planId = isDry ? await this.#tryToPlan() : null;
    const results = await this.#each(sorted, (rule, place) => ({
      rule,
      ...(planId !== null && { planTo: this.#plans.fileOf(planId, place) }),
    }));
    if (planId === null) return { results };
    await this.#plans.complete({
      planId,
      madeAt: this.#startedAt,
      ruleId: this.#request.ruleId ?? null,
      rules: sorted.map(({ id, directory, pattern }) => ({ id, directory, pattern })),
    });
    return { results, planId };
  }

  /** A plan stays for a run that turned out dry; else it is used up. */
  async #apply(
    plan: PlanHead,
    known: readonly CleanupRule[],
    only: string | undefined,
  ): Promise<{ results: CleanupResult[]; planId?: string }> {
    if (only !== undefined) ruleOf(plan.rules, only);
    const entries = plan.rules.flatMap(({ id }, place) => {
      const rule = known.find((candidate) => candidate.id === id);
      return rule && (only === undefined || id === only)
        ? [{ rule, planFrom: this.#plans.fileOf(plan.planId, place) }]
        : [];
    });
    const lost = plan.rules.filter(
      ({ id }) => (only === undefined || id === only) && !known.some((rule) => rule.id === id),
    );
    const results = await this.#each(
      entries.map(({ rule }) => rule),
      (_, place) => entries[place]!,
    );
    const isDry = entries.every(({ rule }) => this.#isDry(rule));
    if (!isDry) await this.#plans.remove(plan.planId);
    const missing = lost.map((rule) => failedResult(rule, isDry, unknownRule(rule.id, known)));
    return { results: [...results, ...missing], ...(isDry && { planId: plan.planId }) };
  }

  #isDry(rule: CleanupRule): boolean {
    return isDryRun(this.#request.dryRun ?? false, rule, this.#settings);
  }

  async #each(
    rules: readonly CleanupRule[],
    how: (rule: CleanupRule, place: number) => Pick<RuleRun, 'rule' | 'planTo' | 'planFrom'>,
  ): Promise<CleanupResult[]> {
    const { concurrentCleanups, defaultRetentionDays, allowedRoots } = this.#settings;
    let done = 0;
    const tell = (note: string) => this.#request.onProgress?.(done, rules.length, note);
    return await mapBounded([...rules.entries()], concurrentCleanups, async ([place, rule]) => {
      const run: RuleRun = {
        ...how(rule, place),
        dryRun: this.#isDry(rule),
        now: this.#startedAt,
        defaultRetentionDays,
        protectedPaths: this.#parts.protectedPaths(),
        allowedRoots,
        timezone: this.#timezone,
      };
      const result = await this.#gate.pass(concurrentCleanups, () => this.#one(run, tell));
      done++;
      tell(rule.id);
      return result;
    });
  }

  async #one(run: RuleRun, tell: (note: string) => void): Promise<CleanupResult> {
    const { log, clean = cleanRule } = this.#parts;
    const { id } = run.rule;
    const result = await clean(run, {
      onPlanned: (remove, keep) => {
        log.debug('planned', { cleanup: id, remove, keep });
        tell(`${id}: ${remove} files to remove`);
      },
      signal: this.#request.signal,
    });
    tellResult(log, result);
    return result;
  }

  async #answer(
    details: CleanupResult[],
    isOfOne: boolean,
    planId: string | undefined,
  ): Promise<CleanupAnswer> {
    const { log, store } = this.#parts;
    const { reportEnabled, reportDirectory } = this.#settings;
    const ran = details.filter((detail) => detail.success && !detail.dry_run).map((detail) => detail.id);
    if (ran.length > 0)
      await orWarn(log, 'the last run of the cleanups is not noted', () =>
        store.noteCleanupRuns(ran, this.#startedAt),
      );
    const wasDry = (this.#request.dryRun ?? false) || this.#settings.dryRun;
    const report = reportOf(details, this.#startedAt, this.#timezone, wasDry);
    const { total_files_deleted, total_space_freed, dry_run } = report;
    const figures = {
      total_files_deleted,
      total_space_freed,
      dry_run,
      ...(planId !== undefined && { plan_id: planId }),
    };
    if (isOfOne) return { result: details[0]!, ...figures };
    const write = () => writeReport(reportDirectory, report, this.#startedAt, this.#timezone);
    const report_file = reportEnabled
      ? await orWarn(log, `the cleanup report cannot be written to ${reportDirectory}`, write)
      : null;
    return { report, report_file, ...figures };
  }

  get #timezone(): string {
    return this.#parts.timezone?.() ?? 'UTC';
  }

  /** A dry run is worth having where no plan can be kept. */
  #tryToPlan(): Promise<string | null> {
    const { log } = this.#parts;
    return orWarn(log, 'the plan of the dry run cannot be kept', () => this.#plans.begin(this.#startedAt));
  }
}

function tellResult(log: Log, result: CleanupResult): void {
  const { files_deleted, files_kept, space_freed, dry_run, warnings, error } = result;
  const fields = {
    cleanup: result.id,
    directory: result.directory,
    files_deleted,
    files_kept,
    space_freed,
    dry_run,
    ...(warnings.length > 0 && { warnings }),
  };
  if (!result.success) log.error(result.message, { ...fields, error });
  else if (warnings.length > 0) log.warn(result.message, fields);
  else log.info(result.message, fields);
}

/** What fails beside the cleaning itself is a warning: the files are gone all the same. */
async function orWarn<Answer>(
  log: Log,
  message: string,
  work: () => Promise<Answer>,
): Promise<Answer | null> {
  try {
    return await work();
  } catch (thrown) {
    log.warn(message, faultFields(thrown, 'housekeeper'));
    return null;
  }
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
