// The housekeeper's section and its rules; directories become absolute, whether they are allowed is asked when they are used.

import path from 'node:path';
import type { CleanupRule, HousekeeperSettings } from '#core/cleanup';
import { shown } from './findings.ts';
import { checkMapping, checkUnknownKeys, note, originOf, type Reading, readSection } from './read.ts';
import { HOUSEKEEPER, RULE } from './sections.ts';
import { isMapping, valueAt } from './tree.ts';

const SECTION = ['housekeeper'];
const RULES = [...SECTION, 'rules'];

export function readHousekeeper(reading: Reading, projectDir: string, stateDir: string): HousekeeperSettings {
  checkMapping(reading, SECTION);
  checkUnknownKeys(reading, [...Object.keys(HOUSEKEEPER), 'rules'], SECTION);
  const values = readSection(reading, HOUSEKEEPER, SECTION);
  const reports = values.report_directory;
  const reportDirectory = reports
    ? path.resolve(projectDir, reports)
    : path.join(stateDir, 'cleanup_reports');
  if (!reports) note(reading, [...SECTION, 'report_directory'], reportDirectory, 'default');
  if (values.enabled === undefined) note(reading, [...SECTION, 'enabled'], true, 'default');
  if (values.schedule === undefined) note(reading, [...SECTION, 'schedule'], DEFAULT_SCHEDULE, 'default');
  return {
    enabled: values.enabled ?? true,
    schedule: values.schedule ?? DEFAULT_SCHEDULE,
    defaultRetentionDays: values.default_retention,
    dryRun: values.dry_run,
    concurrentCleanups: values.concurrent_cleanups,
    reportEnabled: values.report_enabled,
    reportDirectory,
    allowedRoots: values.allowed_roots.map((root) => path.resolve(projectDir, root)),
    rules: readRules(reading, projectDir),
  };
}

const DEFAULT_SCHEDULE = '0 3 * * *';

function readRules(reading: Reading, projectDir: string): CleanupRule[] {
  const written = valueAt(reading.source.root, RULES) ?? [];
  if (!Array.isArray(written)) {
    reading.findings.fault(
      reading.source.at(RULES),
      'INVALID_VALUE',
      `found ${shown(written)}, expected a list of rules`,
    );
    return [];
  }
  const rules = written.map((rule, index) => readRule(reading, rule, index, projectDir));
  tellTwins(reading, rules);
  return rules.filter((rule) => rule !== null);
}

function readRule(reading: Reading, written: unknown, index: number, projectDir: string): CleanupRule | null {
  const at = [...RULES, index];
  if (!isMapping(written)) {
    const found = `found ${shown(written)}, expected the keys of a rule`;
    reading.findings.fault(reading.source.at(at), 'INVALID_VALUE', found);
    return null;
  }
  checkUnknownKeys(reading, Object.keys(RULE), at);
  const values = readSection(reading, RULE, at);
  for (const key of ['id', 'directory'] as const)
    if (!Object.hasOwn(written, key))
      reading.findings.fault(
        reading.source.at(at),
        'INVALID_VALUE',
        `a rule without ${key}`,
        `write ${key}:`,
      );
  tellPattern(reading, values.pattern, [...at, 'pattern']);
  tellLongDirectory(reading, values.directory ?? '', [...at, 'directory']);
  return {
    id: values.id ?? '',
    directory: path.resolve(projectDir, values.directory ?? ''),
    pattern: values.pattern,
    retentionDays: values.retention_days,
    maxFiles: values.max_files,
    maxSizeMb: values.max_size_mb,
    minKeep: values.min_keep,
    priority: values.priority,
    recursive: values.recursive,
    dryRun: values.dry_run,
    description: values.description,
    maxDeleteShare: values.max_delete_share,
    source: 'config',
    origin: originOf(reading.source.at(at)),
    moduleId: null,
  };
}

/** A pattern is about one name: it never leads into another folder. */
function tellPattern(reading: Reading, pattern: string, at: (string | number)[]): void {
  if (!pattern.includes('/') && !pattern.includes('..') && pattern.length <= 128) return;
  reading.findings.fault(
    reading.source.at(at),
    'INVALID_VALUE',
    `found ${shown(pattern)}, expected a pattern for file names, without / and .., of at most 128 characters`,
  );
}

function tellLongDirectory(reading: Reading, directory: string, at: (string | number)[]): void {
  if (directory.length <= 512) return;
  reading.findings.fault(
    reading.source.at(at),
    'INVALID_VALUE',
    `found ${directory.length} characters, expected a directory of at most 512`,
  );
}

function tellTwins(reading: Reading, rules: readonly (CleanupRule | null)[]): void {
  const seen = new Map<string, number>();
  for (const [index, rule] of rules.entries()) {
    if (!rule || rule.id === '') continue;
    const before = seen.get(rule.id);
    seen.set(rule.id, before ?? index);
    if (before === undefined) continue;
    const first = reading.source.at([...RULES, before, 'id']);
    const found = `${rule.id} is already the id of the rule in line ${first.line}`;
    reading.findings.fault(reading.source.at([...RULES, index, 'id']), 'INVALID_VALUE', found);
  }
}
