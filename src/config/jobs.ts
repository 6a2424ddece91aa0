// Entries of `scheduler.jobs` in, complete job definitions out: layers of keys, schedule, input, warnings.

import type { HandlerInfo, JsonObject } from '#core/handler';
import { isAdHoc, type JobSpec } from '#core/job';
import { buildSchedule } from '#schedule/parse';
import type { Field } from './field.ts';
import { slug } from './field.ts';
import { type Place, plainSource, type Source, shown } from './findings.ts';
import { configHash } from './hash.ts';
import { checkInput, declaredKeys, readInput, type WrittenInput } from './job-input.ts';
import { JOB, JOB_KEYS, type JobKey } from './job-keys.ts';
import { type ChosenSchedule, scheduleOf } from './job-schedule.ts';
import {
  type DefaultsLayer,
  defaultIsolation,
  defaultMisfirePolicy,
  effective,
  type JobLayer,
  pick,
  policyOf,
} from './policy.ts';
import { note, originOf, type Reading, readKeys } from './read.ts';
import { masked } from './secrets.ts';
import { isMapping, type Path, valueAt } from './tree.ts';

/** Jobs that exist and are enabled without a line in the file, and when they run unless it is written. */
export const BUILT_IN_CRON: Readonly<Record<string, string>> = {
  vault_sync: '*/30 * * * *',
  housekeeping: '0 3 * * *',
};
const DEFAULT_CRON = '0 2 * * *';
const JOBS: Path = ['scheduler', 'jobs'];

export type HandlerLookup = (name: string) => HandlerInfo | undefined;

export interface JobsContext {
  readonly reading: Reading;
  readonly lookup: HandlerLookup;
  /** Ids of jobs that are there without a line in the file. */
  readonly builtIn: readonly string[];
  /** `scheduler.defaults`. */
  readonly defaults: DefaultsLayer;
  readonly timezone: string;
  /** `housekeeper.enabled` and `.schedule`, for the job that runs it. */
  readonly housekeeper: JobLayer;
}

/** Everything that is known of one job before it is put together. */
interface Draft {
  readonly id: string;
  readonly path: Path;
  readonly handler: string;
  /** Where its code is: null for a registered function, undefined while nobody knows its handler. */
  readonly file: string | null | undefined;
  readonly layers: readonly JobLayer[];
  readonly schedule: ChosenSchedule;
  readonly input: JsonObject;
  readonly inputPaths: ReadonlyMap<string, Path>;
  readonly warnings: string[];
}

/** All jobs: those of the file in its order, then built-in ones that it does not name. */
export async function readJobs(context: JobsContext): Promise<JobSpec[]> {
  const { reading } = context;
  const classes = new Map<string, ClassDefaults>();
  const jobs: JobSpec[] = [];
  const missing: Missing[] = [];
  for (const id of jobIds(reading.source, context.builtIn)) {
    const draft = await readJob(context, id, classes, missing);
    if (draft) jobs.push(assemble(reading, draft));
  }
  if (missing.length > 0) tellMissing(reading, missing);
  return jobs;
}

/** The ids of `scheduler.jobs`, and the built-in ones that it does not name. */
export function jobIds(source: Source, builtIn: readonly string[]): string[] {
  const written = valueAt(source.root, JOBS);
  const ids = isMapping(written) ? Object.keys(written) : [];
  return [...ids, ...builtIn.filter((id) => !ids.includes(id))];
}

async function readJob(
  context: JobsContext,
  id: string,
  classes: Map<string, ClassDefaults>,
  missing: Missing[],
): Promise<Draft | null> {
  const { reading } = context;
  const path = [...JOBS, id];
  if (!isJobEntry(reading, path)) return null;
  const own = ownLayer(reading, path);
  const handler = own.handler?.value ?? id;
  const info = context.lookup(handler);
  const ofClass = info ? classDefaults(reading, info, classes) : NO_DEFAULTS;
  const warnings = info ? [] : [`no job class is named ${handler}: its slots are skipped`];
  if (!info) missing.push({ id, handler });

  const written = readInput(reading, path, declaredKeys(info?.input ?? null));
  const input = { ...ofClass.input, ...written.values };
  if (info)
    await checkInput(reading, info, input, (inner, of) => placeOfInput(reading, path, written, inner, of));

  const extra = id === 'housekeeping' ? [context.housekeeper] : [];
  const layers = [own, ...extra, ofClass.layer, context.defaults as JobLayer];
  const byHand = effective(layers, 'manual_only').value ? null : DEFAULT_CRON;
  // Not by index alone: a job may be called `constructor`.
  const cron = Object.hasOwn(BUILT_IN_CRON, id) ? BUILT_IN_CRON[id]! : byHand;
  const schedule = scheduleOf(layers, { timezone: context.timezone, cron }, reading.findings);
  if (schedule) warnings.push(...tellNeverFires(reading, schedule, path));
  const file = info?.file;
  return (
    schedule && { id, path, handler, file, layers, schedule, input, inputPaths: written.paths, warnings }
  );
}

function isJobEntry(reading: Reading, path: Path): boolean {
  const id = path.at(-1);
  if (!slug.zod.safeParse(id).success) {
    const message = `found ${shown(id)}, expected ${slug.expects}`;
    reading.findings.fault(reading.source.at(path, 'key'), 'INVALID_ID', message);
    return false;
  }
  if (isAdHoc({ id: String(path.at(-1)) })) {
    const fix = 'choose an id that does not begin with adhoc:';
    reading.findings.fault(reading.source.at(path, 'key'), 'INVALID_ID', 'is kept for ad hoc runs', fix);
  }
  const entry = valueAt(reading.source.root, path) ?? {};
  if (isMapping(entry)) return true;
  const found = `found ${shown(entry)}, expected the keys of a job`;
  reading.findings.fault(reading.source.at(path), 'INVALID_VALUE', found, 'indent its keys below its name');
  return false;
}

/** What the file and variables say of the job; a cron from a variable replaces any schedule of the file. */
function ownLayer(reading: Reading, path: Path): JobLayer {
  const layer = readKeys<typeof JOB>(reading, JOB, path);
  if (!reading.overrides.has([...path, 'cron'].join('.'))) return layer;
  const { every: _every, at: _at, anchor: _anchor, ...kept } = layer;
  return kept;
}

interface ClassDefaults {
  readonly layer: JobLayer;
  readonly input: JsonObject;
}

const NO_DEFAULTS: ClassDefaults = { layer: {}, input: {} };

/** `defaults` of a job class: keys of an entry, loose parameters too. Read once, whoever uses the class. */
export function classDefaults(
  reading: Reading,
  info: HandlerInfo,
  known: Map<string, ClassDefaults>,
): ClassDefaults {
  const before = known.get(info.name);
  if (before) return before;
  const source = plainSource(info.file ?? info.name, info.defaults, [info.name, 'defaults']);
  const inside: Reading = { ...reading, source, overrides: new Map(), values: [] };
  const defaults = {
    layer: readKeys<typeof JOB>(inside, JOB, []),
    input: readInput(inside, [], declaredKeys(info.input)).values,
  };
  known.set(info.name, defaults);
  return defaults;
}

/** Where a parameter stands; the name of the job where it does not. */
function placeOfInput(
  reading: Reading,
  job: Path,
  input: WrittenInput,
  inner: Path,
  of: 'key' | 'value',
): Place {
  const [first, ...rest] = inner;
  const written = input.paths.get(String(first));
  if (first === undefined || !written) return reading.source.at(job, 'key');
  return reading.source.at([...written, ...rest], of);
}

function assemble(reading: Reading, draft: Draft): JobSpec {
  const { id, path, layers, schedule, input } = draft;
  const enabled = enabledOf(reading, draft);
  const written =
    isMapping(valueAt(reading.source.root, path)) || valueAt(reading.source.root, path) === null;
  noteJob(reading, draft, enabled);
  const behaviour = {
    handler: draft.handler,
    input,
    schedule: schedule.draft,
    policy: policyOf(layers, { kind: schedule.draft.kind, file: draft.file }),
    manualOnly: effective(layers, 'manual_only').value,
    runOnStart: effective(layers, 'run_on_start').value,
  };
  return {
    id,
    name: id,
    description: pick(layers, 'description')?.value ?? null,
    source: 'config',
    origin: written ? originOf(reading.source.at(path, 'key')) : null,
    owner: null,
    moduleId: null,
    enabled: enabled.value,
    warnings: draft.warnings,
    configHash: configHash(behaviour),
    ...behaviour,
  };
}

/** Built-in jobs are enabled unless it is written, others are not, and that is told (rule 16). */
function enabledOf(reading: Reading, draft: Draft): { value: boolean; origin: string } {
  const given = pick(draft.layers, 'enabled');
  if (given) return given;
  if (Object.hasOwn(BUILT_IN_CRON, draft.id)) return { value: true, origin: 'default' };
  draft.warnings.push('disabled, because `enabled` is not written');
  reading.findings.warn(
    reading.source.at(draft.path, 'key'),
    'ENABLED_MISSING',
    'is disabled, because `enabled` is not written',
    'write enabled: true or enabled: false',
  );
  return { value: false, origin: 'default' };
}

const SCHEDULE_KEYS: readonly JobKey[] = ['cron', 'every', 'at', 'anchor', 'timezone'];

function noteJob(reading: Reading, draft: Draft, enabled: { value: boolean; origin: string }): void {
  const { path, layers, schedule } = draft;
  const at = (key: string) => [...path, key];
  const dependent: Partial<Record<JobKey, string>> = {
    misfire_policy: defaultMisfirePolicy(schedule.draft.kind),
    isolation: defaultIsolation(draft.file),
  };
  note(reading, at('enabled'), enabled.value, enabled.origin);
  note(reading, at('handler'), draft.handler, layers[0]?.handler?.origin ?? 'default');
  noteSchedule(reading, draft);
  for (const key of JOB_KEYS) {
    if (SCHEDULE_KEYS.includes(key) || ['enabled', 'handler', 'input'].includes(key)) continue;
    const found = effective(layers, key);
    const value = found.value === undefined ? dependent[key] : found.value;
    if (value !== undefined) note(reading, at(key), value, found.origin, JOB[key] as Field);
  }
  for (const [key, value] of Object.entries(draft.input)) {
    const written = draft.inputPaths.get(key);
    const origin = written ? originOf(reading.source.at(written, 'key')) : 'default';
    note(reading, [...path, 'input', key], masked(value, key), origin);
  }
}

function noteSchedule(reading: Reading, { path, layers, schedule }: Draft): void {
  const { draft, origin } = schedule;
  const zone = pick(layers, 'timezone');
  note(reading, [...path, 'timezone'], draft.timezone, zone?.origin ?? 'default');
  if (draft.kind === 'cron') note(reading, [...path, 'cron'], draft.expression, origin);
  if (draft.kind === 'every') note(reading, [...path, 'every'], draft.every, origin);
  const instant = pick(layers, draft.kind === 'at' ? 'at' : 'anchor');
  if (instant && (draft.kind === 'at' || draft.kind === 'every'))
    note(reading, [...path, draft.kind === 'at' ? 'at' : 'anchor'], instant.value, instant.origin);
}

interface Missing {
  id: string;
  handler: string;
}

/** One warning for all of them: such a file is usual where other services share it. */
function tellMissing(reading: Reading, missing: readonly Missing[]): void {
  const names = missing.map(({ id, handler }) => (id === handler ? id : `${handler} (of job ${id})`));
  reading.findings.warn(
    reading.source.at([...JOBS, missing[0]!.id], 'key'),
    'HANDLER_MISSING',
    `no job class is called ${names.join(', ')}; the other jobs run`,
    'put the class into a job directory, correct `handler`, or remove the job; a file that does not load is named in the log',
  );
}

/** Cron repeats every 400 years: what does not fire from 1970 on never does (rule 12). */
function tellNeverFires(reading: Reading, { draft }: ChosenSchedule, path: Path): string[] {
  if (draft.kind !== 'cron' || buildSchedule(draft).next(0) !== null) return [];
  const message = 'its schedule never fires';
  const fix = 'no day matches both day fields: change one, or write day_match: or';
  reading.findings.warn(reading.source.at(path, 'key'), 'NEVER_FIRES', message, fix);
  return [message];
}
