// A job in its row: which field lies in which column, and how it is read.

import type { JobPolicy, StoredJob } from '#core/job';
import type { ScheduleSpec } from '#core/schedule';
import type { Params, Values } from './database.ts';
import { type Fields, flag, json, params, parsed, plain, positions, value } from './rows.ts';

/** `policy` lies in a table of its own: see policies.ts. */
export const JOB_FIELDS: Fields<Omit<StoredJob, 'policy'>> = {
  uid: plain('uid'),
  id: plain('id'),
  name: plain('name'),
  description: plain('description'),
  handler: plain('handler'),
  input: json('input'),
  source: plain('source'),
  origin: plain('origin'),
  owner: plain('owner'),
  moduleId: plain('module_id'),
  enabled: flag('enabled'),
  manualOnly: flag('manual_only'),
  runOnStart: flag('run_on_start'),
  schedule: json('schedule'),
  warnings: json('warnings'),
  configHash: plain('config_hash'),
  state: plain('state'),
  cursor: plain('cursor'),
  nextSlot: plain('next_slot'),
  nextDue: plain('next_due'),
  ledgerFrom: plain('ledger_from'),
  gap: json('gap'),
  takenTo: plain('taken_to'),
  auditedTo: plain('audited_to'),
  orphanedAt: plain('orphaned_at'),
  deletedAt: plain('deleted_at'),
  failStreak: plain('fail_streak'),
  circuit: json('circuit'),
  crashCount: plain('crash_count'),
  admittedCount: plain('admitted_count'),
  runCount: plain('run_count'),
  successCount: plain('success_count'),
  failureCount: plain('failure_count'),
  lastRunAt: plain('last_run_at'),
  lastError: json('last_error'),
  lastSuccess: json('last_success'),
  handlerState: value('handler_state'),
  createdAt: plain('created_at'),
  updatedAt: plain('updated_at'),
};

const AT = positions(JOB_FIELDS);
const POLICY_ID = Object.keys(JOB_FIELDS).length;

/** The select list that `readJob` reads; `jobs` must be the table's name. */
export const JOB_COLUMNS = [...Object.values(JOB_FIELDS).map((field) => field.column), 'policy_id']
  .map((column) => `jobs.${column}`)
  .join(', ');

export const policyIdOf = (row: Values): number => Number(row[POLICY_ID]);

export const jobParams = (job: Partial<Omit<StoredJob, 'policy'>>): Params => params(JOB_FIELDS, job);

/** Written out, because thousands are read at a time: built name by name each would be a slow object for all its life. */
export function readJob(row: Values, policy: JobPolicy): StoredJob {
  return {
    policy,
    uid: row[AT.uid] as StoredJob['uid'],
    id: row[AT.id] as StoredJob['id'],
    name: row[AT.name] as StoredJob['name'],
    description: row[AT.description] as StoredJob['description'],
    handler: row[AT.handler] as StoredJob['handler'],
    input: parsed(row[AT.input]),
    source: row[AT.source] as StoredJob['source'],
    origin: row[AT.origin] as StoredJob['origin'],
    owner: row[AT.owner] as StoredJob['owner'],
    moduleId: row[AT.moduleId] as StoredJob['moduleId'],
    enabled: row[AT.enabled] === 1,
    manualOnly: row[AT.manualOnly] === 1,
    runOnStart: row[AT.runOnStart] === 1,
    schedule: sharedSchedule(String(row[AT.schedule])),
    warnings: parsed(row[AT.warnings]),
    configHash: row[AT.configHash] as StoredJob['configHash'],
    state: row[AT.state] as StoredJob['state'],
    cursor: row[AT.cursor] as StoredJob['cursor'],
    nextSlot: row[AT.nextSlot] as StoredJob['nextSlot'],
    nextDue: row[AT.nextDue] as StoredJob['nextDue'],
    ledgerFrom: row[AT.ledgerFrom] as StoredJob['ledgerFrom'],
    gap: parsed(row[AT.gap]),
    takenTo: row[AT.takenTo] as StoredJob['takenTo'],
    auditedTo: row[AT.auditedTo] as StoredJob['auditedTo'],
    orphanedAt: row[AT.orphanedAt] as StoredJob['orphanedAt'],
    deletedAt: row[AT.deletedAt] as StoredJob['deletedAt'],
    failStreak: row[AT.failStreak] as StoredJob['failStreak'],
    circuit: parsed(row[AT.circuit]),
    crashCount: row[AT.crashCount] as StoredJob['crashCount'],
    admittedCount: row[AT.admittedCount] as StoredJob['admittedCount'],
    runCount: row[AT.runCount] as StoredJob['runCount'],
    successCount: row[AT.successCount] as StoredJob['successCount'],
    failureCount: row[AT.failureCount] as StoredJob['failureCount'],
    lastRunAt: row[AT.lastRunAt] as StoredJob['lastRunAt'],
    lastError: parsed(row[AT.lastError]),
    lastSuccess: parsed(row[AT.lastSuccess]),
    handlerState: parsed(row[AT.handlerState]),
    createdAt: row[AT.createdAt] as StoredJob['createdAt'],
    updatedAt: row[AT.updatedAt] as StoredJob['updatedAt'],
  };
}

const MOST_SCHEDULES = 2_000;
const schedules = new Map<string, ScheduleSpec>();

/** One frozen object for one text: it belongs to every row that bears it. */
function sharedSchedule(text: string): ScheduleSpec {
  const known = schedules.get(text);
  if (known !== undefined) return known;
  const spec = Object.freeze(JSON.parse(text) as ScheduleSpec);
  if (schedules.size >= MOST_SCHEDULES) schedules.clear();
  schedules.set(text, spec);
  return spec;
}
