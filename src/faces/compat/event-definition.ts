// What the event scheduler (face A) is given, an event or changes of one, as the definition of a job. Pure.

import { closest } from '#core/did-you-mean';
import { type FieldFault, InvalidFields } from '#core/errors';
import type { Json, JsonObject } from '#core/handler';
import { JOB_KEYS } from '#service/definitions';
import { CRON, type EventShape, INTERVAL_TYPES, UNITS } from './event-words.ts';

const OWN_KEYS = [
  'name',
  'description',
  'module_id',
  'function_name',
  'parameters',
  'recurring',
  'interval_type',
  'interval_value',
  'cron',
  'next_execution',
  'max_executions',
];
/** Keys of a job in the settings file that are said otherwise here. */
const OTHERWISE = [
  'schedule',
  'every',
  'at',
  'anchor',
  'starts_at',
  'manual_only',
  'run_on_start',
  'handler',
  'input',
  'id',
  'owner',
];
const SCHEDULE_FIELDS = ['recurring', 'interval_type', 'interval_value', 'cron', 'next_execution'] as const;
const LONGEST = 100;

/**
 * A new event as the definition of a job. Any key of a policy may stand beside. Throws InvalidFields with
 * every field, MISSING_CRON_EXPRESSION.
 */
export function definitionOfEvent(given: JsonObject): JsonObject {
  const ofCron = cronFaults(given);
  const faults = [...unknownFields(given, []), ...textFaults(given, true), ...ofCron];
  const schedule = ofCron.length > 0 ? {} : scheduleOf(timingOf(given), faults);
  if (faults.length > 0) throw new InvalidFields('the event', faults);
  const { name, description, module_id, function_name, max_executions } = given;
  return {
    ...policyOf(given),
    ...{ name: name!, handler: function_name!, module_id: module_id ?? 'unknown' },
    ...(description !== undefined && { description }),
    ...(max_executions !== undefined && { max_executions }),
    input: inputOf(given.parameters),
    ...tracing(given.parameters),
    ...schedule,
  };
}

/**
 * Changes of an event as changes of its job. What is given of its schedule is put on what it has. Throws as
 * `definitionOfEvent`.
 */
export function changesOfEvent(event: EventShape, given: JsonObject): JsonObject {
  const faults = [...unknownFields(given, ['module_id']), ...textFaults(given, false), ...cronFaults(given)];
  const { name, description, function_name, parameters, max_executions } = given;
  const isRescheduled = SCHEDULE_FIELDS.some((key) => given[key] !== undefined);
  const cron = cronOf(given);
  const schedule =
    faults.length === 0 &&
    (isRescheduled || (cron !== undefined && cron !== cronOf({ parameters: event.parameters })))
      ? scheduleOf(rescheduled(event, given), faults)
      : {};
  if (faults.length > 0) throw new InvalidFields('the event', faults);
  return {
    ...policyOf(given),
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(function_name !== undefined && { handler: function_name }),
    ...(max_executions !== undefined && { max_executions }),
    ...(parameters !== undefined && { input: inputOf(parameters), ...tracing(parameters) }),
    ...schedule,
  };
}

type Timing = Partial<Record<(typeof SCHEDULE_FIELDS)[number], Json>>;

/** The fields that say when, with the cron of whichever place; null is as absent. */
function timingOf(given: JsonObject): Timing {
  const cron = cronOf(given);
  const timing = SCHEDULE_FIELDS.filter((key) => (given[key] ?? null) !== null).map((key) => [
    key,
    given[key],
  ]);
  return { ...(Object.fromEntries(timing) as Timing), ...(cron !== undefined && { cron }) };
}

/** What is given of when, put on what the event has: a cron takes the place of an interval, one time that of both. */
function rescheduled(event: EventShape, given: JsonObject): Timing {
  const wanted = timingOf(given);
  if (wanted.cron === cronOf({ parameters: event.parameters }) && given.cron === undefined)
    delete wanted.cron;
  if (wanted.recurring === false)
    return { ...(!event.recurring && { next_execution: event.next_execution }), ...wanted };
  const kept = timingOf({ ...event, next_execution: null });
  if (kept.interval_type === 'cron') delete kept.interval_value;
  const isSameKind = [wanted.recurring, wanted.interval_type, wanted.cron].every(
    (value) => value === undefined,
  );
  if (isSameKind) return { ...kept, ...wanted };
  const type = wanted.interval_type ?? (wanted.cron === undefined ? kept.interval_type : 'cron');
  const ofType = type === 'cron' ? { cron: kept.cron } : { interval_value: kept.interval_value };
  const known = Object.entries({ ...ofType, interval_type: type }).filter(([, value]) => value !== undefined);
  return { ...(Object.fromEntries(known) as Timing), recurring: true, ...wanted };
}

/** Again and again where an interval or a cron is given and nobody says otherwise. */
function scheduleOf(timing: Timing, faults: FieldFault[]): JsonObject {
  const { interval_type: type, interval_value: value, cron, next_execution: next } = timing;
  const { recurring = type !== undefined || cron !== undefined } = timing;
  const isFaulty = (field: string, message: string) => void faults.push({ field, message });
  if (typeof recurring !== 'boolean') isFaulty('recurring', 'expected true or false');
  if (next !== undefined && typeof next !== 'string') isFaulty('next_execution', 'expected a time: ISO 8601');
  const starts = next === undefined ? {} : { starts_at: next };
  if (recurring !== true) {
    const other = cron !== undefined ? 'cron' : type !== undefined ? 'interval_type' : null;
    if (other !== null) isFaulty(other, 'stands beside recurring: false, keep one of them');
    if (next === undefined) isFaulty('next_execution', 'is missing: a one-time event needs its time');
    return next === undefined ? {} : { at: next };
  }
  if (type === 'cron' || (type === undefined && cron !== undefined)) {
    if (typeof cron === 'string' && cron.trim() !== '') return { cron, ...starts };
    const message = 'is missing, and interval_type is cron: write its text there, or into cron';
    throw new InvalidFields(
      'the event',
      [{ field: `parameters.${CRON}`, message }],
      'MISSING_CRON_EXPRESSION',
    );
  }
  const unit =
    typeof type === 'string' && Object.hasOwn(UNITS, type) ? UNITS[type as keyof typeof UNITS] : null;
  if (unit === null) isFaulty('interval_type', `expected one of ${INTERVAL_TYPES.join(', ')}`);
  if (cron !== undefined) isFaulty('cron', `stands beside interval_type: ${String(type)}, keep one of them`);
  if (!Number.isInteger(value) || Number(value) < 1)
    isFaulty('interval_value', 'expected a whole number, 1 or more');
  return unit === null ? {} : { every: `${Number(value)}${unit}`, ...starts };
}

function cronFaults({ cron, parameters }: JsonObject): FieldFault[] {
  const lifted = isObject(parameters) ? (parameters[CRON] ?? null) : null;
  if (lifted !== null && typeof lifted !== 'string')
    return [{ field: `parameters.${CRON}`, message: 'expected a text' }];
  const isAnother = lifted !== null && typeof cron === 'string' && cron !== lifted;
  return isAnother ? [{ field: 'cron', message: `is another than parameters.${CRON}: give one` }] : [];
}

/** The text of a cron, wherever it was written. */
function cronOf({ cron, parameters }: JsonObject): Json | undefined {
  const lifted = isObject(parameters) ? parameters[CRON] : undefined;
  return cron ?? lifted ?? undefined;
}

function inputOf(parameters: Json | undefined): JsonObject {
  const { [CRON]: _, ...input } = isObject(parameters) ? parameters : {};
  return input;
}

/** One trace file a run, in the trace directory. */
function tracing(parameters: Json | undefined): JsonObject {
  return isObject(parameters) && typeof parameters.enable_tracing === 'boolean'
    ? { trace: parameters.enable_tracing }
    : {};
}

function policyOf(given: JsonObject): JsonObject {
  const keys = (JOB_KEYS as readonly string[]).filter(
    (key) => !OWN_KEYS.includes(key) && !OTHERWISE.includes(key),
  );
  return Object.fromEntries(Object.entries(given).filter(([key]) => keys.includes(key)));
}

function unknownFields(given: JsonObject, fixed: readonly string[]): FieldFault[] {
  const known = [...OWN_KEYS, ...JOB_KEYS.filter((key) => !OTHERWISE.includes(key))];
  return Object.keys(given).flatMap((field) => {
    if (fixed.includes(field)) return { field, message: 'cannot be changed' };
    if (known.includes(field)) return [];
    const near = closest(field, known);
    return { field, message: near ? `is not known, did you mean ${near}?` : 'is not known' };
  });
}

function textFaults(given: JsonObject, isNew: boolean): FieldFault[] {
  const faults: FieldFault[] = [];
  for (const field of ['name', 'function_name', 'module_id']) {
    const value = given[field];
    if (value === undefined || (value === null && field === 'module_id')) {
      if (isNew && field !== 'module_id') faults.push({ field, message: 'is missing' });
    } else if (typeof value !== 'string' || value.trim() === '' || value.length > LONGEST)
      faults.push({ field, message: `expected a text of 1 to ${LONGEST} characters` });
  }
  const { parameters } = given;
  if (parameters !== undefined && !isObject(parameters))
    faults.push({ field: 'parameters', message: 'expected an object' });
  return faults;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const FILTERS: Readonly<Record<string, string>> = {
  status: 'string',
  module_id: 'string',
  function_name: 'string',
  recurring: 'boolean',
};

/** Throws InvalidFields for a filter that there is not, or of another type. What is `undefined` is absent. */
export function checkedFilters<T extends object>(given: T): T {
  const faults = Object.entries(given).flatMap(([field, value]): FieldFault[] => {
    if (value === undefined) return [];
    const type = FILTERS[field];
    const near = closest(field, Object.keys(FILTERS));
    if (type === undefined)
      return [{ field, message: near ? `is not known, did you mean ${near}?` : 'is not known' }];
    return typeof value === type ? [] : [{ field, message: `expected a ${type}` }];
  });
  if (faults.length > 0) throw new InvalidFields('the filter', faults);
  return given;
}
