// When a job runs, from its layers of keys: exactly one of cron, every, at, from the first layer that has one.

import { SchedulerError } from '#core/errors';
import type { ScheduleDraft } from '#core/job';
import { buildSchedule, parseInstant } from '#schedule/parse';
import type { Findings, Place } from './findings.ts';
import { effective, type JobLayer, pick } from './policy.ts';
import type { Given } from './read.ts';
import type { Origin } from './settings.ts';

const KINDS = ['cron', 'every', 'at'] as const;

export interface ChosenSchedule {
  readonly draft: ScheduleDraft;
  readonly origin: Origin;
}

interface Default {
  readonly timezone: string;
  /** Null = none at all: a job that only runs by hand. */
  readonly cron: string | null;
}

/** The schedule of a job; null after a fault was noted. */
export function scheduleOf(
  layers: readonly JobLayer[],
  byDefault: Default,
  findings: Findings,
): ChosenSchedule | null {
  const timezone = pick(layers, 'timezone')?.value ?? byDefault.timezone;
  const layer = layers.find((candidate) => KINDS.some((kind) => candidate[kind]));
  if (!layer) return { draft: defaultDraft(byDefault.cron, timezone, layers), origin: 'default' };
  const written = KINDS.flatMap((kind) =>
    layer[kind] ? [{ kind, given: layer[kind] as Given<string> }] : [],
  );
  if (written.length > 1)
    tellTwoSchedules(
      written.map(({ given }) => given),
      findings,
    );
  const first = written[0];
  if (!first || written.length > 1) return null;
  const stray = layers[0]?.anchor;
  if (stray && first.kind !== 'every')
    findings.fault(stray.place, 'INVALID_SCHEDULE', 'anchor counts for `every` only', 'remove it');
  const draft = draftOf(first.kind, first.given, timezone, layers, findings);
  return draft && { draft, origin: first.given.origin };
}

function defaultDraft(cron: string | null, timezone: string, layers: readonly JobLayer[]): ScheduleDraft {
  if (cron === null) return { kind: 'manual', timezone };
  return { kind: 'cron', expression: cron, timezone, dayMatch: effective(layers, 'day_match').value };
}

function draftOf(
  kind: (typeof KINDS)[number],
  given: Given<string>,
  timezone: string,
  layers: readonly JobLayer[],
  findings: Findings,
): ScheduleDraft | null {
  const { value, valuePlace } = given;
  return attempt(findings, valuePlace, () => {
    if (kind === 'cron') {
      const dayMatch = effective(layers, 'day_match').value;
      const draft = { kind, expression: value, timezone, dayMatch } as const;
      buildSchedule(draft);
      return draft;
    }
    if (kind === 'every') {
      buildSchedule({ kind, every: value, timezone, anchor: 0 });
      return { kind, every: value, timezone, anchor: anchorOf(layers, timezone, findings) };
    }
    if (value.trim().toLowerCase() === 'now')
      throw new SchedulerError(
        'INVALID_SCHEDULE',
        '"now" has no meaning in a file',
        'write an instant, or use the CLI',
      );
    return { kind, at: parseInstant(value, timezone), timezone };
  });
}

function anchorOf(layers: readonly JobLayer[], timezone: string, findings: Findings): number | null {
  const given = pick(layers, 'anchor');
  if (typeof given?.value !== 'string') return null;
  const text = given.value;
  return attempt(findings, given.valuePlace, () => parseInstant(text, timezone));
}

function attempt<T>(findings: Findings, place: Place, make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof SchedulerError)) throw error;
    findings.fault(place, 'INVALID_SCHEDULE', error.message, error.fix);
    return null;
  }
}

function tellTwoSchedules(written: readonly Given[], findings: Findings): void {
  const [first, ...others] = written;
  for (const { place } of others)
    findings.fault(
      place,
      'TWO_SCHEDULES',
      `stands beside ${first?.place.path} in line ${first?.place.line}, expected exactly one of cron, every, at`,
      'keep one of them',
    );
}
