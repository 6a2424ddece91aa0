// Gathers what `doctor` judges; writes nothing, starts nothing.

import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Settings } from '#config/settings';
import type { Clock } from '#core/clock';
import { type ErrorRecord, toErrorRecord } from '#core/errors';
import type { LedgerFiles } from '#store/store';
import { type DoctorFacts, type Finding, findingsOf } from './doctor.ts';
import { missingGraphPassword } from './graph-password.ts';
import type { Checked, HostOptions } from './host.ts';
import type { Kept } from './keeping.ts';
import { type AcquireLock, LOOK_OF_OTHERS_MS } from './lock.ts';
import { graphName } from './status.ts';

export interface ExamineParts {
  clock: Clock;
  files: Pick<LedgerFiles, 'check'>;
  acquireLock: AcquireLock;
  /** Also where the settings have faults. */
  place(at: HostOptions): Promise<Kept>;
  check(at: HostOptions): Promise<Checked>;
  /** Null = the server answers and lets us in. */
  askGraph(settings: Settings): Promise<ErrorRecord | null>;
}

export async function examine(parts: ExamineParts, at: HostOptions): Promise<Finding[]> {
  const [checked, { stateDir, timezone }] = [await parts.check(at), await parts.place(at)];
  const directory = await directoryFacts(stateDir);
  const settings = checked.kind === 'ok' ? checked.settings : null;
  return findingsOf({
    now: parts.clock.now(),
    timezone,
    stateDir,
    settings: {
      file: settings?.file ?? null,
      faults: checked.kind === 'faults' ? checked.faults : [],
      warnings: settings?.warnings ?? [],
      jobs: settings?.jobs.length ?? 0,
    },
    directory,
    secrets: await secretFiles(stateDir, settings?.envFiles ?? []),
    ledger: ledgerFacts(parts.files, stateDir),
    graph: await graphFacts(parts, settings),
    isServed: directory !== null && isServed(parts.acquireLock, stateDir),
  });
}

async function directoryFacts(stateDir: string): Promise<DoctorFacts['directory']> {
  const found = await stat(stateDir).catch(() => null);
  if (!found) return null;
  const isOurs = await access(stateDir, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  const disk = await statfs(stateDir);
  return {
    mode: found.mode,
    isOurs,
    free: disk.bavail * disk.bsize,
    size: disk.blocks * disk.bsize,
    freeFiles: disk.ffree,
    files: disk.files,
  };
}

async function secretFiles(stateDir: string, envFiles: readonly string[]): Promise<DoctorFacts['secrets']> {
  const files = [path.join(stateDir, 'token'), ...envFiles];
  const found = await Promise.all(
    files.map(async (file) => ({ file, found: await stat(file).catch(() => null) })),
  );
  return found.flatMap(({ file, found }) => (found ? [{ file, mode: found.mode }] : []));
}

function ledgerFacts(files: ExamineParts['files'], stateDir: string): DoctorFacts['ledger'] {
  try {
    return files.check(stateDir);
  } catch (error) {
    return toErrorRecord(error, 'DATABASE_ERROR');
  }
}

async function graphFacts(parts: ExamineParts, settings: Settings | null): Promise<DoctorFacts['graph']> {
  if (!settings) return { name: 'not asked, because the settings have faults', fault: null };
  const name = graphName(settings);
  const missing = missingGraphPassword(settings);
  if (missing) return { name, fault: missing };
  return { name, fault: settings.app.vault.graph === 'neo4j' ? await parts.askGraph(settings) : null };
}

function isServed(acquireLock: AcquireLock, stateDir: string): boolean {
  try {
    const lock = acquireLock(stateDir, LOOK_OF_OTHERS_MS);
    if (lock.kind === 'held') lock.release();
    return lock.kind === 'busy';
  } catch {
    // Not ours to write: `permissions` says so.
    return false;
  }
}
