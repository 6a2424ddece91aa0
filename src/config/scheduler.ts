// The scheduler's own section and the zone of all schedules.

import path from 'node:path';
import type { Variables } from './environment.ts';
import { timezone as timezoneShape } from './field.ts';
import { DEFAULTS } from './job-keys.ts';
import { checkMapping, checkUnknownKeys, note, type Reading, readKeys, readSection } from './read.ts';
import { aliasesBelow, SCHEDULER } from './sections.ts';
import type { SchedulerSettings } from './settings.ts';

const SECTION = ['scheduler'];

export function readScheduler(
  reading: Reading,
  variables: Variables,
  projectDir: string,
  stateDir: string,
): SchedulerSettings {
  checkMapping(reading, SECTION);
  checkMapping(reading, [...SECTION, 'jobs']);
  const keys = [...Object.keys(SCHEDULER), 'defaults', 'jobs', ...aliasesBelow('scheduler')];
  checkUnknownKeys(reading, keys, SECTION);
  const values = readSection(reading, SCHEDULER, SECTION);
  const traces = values.trace_directory;
  const traceDirectory = traces ? path.resolve(projectDir, traces) : path.join(stateDir, 'traces');
  if (!traces) note(reading, [...SECTION, 'trace_directory'], traceDirectory, 'default');
  return {
    enabled: values.enabled,
    timezone: values.timezone ?? zoneOfSystem(reading, variables),
    maxConcurrentExecutions: values.max_concurrent_executions,
    checkIntervalMs: values.check_interval,
    allowPastEvents: values.allow_past_events,
    historyRetentionDays: values.history_retention_days,
    historyMaxRows: values.history_max_rows,
    autoCleanupEnabled: values.auto_cleanup_enabled,
    cleanupIntervalMs: values.cleanup_interval,
    stateMaxMb: values.state_max_mb,
    shutdown: { drainMs: values.shutdown.drain, abortMs: values.shutdown.abort },
    traceDirectory,
    jobDirectories: values.job_directories.map((directory) => path.resolve(projectDir, directory)),
    secretNames: values.secrets,
    exec: values.exec.allowed,
    http: { privateNetworks: values.http.private_networks },
    queues: { maxRetries: values.queues.max_retries, maxSize: values.queues.max_size },
    agents: {
      minIntervalMs: values.agents.min_interval,
      maxJobs: values.agents.max_jobs,
      maxTtlMs: values.agents.max_ttl,
    },
    defaults: readDefaults(reading),
  };
}

function readDefaults(reading: Reading): SchedulerSettings['defaults'] {
  const at = [...SECTION, 'defaults'];
  checkMapping(reading, at);
  checkUnknownKeys(reading, Object.keys(DEFAULTS), at);
  const defaults = readKeys<typeof DEFAULTS>(reading, DEFAULTS, at);
  for (const [key, given] of Object.entries(defaults))
    note(reading, [...at, key], given.value, given.origin, DEFAULTS[key as keyof typeof DEFAULTS]);
  return defaults;
}

/** `TZ`, else UTC. A path in it (`:/etc/localtime`) names no zone and is passed over. */
function zoneOfSystem(reading: Reading, variables: Variables): string {
  const variable = variables.get('TZ');
  const name = variable?.value.replace(/^:/, '');
  if (!variable || !name || name.startsWith('/')) {
    note(reading, [...SECTION, 'timezone'], 'UTC', 'default');
    return 'UTC';
  }
  const zone = timezoneShape.zod.safeParse(name);
  if (!zone.success)
    reading.findings.fault(
      variable.place,
      'INVALID_VARIABLE',
      `found ${JSON.stringify(variable.value)}, expected ${timezoneShape.expects}`,
      'set TZ to a zone, or write scheduler.timezone',
    );
  note(reading, [...SECTION, 'timezone'], zone.data ?? 'UTC', 'TZ');
  return zone.data ?? 'UTC';
}
