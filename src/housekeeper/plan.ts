// Files of one directory and a rule in, what goes and what stays out, each with its reason. Pure.

import type { CleanupRule, RemovalReason } from '#core/cleanup';
import type { EpochMs } from '#core/clock';

/** What the law needs to know of a file. */
export interface PlanFile {
  /** Relative path as bytes: breaks ties between files of one instant. */
  path: Uint8Array;
  mtimeMs: number;
  /** Bytes. */
  size: number;
}

export type Policy = Pick<
  CleanupRule,
  'retentionDays' | 'maxFiles' | 'maxSizeMb' | 'minKeep' | 'maxDeleteShare'
>;

/** `min_keep` = a policy marked it, but it is one of the newest that always stay. */
export type KeepReason = 'within_policies' | 'min_keep';

/** Both lists oldest first. `refused` deletes nothing: `remove` is then what would have gone. */
export interface CleanupPlan<File extends PlanFile> {
  kind: 'approved' | 'refused';
  remove: { file: File; reason: RemovalReason }[];
  keep: { file: File; why: KeepReason }[];
  /** No policy was given, so the housekeeper's default retention decided. */
  usedDefaultRetention: boolean;
}

const DAY_MS = 86_400_000;
const MEGABYTE = 1_048_576;
/** Below this many files `max_delete_share` does not apply. */
export const SHARE_FROM_FILES = 20;

/**
 * The law of the housekeeper, oldest first: (1) older than `retention_days`; (2) of the rest the oldest
 * beyond `max_files`; (3) the oldest until what is left is at most `max_size_mb`. A file goes if any policy
 * marks it, but the `min_keep` newest stay. Marked files are always the oldest, so three counts say it all.
 */
export function planCleanup<File extends PlanFile>(
  files: readonly File[],
  policy: Policy,
  now: EpochMs,
  defaultRetentionDays: number,
): CleanupPlan<File> {
  const oldestFirst = files.toSorted((a, b) => a.mtimeMs - b.mtimeMs || Buffer.compare(a.path, b.path));
  const usedDefaultRetention =
    policy.retentionDays === null && policy.maxFiles === null && policy.maxSizeMb === null;
  const retentionDays = usedDefaultRetention ? defaultRetentionDays : policy.retentionDays;

  const byAge = retentionDays === null ? 0 : countOlder(oldestFirst, now - retentionDays * DAY_MS);
  const byCount = countBeyond(oldestFirst.length - byAge, policy.maxFiles);
  const bySize = countOversize(oldestFirst.slice(byAge + byCount), policy.maxSizeMb);
  const marked = byAge + byCount + bySize;
  const removed = Math.min(marked, Math.max(0, oldestFirst.length - policy.minKeep));

  const reasonAt = (index: number): RemovalReason =>
    index < byAge ? 'retention_days' : index < byAge + byCount ? 'max_files' : 'max_size_mb';
  return {
    kind: exceedsShare(removed, oldestFirst.length, policy.maxDeleteShare) ? 'refused' : 'approved',
    remove: oldestFirst.slice(0, removed).map((file, index) => ({ file, reason: reasonAt(index) })),
    keep: oldestFirst
      .slice(removed)
      .map((file, index) => ({ file, why: removed + index < marked ? 'min_keep' : 'within_policies' })),
    usedDefaultRetention,
  };
}

function countOlder(oldestFirst: readonly PlanFile[], cutoff: number): number {
  const firstYoung = oldestFirst.findIndex((file) => file.mtimeMs >= cutoff);
  return firstYoung < 0 ? oldestFirst.length : firstYoung;
}

function countBeyond(count: number, maxFiles: number | null): number {
  return maxFiles === null ? 0 : Math.max(0, count - maxFiles);
}

/** 0 means every file, empty ones too, which a mere sum would let stay. */
function countOversize(oldestFirst: readonly PlanFile[], maxSizeMb: number | null): number {
  if (maxSizeMb === null) return 0;
  if (maxSizeMb === 0) return oldestFirst.length;
  let total = oldestFirst.reduce((sum, file) => sum + file.size, 0);
  let count = 0;
  while (count < oldestFirst.length && total > maxSizeMb * MEGABYTE) total -= oldestFirst[count++]!.size;
  return count;
}

function exceedsShare(removed: number, total: number, share: number | null): boolean {
  return share !== null && total >= SHARE_FROM_FILES && removed / total > share;
}
