// Before the database is opened: the state directory is there, ours to write, and on a disk that can lock.

import { accessSync, constants, existsSync, mkdirSync, statfsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { SchedulerError } from '#core/errors';

/**
 * Makes the directory where it is missing (readable by its owner only). Refuses with FORBIDDEN what this
 * process may not write, with PRECONDITION_FAILED what is no directory or lies on a network file system.
 */
export function prepareStateDir(stateDir: string, files: readonly string[]): void {
  const directory = resolve(stateDir);
  makeDirectory(directory);
  refuseNetworkFileSystem(directory);
  mayWrite(directory, directory, constants.W_OK | constants.X_OK);
  for (const file of files.map((name) => join(directory, name)))
    if (existsSync(file)) mayWrite(file, directory, constants.R_OK | constants.W_OK);
}

function makeDirectory(directory: string): void {
  try {
    makeMissing(directory);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST' || code === 'ENOTDIR')
      throw new SchedulerError(
        'PRECONDITION_FAILED',
        `The state directory ${directory} is not a directory: a file is in its place, or in that of a parent.`,
        'Move that file away, or name another directory in SCHEDULER_STATE_DIR.',
        { cause: error },
      );
    const parent = existingParent(directory);
    throw forbidden(
      `The state directory ${directory} cannot be made in ${parent} (${code}).`,
      `mkdir -p ${quoted(directory)} && ${chownOf(directory)}`,
      error,
    );
  }
}

/** One folder at a time: Node's own recursive form never returns where a parent takes no folders, as in /proc. */
function makeMissing(directory: string): void {
  if (existsSync(directory)) {
    if (!statSync(directory).isDirectory())
      throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
    return;
  }
  makeMissing(dirname(directory));
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile.
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

function mayWrite(path: string, directory: string, mode: number): void {
  try {
    accessSync(path, mode);
  } catch (error) {
    throw forbidden(`${path} is not writable (${codeOf(error)}).`, chownOf(directory), error);
  }
}

function forbidden(message: string, command: string, cause: unknown): SchedulerError {
  const fix =
    codeOf(cause) === 'EROFS'
      ? 'The file system is mounted read-only: mount a writable one, or name another directory in SCHEDULER_STATE_DIR.'
      : `As root: ${command}`;
  return new SchedulerError('FORBIDDEN', message, fix, { cause });
}

function chownOf(directory: string): string {
  return `chown -R ${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0} ${quoted(directory)}`;
}

/** Locks of SQLite and its shared memory do not reach across machines: two of them would break the file. */
export function refuseNetworkFileSystem(directory: string, magic = magicOf(directory)): void {
  const name = NETWORK_FILE_SYSTEMS.get(magic >>> 0);
  if (name)
    throw new SchedulerError(
      'PRECONDITION_FAILED',
      `The state directory ${directory} lies on a network file system (${name}), where SQLite loses data.`,
      'Name a directory on a local disk in SCHEDULER_STATE_DIR; several machines need SCHEDULER_DATABASE_URL.',
    );
}

/** `f_type` of Linux; elsewhere the number means something else. */
function magicOf(directory: string): number {
  return process.platform === 'linux' ? statfsSync(directory).type : 0;
}

// linux/magic.h, statfs(2), and the sources of the file systems.
const NETWORK_FILE_SYSTEMS = new Map<number, string>([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x73757245, 'Coda'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x564c, 'NCP'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0xaad7aaea, 'PanFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
]);

function existingParent(path: string): string {
  let parent = dirname(path);
  while (!existsSync(parent) && parent !== dirname(parent)) parent = dirname(parent);
  return parent;
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code ?? error);
}
