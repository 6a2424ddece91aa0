// What the event scheduler (face A) is given, an event or changes of one, as the definition of a job. Pure.

import { closest } from '#core/did-you-mean';
import { type FieldFault, InvalidFields, SchedulerError } from '#core/errors';
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
const LONGEST = 100;

/**
 * A new event as the definition of a job. Any key of a policy may stand beside. Throws InvalidFields with
 * every field, MISSING_CRON_EXPRESSION.
 */
export function definitionOfEvent(given: JsonObject): JsonObject {
  const faults = [...unknownFields(given, []), ...textFaults(given, true)];
  const schedule = scheduleOf(given, faults);
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
  const faults = [...unknownFields(given, ['module_id']), ...textFaults(given, false)];
  const { name, description, function_name, parameters, max_executions } = given;
  const isRescheduled = ['recurring', 'interval_type', 'interval_value', 'cron', 'next_execution'].some(
    (key) => given[key] !== undefined,
  );
  const cron = cronOf(given);
  const schedule =
    isRescheduled || (cron !== undefined && cron !== cronOf({ parameters: event.parameters }))
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

function rescheduled(event: EventShape, given: JsonObject): JsonObject {
  const cron = cronOf(given) ?? cronOf({ parameters: event.parameters });
  const { recurring, interval_type, interval_value, next_execution } = event;
  const isOnce = (given.recurring ?? recurring) === false;
  return {
    ...{ recurring, interval_type, interval_value },
    // Another interval begins anew; a one-time event that is not moved stays.
    ...(isOnce && !recurring && { next_execution }),
    ...(cron !== undefined && { cron }),
    ...(given.cron === undefined &&
      given.interval_type === undefined &&
      cronOf(given) !== undefined && { interval_type: 'cron' }),
    ...Object.fromEntries(Object.entries(given).filter(([key]) => key !== 'parameters')),
  };
}

function scheduleOf(given: JsonObject, faults: FieldFault[]): JsonObject {
  const {
    recurring = false,
    interval_type: type = given.cron === undefined ? undefined : 'cron',
    next_execution: next,
  } = given;
  const starts = next === undefined || next === null ? {} : { starts_at: next };
  if (typeof recurring !== 'boolean') faults.push({ field: 'recurring', message: 'expected true or false' });
  if (next !== undefined && next !== null && typeof next !== 'string')
    faults.push({ field: 'next_execution', message: 'expected a time: ISO 8601' });
  if (recurring !== true) {
    if (typeof next === 'string') return { at: next };
    if (next === undefined || next === null)
      faults.push({ field: 'next_execution', message: 'is missing: a one-time event needs its time' });
    return {};
  }
  if (type === 'cron') {
    const cron = cronOf(given);
    if (typeof cron === 'string' && cron.trim() !== '') return { cron, ...starts };
    throw new SchedulerError(
      'MISSING_CRON_EXPRESSION',
      'interval_type is cron, and there is no cron expression',
      `write it into parameters.${CRON}, or into cron`,
    );
  }
  const unit =
    typeof type === 'string' && Object.hasOwn(UNITS, type) ? UNITS[type as keyof typeof UNITS] : null;
  const value = given.interval_value;
  if (unit === null)
    faults.push({ field: 'interval_type', message: `expected one of ${INTERVAL_TYPES.join(', ')}` });
  if (!Number.isInteger(value) || Number(value) < 1)
    faults.push({ field: 'interval_value', message: 'expected a whole number, 1 or more' });
  return unit === null ? {} : { every: `${Number(value)}${unit}`, ...starts };
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
