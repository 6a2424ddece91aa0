import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SchedulerError } from '#core/errors';
import { ListedFile } from '#housekeeper/listed';
import { isoAt, type RuleOutcome, reportOf, resultOf, writeReport } from '#housekeeper/report';
import { NOW, ruleWith, tempFolder } from './support.ts';

let inode = 0;
const FOLDER = { path: Buffer.alloc(0), identity: '1:1' };
const listedFile = (name: string, size: number): ListedFile =>
  new ListedFile(
    FOLDER,
    {
      names: [name],
      devices: BigUint64Array.of(1n),
      inodes: BigUint64Array.of(BigInt(++inode)),
      mtimesNs: BigInt64Array.of(BigInt(NOW - 1) * 1_000_000n),
      mtimesMs: Float64Array.of(NOW - 1),
      sizes: Float64Array.of(size),
      links: Uint32Array.of(1),
      faults: [],
    },
    0,
  );

const outcome = (changes: Partial<RuleOutcome> = {}): RuleOutcome => ({
  gone: [],
  kept: 0,
  warnings: [],
  defaultRetentionDays: null,
  error: null,
  ...changes,
});

const gone = (count: number, size = 1024) =>
  Array.from({ length: count }, (_, index) => ({
    file: listedFile(`f${index}`, size),
    reason: 'max_files' as const,
  }));

describe('the result of a rule', () => {
  test('says what went and why', () => {
    const result = resultOf(ruleWith(), false, outcome({ gone: gone(2), kept: 3 }), 'Europe/Paris');
    expect(result).toEqual({
      id: 'logs',
      directory: '/srv/logs',
      pattern: '*',
      success: true,
      dry_run: false,
      files_deleted: 2,
      space_freed: 2048,
      files_kept: 3,
      message: 'Removed 2 of 5 files, 2.0 KB',
      reasons: { retention_days: 0, max_files: 2, max_size_mb: 0 },
      removed: [
        { path: 'f0', size: 1024, modified_at: '2026-01-31T03:59:59.999+01:00', reason: 'max_files' },
        { path: 'f1', size: 1024, modified_at: '2026-01-31T03:59:59.999+01:00', reason: 'max_files' },
      ],
      removed_not_shown: 0,
      warnings: [],
      warnings_not_shown: 0,
    });
  });

  test.each<[boolean, Partial<RuleOutcome>, string]>([
    [false, {}, 'Removed 0 of 0 files, 0 bytes'],
    [true, { gone: gone(1, 1), kept: 0 }, '[DRY RUN] Would remove 1 of 1 file, 1 byte'],
    [false, { gone: gone(3, 1_048_576) }, 'Removed 3 of 3 files, 3.0 MB'],
    [
      false,
      { kept: 1, defaultRetentionDays: 30 },
      'Removed 0 of 1 file, 0 bytes; no policy given: files older than 30 days go (housekeeper.default_retention)',
    ],
    [false, { kept: 2, warnings: ['a: kept'] }, 'Removed 0 of 2 files, 0 bytes; 1 warning'],
    [true, { error: new SchedulerError('FORBIDDEN', 'no') }, '[DRY RUN] Failed: no'],
  ])('dry %s, %#', (dryRun, changes, message) => {
    expect(resultOf(ruleWith(), dryRun, outcome(changes), 'UTC').message).toBe(message);
  });

  test('names at most a thousand files and a hundred warnings, and counts the rest', () => {
    const warnings = Array.from({ length: 101 }, (_, index) => `w${index}`);
    const result = resultOf(ruleWith(), false, outcome({ gone: gone(1003), warnings }), 'UTC');
    expect(result.files_deleted).toBe(1003);
    expect([result.removed.length, result.removed_not_shown]).toEqual([1000, 3]);
    expect([result.warnings.length, result.warnings_not_shown]).toEqual([100, 1]);
  });

  test('has an error only if it failed', () => {
    const error = new SchedulerError('FORBIDDEN', 'is the vault', 'paths.vault');
    const failed = resultOf(ruleWith(), false, outcome({ error }), 'UTC');
    expect(failed.success).toBe(false);
    expect(failed.error).toEqual({ code: 'FORBIDDEN', message: 'is the vault', fix: 'paths.vault' });
  });
});

describe('the report of all', () => {
  const result = (dryRun: boolean, count: number, error: unknown = null) =>
    resultOf(ruleWith(), dryRun, outcome({ gone: gone(count, 10), error }), 'UTC');

  test('adds up what was done and never what was only planned', () => {
    const failed = result(false, 0, new Error('broken'));
    const { details, ...sums } = reportOf([result(false, 2), result(true, 5), failed], NOW, 'UTC', false);
    expect(details).toHaveLength(3);
    expect(sums).toEqual({
      timestamp: '2026-01-31T03:00:00.000+00:00',
      total_configs: 3,
      successful: 2,
      failed: 1,
      total_files_deleted: 2,
      total_space_freed: 20,
      dry_run: false,
    });
  });

  test('is dry if every rule was, or if there was none and the call was', () => {
    const dry = reportOf([result(true, 2), result(true, 1)], NOW, 'UTC', false);
    expect([dry.dry_run, dry.total_files_deleted]).toEqual([true, 3]);
    expect(reportOf([], NOW, 'UTC', true).dry_run).toBe(true);
    expect(reportOf([], NOW, 'UTC', false).dry_run).toBe(false);
  });
});

describe('the file of a report', () => {
  const report = (label: string) => ({ ...reportOf([], NOW, 'UTC', false), timestamp: label });

  test('carries the second of its start, in the zone', async () => {
    const folder = join(tempFolder(), 'not/yet/there');
    expect(await writeReport(folder, report('one'), NOW, 'UTC')).toBe(
      join(folder, 'cleanup_report_20260131_030000.json'),
    );
    expect(await writeReport(folder, report('two'), NOW, 'America/New_York')).toBe(
      join(folder, 'cleanup_report_20260130_220000.json'),
    );
  });

  test('two of one second, or twenty at once, never overwrite each other and leave no drafts', async () => {
    const folder = tempFolder();
    const labels = Array.from({ length: 20 }, (_, index) => `r${index}`);
    const paths = await Promise.all(labels.map((label) => writeReport(folder, report(label), NOW, 'UTC')));
    expect(new Set(paths).size).toBe(20);
    expect(readdirSync(folder).toSorted()).toEqual(
      paths.map((path) => path.slice(folder.length + 1)).toSorted(),
    );
    const found = paths.map((path) => JSON.parse(readFileSync(path, 'utf8')).timestamp);
    expect(found).toEqual(labels);
    expect(paths.map((path) => path.slice(-8)).toSorted()).toContain('0_2.json');
  });

  test('leaves a file of that name alone, whatever it is', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'cleanup_report_20260131_030000.json'), 'mine');
    mkdirSync(join(folder, 'cleanup_report_20260131_030000_2.json'));
    expect(await writeReport(folder, report('x'), NOW, 'UTC')).toMatch(/_030000_3\.json$/);
    expect(readFileSync(join(folder, 'cleanup_report_20260131_030000.json'), 'utf8')).toBe('mine');
  });
});

test('times beyond the calendar are shown at its edge', () => {
  expect(isoAt(Number.MAX_SAFE_INTEGER, 'UTC')).toBe('9999-12-31T00:00:00.000+00:00');
  expect(isoAt(-Number.MAX_SAFE_INTEGER, 'UTC')).toBe('0001-01-01T00:00:00.000+00:00');
});
