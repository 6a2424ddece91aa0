// What a cleanup tells: the result of a rule and the report of all, in the words of every face, and its file.

import { randomUUID } from 'node:crypto';
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CleanupReport, CleanupResult, CleanupRule, RemovalReason } from '#core/cleanup';
import type { EpochMs } from '#core/clock';
import { toErrorRecord } from '#core/errors';
import { bytesFreed } from './disk.ts';
import type { ListedFile } from './listed.ts';

/** What became of one rule. In a dry run `gone` is what would go. */
export interface RuleOutcome {
  gone: readonly { file: ListedFile; reason: RemovalReason }[];
  kept: number;
  warnings: readonly string[];
  /** Days, where no policy was given and the housekeeper's default decided; else null. */
  defaultRetentionDays: number | null;
  /** Why the rule failed; null = it did its work. */
  error: unknown;
}

const REMOVED_SHOWN = 1000;
const WARNINGS_SHOWN = 100;

export function resultOf(
  rule: Pick<CleanupRule, 'id' | 'directory' | 'pattern'>,
  dryRun: boolean,
  outcome: RuleOutcome,
  timezone: string,
): CleanupResult {
  const { gone, kept, warnings, error } = outcome;
  const failed = error !== null;
  const record = failed ? toErrorRecord(error, 'CLEANUP_ERROR') : null;
  const freed = bytesFreed(gone.map(({ file }) => file));
  const reasons: Record<RemovalReason, number> = { retention_days: 0, max_files: 0, max_size_mb: 0 };
  for (const { reason } of gone) reasons[reason]++;
  const text = record ? `Failed: ${record.message}` : sentence(dryRun, freed, outcome);
  return {
    id: rule.id,
    directory: rule.directory,
    pattern: rule.pattern,
    success: !failed,
    dry_run: dryRun,
    files_deleted: gone.length,
    space_freed: freed,
    files_kept: kept,
    message: dryRun ? `[DRY RUN] ${text}` : text,
    ...(record && { error: record }),
    reasons,
    removed: gone.slice(0, REMOVED_SHOWN).map(({ file, reason }) => ({
      path: file.path.toString(),
      size: file.size,
      modified_at: isoAt(file.mtimeMs, timezone),
      reason,
    })),
    removed_not_shown: Math.max(0, gone.length - REMOVED_SHOWN),
    warnings: warnings.slice(0, WARNINGS_SHOWN),
    warnings_not_shown: Math.max(0, warnings.length - WARNINGS_SHOWN),
  };
}

/** Of a rule that could not even begin. */
export function failedResult(
  rule: { id: string; directory: string; pattern: string },
  dryRun: boolean,
  error: unknown,
): CleanupResult {
  return resultOf(
    rule,
    dryRun,
    { gone: [], kept: 0, warnings: [], defaultRetentionDays: null, error },
    'UTC',
  );
}

/** Planned and done never mix: the totals count the rules that ran as `dry_run` says. */
export function reportOf(
  details: CleanupResult[],
  startedAt: EpochMs,
  timezone: string,
  dryIfEmpty: boolean,
): CleanupReport {
  const dryRun = details.length === 0 ? dryIfEmpty : details.every((detail) => detail.dry_run);
  const counted = details.filter((detail) => detail.dry_run === dryRun);
  const successful = details.filter((detail) => detail.success).length;
  return {
    timestamp: isoAt(startedAt, timezone),
    total_configs: details.length,
    successful,
    failed: details.length - successful,
    total_files_deleted: counted.reduce((sum, detail) => sum + detail.files_deleted, 0),
    total_space_freed: counted.reduce((sum, detail) => sum + detail.space_freed, 0),
    dry_run: dryRun,
    details,
  };
}

/**
 * Writes `cleanup_report_YYYYmmdd_HHMMSS.json` (in `timezone`) and answers its path. It appears whole or not
 * at all; a second report of the same second gets `_2`, and so on: nothing is ever overwritten.
 */
export async function writeReport(
  directory: string,
  report: CleanupReport,
  startedAt: EpochMs,
  timezone: string,
): Promise<string> {
  await mkdir(directory, { recursive: true });
  const draft = join(directory, `.cleanup_report_${randomUUID()}.tmp`);
  try {
    await writeDurably(draft, `${JSON.stringify(report, null, 2)}\n`);
    for (let copy = 1; ; copy++) {
      const suffix = copy === 1 ? '' : `_${copy}`;
      const path = join(directory, `cleanup_report_${stamp(startedAt, timezone)}${suffix}.json`);
      if (await placeExclusively(draft, path)) return path;
    }
  } finally {
    await rm(draft, { force: true });
  }
}

/** Writes a file and waits until it is on the disk. */
export async function writeDurably(path: string, text: string): Promise<void> {
  await using handle = await open(path, 'wx');
  await handle.writeFile(text);
  await handle.sync();
}

/** False if the name is taken. A file system without hard links gets the name reserved, then replaced. */
async function placeExclusively(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch {
    // Taken, or a file system without hard links: reserving the name tells which.
  }
  try {
    await (await open(path, 'wx')).close();
  } catch (thrown) {
    if ((thrown as { code?: string }).code === 'EEXIST') return false;
    throw thrown;
  }
  await rename(draft, path);
  return true;
}

function sentence(dryRun: boolean, freed: number, outcome: RuleOutcome): string {
  const { gone, kept, warnings, defaultRetentionDays } = outcome;
  const parts = [
    `${dryRun ? 'Would remove' : 'Removed'} ${gone.length} of ${counted(gone.length + kept, 'file')}, ${formatBytes(freed)}`,
  ];
  if (defaultRetentionDays !== null)
    parts.push(
      `no policy given: files older than ${counted(defaultRetentionDays, 'day')} go (housekeeper.default_retention)`,
    );
  if (warnings.length > 0) parts.push(counted(warnings.length, 'warning'));
  return parts.join('; ');
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** In the units of `max_size_mb`: 1 MB = 1,048,576 bytes. */
function formatBytes(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return step === 0 ? counted(bytes, 'byte') : `${(bytes / 1024 ** step).toFixed(1)} ${units[step]}`;
}

/** ISO 8601 with offset. A file's time may lie beyond what a calendar holds; it is then shown at the edge. */
export function isoAt(at: number, timezone: string): string {
  const inCalendar = Math.min(Math.max(Math.floor(at), -62_135_596_800_000), 253_402_214_400_000);
  return Temporal.Instant.fromEpochMilliseconds(inCalendar)
    .toZonedDateTimeISO(timezone)
    .toString({ timeZoneName: 'never', smallestUnit: 'millisecond' });
}

function stamp(at: EpochMs, timezone: string): string {
  const [date, time] = isoAt(at, timezone).slice(0, 19).replaceAll(/[-:]/g, '').split('T');
  return `${date}_${time}`;
}
