// Cleanups of the settings and those registered by a call: looked at, changed, run. The housekeeper does the cleaning.

import type { Settings } from '#config/settings';
import type { CleanupAnswer, CleanupRequest, CleanupRule, StoredCleanup } from '#core/cleanup';
import type { Clock, EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { Json, JsonObject } from '#core/handler';
import type { Housekeeper } from '#housekeeper/housekeeper';
import { changedRule, registrationOf } from '#housekeeper/registration';
import { allRules, ruleOf } from '#housekeeper/rules';
import type { Store } from '#store/store';
import { iso } from './shapes.ts';

export interface CleanupsParts {
  store: Store;
  clock: Clock;
  housekeeper: Housekeeper;
  settings(): Settings;
  timezone(): string;
  newRunId(): string;
}

/** A cleanup as every face shows it. Times of a rule of the settings are not known: null. */
export interface CleanupShape {
  id: string;
  directory: string;
  pattern: string;
  retention_days: number | null;
  max_files: number | null;
  max_size_mb: number | null;
  min_keep: number;
  priority: number;
  recursive: boolean;
  dry_run: boolean;
  description: string | null;
  max_delete_share: number | null;
  source: 'config' | 'api';
  module_id: string | null;
  last_run: string | null;
  created_at: string | null;
  updated_at: string | null;
}

/** `cleanup.run` of job code: `{id?, dry_run?, plan_id?}`. */
export async function cleanupByCall(
  housekeeper: Housekeeper,
  input: JsonObject,
  signal?: AbortSignal,
): Promise<Json> {
  const { dry_run, id, plan_id } = input;
  const answer = await housekeeper.run({
    dryRun: dry_run === true,
    ...(signal && { signal }),
    ...(typeof id === 'string' && { ruleId: id }),
    ...(typeof plan_id === 'string' && { planId: plan_id }),
  });
  return answer as unknown as Json;
}

export class Cleanups {
  readonly #parts: CleanupsParts;

  constructor(parts: CleanupsParts) {
    this.#parts = parts;
  }

  /** In the order in which they run. `module` = only those that this module registered. */
  async list(query: { module?: string } = {}): Promise<CleanupShape[]> {
    const { store } = this.#parts;
    const [rules, lastRuns] = [await this.#rules(), await store.cleanupRuns()];
    return rules
      .filter((rule) => query.module === undefined || rule.moduleId === query.module)
      .toSorted((a, b) => a.priority - b.priority)
      .map((rule) => this.#shape(rule, lastRuns.get(rule.id) ?? null));
  }

  /** Throws CONFIG_NOT_FOUND with the nearest id. */
  async get(id: string): Promise<CleanupShape> {
    const rule = ruleOf(await this.#rules(), id);
    return this.#shape(rule, (await this.#parts.store.cleanupRuns()).get(id) ?? null);
  }

  /**
   * Registers a rule; `id` may be given. Throws INVALID_PARAMETERS with each field, FORBIDDEN for a directory that may
   * not be cleaned, CONFLICT for an id that is taken.
   */
  async register(given: JsonObject, by: string): Promise<{ registration_id: string }> {
    const { store, clock, newRunId } = this.#parts;
    const rule = registrationOf(given, newRunId);
    this.#refuseConfigured(rule.id);
    await this.#refuseForbidden(rule);
    await store.changeCleanup(clock.now(), by, (registered) => {
      if (registered.some(({ id }) => id === rule.id))
        throw new SchedulerError(
          'CONFLICT',
          `there is a cleanup ${rule.id} already`,
          'choose another id, or update it',
        );
      return { kind: 'put', rule };
    });
    return { registration_id: rule.id };
  }

  /** Changes the fields that are given. Throws as `register`, and CONFIG_NOT_FOUND. */
  async update(id: string, changes: JsonObject, by: string): Promise<CleanupShape> {
    const { store, clock } = this.#parts;
    this.#refuseConfigured(id);
    const wanted = changedRule(ruleOf(await this.#rules(), id), changes);
    await this.#refuseForbidden(wanted);
    await store.changeCleanup(clock.now(), by, (registered) => {
      const rule = changedRule(ruleOf(registered, id), changes);
      return { kind: 'put', rule };
    });
    return await this.get(id);
  }

  /** Throws CONFIG_NOT_FOUND, and CONFLICT for a rule of the settings. */
  async remove(id: string, by: string): Promise<{ removed: string }> {
    const { store, clock } = this.#parts;
    this.#refuseConfigured(id);
    ruleOf(await this.#rules(), id);
    await store.changeCleanup(clock.now(), by, (registered) => {
      ruleOf(registered, id);
      return { kind: 'remove', id };
    });
    return { removed: id };
  }

  /** Runs one rule or all; see `Housekeeper.run`. */
  run(request: CleanupRequest = {}): Promise<CleanupAnswer> {
    return this.#parts.housekeeper.run(request);
  }

  async #rules(): Promise<(CleanupRule | StoredCleanup)[]> {
    const { store, settings } = this.#parts;
    return allRules(settings().housekeeper.rules, await store.cleanups());
  }

  /** What stands in the file is changed there. */
  #refuseConfigured(id: string): void {
    const rule = this.#parts.settings().housekeeper.rules.find((candidate) => candidate.id === id);
    if (!rule) return;
    throw new SchedulerError(
      'CONFLICT',
      `cleanup ${id} is written in ${rule.origin ?? 'the settings'}`,
      'change it there, or choose another id',
    );
  }

  /** A directory may come later; where it must not be it will never be allowed. */
  async #refuseForbidden(rule: CleanupRule): Promise<void> {
    const found = await this.#parts.housekeeper.check([rule]);
    const refused = found.find(({ code }) => code === 'FORBIDDEN');
    if (refused) throw new SchedulerError('FORBIDDEN', refused.message, refused.fix);
  }

  #shape(rule: CleanupRule | StoredCleanup, lastRun: EpochMs | null): CleanupShape {
    const at = (instant: EpochMs | null) => (instant === null ? null : iso(instant, this.#parts.timezone()));
    return {
      id: rule.id,
      directory: rule.directory,
      pattern: rule.pattern,
      retention_days: rule.retentionDays,
      max_files: rule.maxFiles,
      max_size_mb: rule.maxSizeMb,
      min_keep: rule.minKeep,
      priority: rule.priority,
      recursive: rule.recursive,
      dry_run: rule.dryRun,
      description: rule.description,
      max_delete_share: rule.maxDeleteShare,
      source: rule.source,
      module_id: rule.moduleId,
      last_run: at(lastRun),
      created_at: at('createdAt' in rule ? rule.createdAt : null),
      updated_at: at('updatedAt' in rule ? rule.updatedAt : null),
    };
  }
}
