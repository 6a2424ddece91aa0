// A cleanup: a retention rule of the housekeeper, its settings, and what a run of it answers at every face.

import type { EpochMs } from './clock.ts';
import type { ErrorRecord } from './errors.ts';

/** Which files of one directory may stay. A policy that is null was not given. */
export interface CleanupRule {
  id: string;
  /** Absolute and literal: a folder `a[1]` is just that folder. */
  directory: string;
  /** `*`, `?` and `[…]` on the file name. */
  pattern: string;
  /** Days by mtime; 0 = everything older than now. */
  retentionDays: number | null;
  /** 0 = no file stays. */
  maxFiles: number | null;
  /** Of 1,048,576 bytes; 0 = no file stays. */
  maxSizeMb: number | null;
  /** So many of the newest stay, whatever the policies say. */
  minKeep: number;
  /** Lower runs first. */
  priority: number;
  recursive: boolean;
  dryRun: boolean;
  description: string | null;
  /** 0–1. Of 20 files or more, a run that would delete a larger share is refused. Null = no limit. */
  maxDeleteShare: number | null;
  /** A rule of the settings file vouches for its own directory; any other needs an allowed root. */
  source: 'config' | 'api';
  /** Of a rule of the settings: `file:line`. */
  origin: string | null;
  /** Who registered it; null for a rule of the settings. */
  moduleId: string | null;
}

/** A rule that was registered by a call, as the store keeps it. */
export interface StoredCleanup extends CleanupRule {
  createdAt: EpochMs;
  updatedAt: EpochMs;
}

export interface HousekeeperSettings {
  /** False stops the schedule only; a cleanup started by hand runs. */
  enabled: boolean;
  schedule: string;
  /** For rules that give no policy. */
  defaultRetentionDays: number;
  /** True makes every run a dry run: no rule and no call can undercut it. */
  dryRun: boolean;
  concurrentCleanups: number;
  reportEnabled: boolean;
  /** Absolute. */
  reportDirectory: string;
  /** Absolute. */
  allowedRoots: string[];
  rules: CleanupRule[];
}

/** The policy that marked a file, by its name in the settings. */
export type RemovalReason = 'retention_days' | 'max_files' | 'max_size_mb';

export interface RemovedFile {
  /** Relative to the directory; bytes that are no UTF-8 show as U+FFFD. */
  path: string;
  size: number;
  /** ISO 8601 with offset. */
  modified_at: string;
  reason: RemovalReason;
}

/** What one rule did, or in a dry run would have done. */
export interface CleanupResult {
  id: string;
  directory: string;
  pattern: string;
  success: boolean;
  dry_run: boolean;
  files_deleted: number;
  /** Bytes. A file with other names (hard links) frees nothing until its last name goes. */
  space_freed: number;
  files_kept: number;
  /** A dry run's begins with `[DRY RUN]`. */
  message: string;
  /** Only where `success` is false. */
  error?: ErrorRecord;
  reasons: Record<RemovalReason, number>;
  /** Oldest first, at most 1,000; `removed_not_shown` counts the rest. */
  removed: RemovedFile[];
  removed_not_shown: number;
  /** Files and folders that could not be read or removed; at most 100, `warnings_not_shown` counts the rest. */
  warnings: string[];
  warnings_not_shown: number;
}

/** What a run of all rules did. */
export interface CleanupReport {
  /** Start of the run, ISO 8601 with offset. */
  timestamp: string;
  total_configs: number;
  successful: number;
  failed: number;
  /** Sums of the details with the same `dry_run`: what was planned never mixes with what was done. */
  total_files_deleted: number;
  total_space_freed: number;
  /** True if nothing was deleted because every rule ran dry. */
  dry_run: boolean;
  details: CleanupResult[];
}

/** What is wrong with a rule before it ever runs; shown at start and by `validate`. */
export interface CleanupWarning {
  id: string;
  directory: string;
  code: string;
  message: string;
  fix: string | null;
}

/** One rule's result or the report of all, with the same three figures beside either. */
export type CleanupAnswer = (
  | { result: CleanupResult }
  | {
      report: CleanupReport;
      /** Where it was written; null where reports are off or could not be written. */
      report_file: string | null;
    }
) & {
  total_files_deleted: number;
  total_space_freed: number;
  dry_run: boolean;
  /** Of a dry run: what `cleanup.run` takes to remove just these files. */
  plan_id?: string;
};

/** What a run of cleanups is asked for. */
export interface CleanupRequest {
  /** One rule; absent = all, with a report. */
  ruleId?: string;
  dryRun?: boolean;
  /** Removes what this plan names and nothing else. */
  planId?: string;
  signal?: AbortSignal;
  /** Rules that are done, of how many, and what is at hand. */
  onProgress?(done: number, total: number, note: string): void;
}
