// The ledger as a whole, for those who keep it: copied to a file, put back from one.

import type { EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import type { ReconcileContext } from '#engine/reconcile';
import { restored } from '#engine/restored';
import type { BackupOptions, LedgerFiles, Store } from '#store/store';
import type { Finding } from './doctor.ts';
import { type ExamineParts, examine } from './examine.ts';
import type { HostOptions } from './host.ts';
import { LOOK_OF_OTHERS_MS } from './lock.ts';
import { iso, isoOrNull } from './shapes.ts';

export interface KeepingParts extends ExamineParts {
  files: LedgerFiles;
  scheduleOf(spec: ScheduleSpec): Schedule;
  newId(): string;
}

/** Which ledger, and whose zone its times are told in. */
export interface Kept {
  stateDir: string;
  timezone: string;
}

/** What a face asks for, wherever the settings say that the ledger lies. */
export interface Keeping {
  place(at: HostOptions): Promise<Kept>;
  backUp(at: HostOptions, file: string, options: BackupOptions): Promise<BackupShape>;
  restore(at: HostOptions, file: string, by: string): Promise<RestoreShape>;
  /** See `examine`. */
  examine(at: HostOptions): Promise<Finding[]>;
}

export function createKeeping(parts: KeepingParts): Keeping {
  const { place } = parts;
  return {
    place,
    backUp: async (at, file, options) => await backUp(parts, await place(at), file, options),
    restore: async (at, file, by) => await restore(parts, await place(at), file, by),
    examine: (at) => examine(parts, at),
  };
}

export interface BackupShape {
  file: string;
  bytes: number;
  at: string;
}

export interface RestoreShape {
  file: string;
  /** The newest instant of the backup. */
  backed_up_at: string | null;
  restored_at: string;
  /** Where the ledger that was there lies now. */
  replaced: string | null;
  jobs: number;
  /** Runs that were queued or under way in the backup, and are not run again. */
  runs_ended: number;
  /** Slots between backup and now, of all jobs. */
  slots_missed: number;
  paused: true;
}

/** So many jobs are brought to now in one transaction. */
const PAGE = 1_000;

/** Beside a running service or without one. Throws as `LedgerFiles.backUp`. */
async function backUp(
  { files, clock }: Pick<KeepingParts, 'files' | 'clock'>,
  { stateDir, timezone }: Kept,
  file: string,
  options: BackupOptions,
): Promise<BackupShape> {
  const at = clock.now();
  const { bytes } = await files.backUp(stateDir, file, options);
  return { file, bytes, at: iso(at, timezone) };
}

/**
 * The ledger becomes what it was, with every job at now and everything paused: somebody looks first. Throws CONFLICT beside
 * a service or a run, and as `LedgerFiles.restore`.
 */
async function restore(
  parts: KeepingParts,
  { stateDir, timezone }: Kept,
  file: string,
  by: string,
): Promise<RestoreShape> {
  const lock = parts.acquireLock(stateDir, LOOK_OF_OTHERS_MS);
  if (lock.kind === 'busy')
    throw new SchedulerError(
      'CONFLICT',
      `a service or a run holds ${stateDir}`,
      'stop it, restore, and start it again',
    );
  try {
    const at = parts.clock.now();
    let counts = { newest: null as EpochMs | null, jobs: 0, runs: 0, slots: 0 };
    const { replaced } = await parts.files.restore(stateDir, file, async (store) => {
      counts = await bringToNow(store, parts, { at, file, by });
    });
    return {
      file,
      backed_up_at: isoOrNull(counts.newest, timezone),
      restored_at: iso(at, timezone),
      replaced,
      jobs: counts.jobs,
      runs_ended: counts.runs,
      slots_missed: counts.slots,
      paused: true,
    };
  } finally {
    lock.release();
  }
}

async function bringToNow(
  store: Store,
  { scheduleOf, newId }: KeepingParts,
  { at, file, by }: { at: EpochMs; file: string; by: string },
) {
  const newest = await store.newestInstant();
  // A copy that was made beside a service has its boot open: it did not crash.
  const open = (await store.boots({ limit: PAGE })).filter((boot) => boot.endedAt === null);
  for (const boot of open) await store.endBoot(boot.bootId, boot.lastTick);
  const interrupted = { kind: 'done', state: 'interrupted', reason: 'restored' } as const;
  const { runs: cut } = await store.recover(newId(), at, () => interrupted);
  const ids = { newRunId: newId, newUid: newId };
  const context: ReconcileContext = { at, bootStartedAt: at, atStart: false, by, scheduleOf, ...ids };
  const counts = { newest, jobs: 0, runs: cut.length, slots: 0 };
  for (let after = ''; ; ) {
    const page = await store.jobs({ page: { after, limit: PAGE } });
    const last = page.at(-1);
    if (!last) break;
    await store.reconcile(at, { ids: page.map((job) => job.id) }, (view) => {
      const effects = restored(view, context);
      counts.jobs += view.jobs.length;
      counts.runs += effects.end.length;
      counts.slots += effects.rows.reduce((sum, row) => sum + (row.covers?.count ?? 1), 0);
      return effects;
    });
    after = last.id;
  }
  const change = { jobUid: null, what: 'restored', before: null, after: { file, newest }, by } as const;
  await store.reconcile(at, { ids: [] }, () => ({
    insert: [],
    update: [],
    rows: [],
    end: [],
    changes: [change],
  }));
  const why = `restored from ${file}`;
  await store.pause({ jobUid: null, source: 'api', who: by, why, since: at, until: null });
  return counts;
}
