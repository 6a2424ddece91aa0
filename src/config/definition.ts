// The definition of a job that a call makes, in the keys of the settings file, into what the ledger keeps; or every fault.

import type { EpochMs } from '#core/clock';
import { closest } from '#core/did-you-mean';
import { type FieldFault, InvalidFields, SchedulerError } from '#core/errors';
import type { HandlerInfo, JsonObject } from '#core/handler';
import { isAdHoc, type JobSource, type JobSpec, type ScheduleDraft } from '#core/job';
import { buildSchedule, parseInstant, parseScheduleText } from '#schedule/parse';
import { slug } from './field.ts';
import { Findings, plainSource, shown } from './findings.ts';
import { configHash } from './hash.ts';
import { checkInput, declaredKeys, readInput } from './job-input.ts';
import { JOB, JOB_KEYS } from './job-keys.ts';
import { scheduleOf } from './job-schedule.ts';
import { classDefaults } from './jobs.ts';
import { effective, type JobLayer, type PolicyFacts, pick, policyOf } from './policy.ts';
import { type Reading, readKeys } from './read.ts';
import type { SchedulerSettings } from './settings.ts';

/** What a definition has beside the keys of the file. `schedule` = one text for `cron`, `every`, `at` and `manual_only`. */
const OWN_KEYS = ['id', 'name', 'owner', 'module_id', 'schedule', 'starts_at'] as const;
export const DEFINITION_KEYS: readonly string[] = [...OWN_KEYS, ...JOB_KEYS];
/** Of these a change of one replaces all. */
export const SCHEDULE_KEYS: readonly string[] = ['schedule', 'cron', 'every', 'at', 'anchor', 'starts_at'];
const KINDS = ['cron', 'every', 'at'];
const LONGEST_NAME = 100;

export interface DefinitionContext {
  scheduler: Pick<SchedulerSettings, 'defaults' | 'timezone'>;
  /** Throws HANDLER_NOT_FOUND with the nearest. */
  handler(name: string): HandlerInfo;
  newId(): string;
  now: EpochMs;
  source: JobSource;
  /** Who makes it. */
  by: string;
}

export interface Definition {
  spec: JobSpec;
  /** No slot of a cron before it; of an interval it is the anchor and the first slot. */
  startsAt: EpochMs | null;
}

/** Throws InvalidFields with every fault, HANDLER_NOT_FOUND. */
export async function readDefinition(given: JsonObject, ctx: DefinitionContext): Promise<Definition> {
  const faults = [...unknownKeys(given), ...identityFaults(given)];
  const written = withoutAbsent(given);
  const { keys, faults: ofText } = scheduleKeys(written, ctx);
  faults.push(...ofText);
  const findings = new Findings();
  const entry = Object.fromEntries(Object.entries(keys).filter(([key]) => key in JOB));
  const source = plainSource('definition', entry, []);
  const reading: Reading = { source, findings, overrides: new Map(), values: [] };
  const own = readKeys<typeof JOB>(reading, JOB, []) as JobLayer;
  const name = own.handler?.value;
  if (name === undefined && keys.handler === undefined)
    faults.push({ field: 'handler', message: 'is missing: name the code that runs' });
  const info = name === undefined ? undefined : ctx.handler(name);
  const ofClass = info ? classDefaults(reading, info, new Map()) : { layer: {}, input: {} };
  const input = { ...ofClass.input, ...readInput(reading, [], declaredKeys(info?.input ?? null)).values };
  if (info) await checkInput(reading, info, input, (inner) => source.at(['input', ...inner]));
  const layers = [own, ofClass.layer, ctx.scheduler.defaults as JobLayer];
  const manualOnly = effective(layers, 'manual_only').value;
  const chosen = scheduleOf(layers, { timezone: ctx.scheduler.timezone, cron: null }, findings);
  if (chosen?.draft.kind === 'manual' && !manualOnly && ofText.length === 0)
    faults.push({
      field: 'schedule',
      message: 'is missing: give one of cron, every, at, or manual_only: true',
    });
  const zone = chosen?.draft.timezone ?? ctx.scheduler.timezone;
  const startsAt = instantAt(keys, 'starts_at', zone, faults);
  if (startsAt !== null && chosen?.draft.kind === 'at')
    faults.push({ field: 'starts_at', message: 'counts for cron and every only' });
  faults.push(
    ...findings.faults.map(({ path, message, fix }) => ({
      field: path,
      message: fix ? `${message}: ${fix}` : message,
    })),
  );
  if (faults.length > 0 || !chosen || name === undefined) {
    const isOfSchedule = faults.every(({ field }) => SCHEDULE_KEYS.includes(field));
    throw new InvalidFields('the job', faults, isOfSchedule ? 'INVALID_SCHEDULE' : 'INVALID_PARAMETERS');
  }
  const schedule = startingAt(chosen.draft, startsAt);
  const behaviour = {
    handler: name,
    input,
    schedule,
    policy: policyOf(layers, { kind: schedule.kind, file: info?.file, ...ofFace(ctx.source) }),
    manualOnly,
    runOnStart: effective(layers, 'run_on_start').value,
  };
  const id = typeof given.id === 'string' ? given.id : ctx.newId();
  const spec: JobSpec = {
    id,
    name: textOr(given.name, id),
    description: pick(layers, 'description')?.value ?? null,
    source: ctx.source,
    origin: ctx.by,
    owner: textOr(given.owner, null),
    moduleId: textOr(given.module_id, null),
    enabled: pick(layers, 'enabled')?.value ?? true,
    warnings: neverFires(schedule),
    configHash: configHash(behaviour),
    ...behaviour,
  };
  const first = startsAt !== null && schedule.kind === 'every' ? wholeSeconds(startsAt) : startsAt;
  return { spec, startsAt: first };
}

/** What people and programs make is made up for once where no service was up (rule 2). */
function ofFace(source: JobSource): Pick<PolicyFacts, 'misfirePolicy'> {
  return source === 'api' ? { misfirePolicy: 'latest' } : {};
}

function unknownKeys(given: JsonObject): FieldFault[] {
  const unknown = Object.keys(given).filter((key) => !DEFINITION_KEYS.includes(key));
  return unknown.map((key) => {
    const near = closest(key, DEFINITION_KEYS);
    const fix = near ? `did you mean ${near}?` : 'parameters of the code belong under input';
    return { field: key, message: `is not known: ${fix}` };
  });
}

function identityFaults(given: JsonObject): FieldFault[] {
  const faults: FieldFault[] = [];
  const { id } = given;
  if (id !== undefined && id !== null && !slug.zod.safeParse(id).success)
    faults.push({ field: 'id', message: `found ${shown(id)}, expected ${slug.expects}` });
  if (typeof id === 'string' && isAdHoc({ id }))
    faults.push({ field: 'id', message: 'one that begins with adhoc: is kept for ad hoc runs' });
  for (const field of ['name', 'owner', 'module_id']) {
    const value = given[field] ?? null;
    const fits = typeof value === 'string' && value.trim() !== '' && value.length <= LONGEST_NAME;
    if (value !== null && !fits)
      faults.push({
        field,
        message: `found ${shown(value)}, expected a text of 1 to ${LONGEST_NAME} characters`,
      });
  }
  return faults;
}

/** Null is absent, but for keys that say something by it. */
function withoutAbsent(given: JsonObject): JsonObject {
  const always = [
    'misfire_grace_time',
    'queue_timeout',
    'max_executions',
    'group',
    'max_memory_mb',
    'description',
  ];
  return Object.fromEntries(
    Object.entries(given).filter(([key, value]) => value !== null || always.includes(key)),
  );
}

/** The one text as the keys that it stands for. */
function scheduleKeys(
  { schedule: text, ...keys }: JsonObject,
  { scheduler, now }: DefinitionContext,
): { keys: JsonObject; faults: FieldFault[] } {
  const [first, ...others] = [
    ...(text === undefined ? [] : ['schedule']),
    ...KINDS.filter((key) => key in keys),
  ];
  if (others.length > 0) {
    const left = Object.entries(keys).filter(([key]) => !others.includes(key));
    const faults = others.map((field) => ({ field, message: `stands beside ${first}: keep one of them` }));
    return { keys: Object.fromEntries(left), faults };
  }
  if (text === undefined) return { keys, faults: [] };
  if (typeof text !== 'string') return { keys, faults: [{ field: 'schedule', message: 'expected a text' }] };
  try {
    const timezone = typeof keys.timezone === 'string' ? keys.timezone : scheduler.timezone;
    const spec = parseScheduleText(text, { timezone, now });
    if (spec.kind === 'manual') return { keys: { ...keys, manual_only: true }, faults: [] };
    const key =
      spec.kind === 'cron' ? { cron: spec.expression } : spec.kind === 'every' ? { every: spec.every } : null;
    return {
      keys: { ...keys, ...(key ?? { at: new Date((spec as { at: number }).at).toISOString() }) },
      faults: [],
    };
  } catch (error) {
    if (!(error instanceof SchedulerError)) throw error;
    return {
      keys,
      faults: [{ field: 'schedule', message: error.fix ? `${error.message}: ${error.fix}` : error.message }],
    };
  }
}

function instantAt(keys: JsonObject, field: string, zone: string, faults: FieldFault[]): EpochMs | null {
  const text = keys[field];
  if (text === undefined) return null;
  try {
    return parseInstant(String(text), zone);
  } catch (error) {
    if (!(error instanceof SchedulerError)) throw error;
    faults.push({ field, message: error.message });
    return null;
  }
}

function startingAt(draft: ScheduleDraft, startsAt: EpochMs | null): ScheduleDraft {
  if (draft.kind !== 'every' || startsAt === null) return draft;
  return { ...draft, anchor: wholeSeconds(startsAt), includeAnchor: true };
}

/** As the grid of an interval counts. */
function wholeSeconds(at: EpochMs): EpochMs {
  return Math.floor(at / 1000) * 1000;
}

function neverFires(draft: ScheduleDraft): string[] {
  const isOver = draft.kind === 'cron' && buildSchedule(draft).next(0) === null;
  return isOver ? ['its schedule never fires'] : [];
}

function textOr<T>(value: unknown, other: T): string | T {
  return typeof value === 'string' ? value : other;
}
