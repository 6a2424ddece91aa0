// What a job's process may touch: grants in, flags of Node's permission model out, and its refusals in our words. Pure.

import path from 'node:path';
import { SchedulerError } from '#core/errors';
import type { Permissions } from '#core/job';

export const NOTHING_GRANTED: Permissions = { read: [], write: [], net: false, child: false, env: [] };

/** What every job needs to come up: absolute files and folders. */
export interface Needs {
  read: readonly string[];
  write: readonly string[];
}

/** `resolve` makes a path of the settings absolute. */
export function permissionFlags(
  granted: Permissions,
  needs: Needs,
  resolve: (written: string) => string,
): string[] {
  const read = [...needs.read, ...needs.write, ...[...granted.read, ...granted.write].map(resolve)];
  const write = [...needs.write, ...granted.write.map(resolve)];
  return [
    '--permission',
    // It would read and write any file.
    '--no-experimental-sqlite',
    // Of the grants themselves: they are meant.
    '--disable-warning=SecurityWarning',
    ...grantsOf('--allow-fs-read', read),
    ...grantsOf('--allow-fs-write', write),
    ...(granted.net ? ['--allow-net'] : []),
    ...(granted.child ? ['--allow-child-process'] : []),
  ];
}

/**
 * Each a folder with all in it, whether or not it is there yet, or a file. A folder before what lies in it: Node 26 forgets
 * the folder itself when it hears of it later.
 */
function grantsOf(flag: string, granted: readonly string[]): string[] {
  return [...new Set(granted)]
    .sort()
    .flatMap((each) => [`${flag}=${each}`, `${flag}=${path.join(each, '*')}`]);
}

/** By the scope that Node names in its error, or the flag in its message. */
const GRANTS: Readonly<Record<string, { flag: string; verb: string; grant: string | null }>> = {
  FileSystemRead: { flag: 'allow-fs-read', verb: 'reading', grant: 'read' },
  FileSystemWrite: { flag: 'allow-fs-write', verb: 'writing', grant: 'write' },
  Net: { flag: 'allow-net', verb: 'the network', grant: 'net' },
  ChildProcess: { flag: 'allow-child-process', verb: 'starting a program', grant: 'child' },
  WorkerThreads: { flag: 'allow-worker', verb: 'a thread of its own', grant: null },
  Addon: { flag: 'allow-addons', verb: 'a native add-on', grant: null },
  WASI: { flag: 'allow-wasi', verb: 'WASI', grant: null },
  Inspector: { flag: 'allow-inspector', verb: 'the inspector', grant: null },
  FFI: { flag: 'allow-ffi', verb: 'FFI', grant: null },
};
const DENIED = 'ERR_ACCESS_DENIED';
/** An error that wraps an error that wraps …: nobody goes further. */
const DEEPEST = 5;

/** A refusal of the permission model as an error that names the grant; trying again cannot help. Null = it is none. */
export function explainDenied(thrown: unknown): SchedulerError | null {
  const denied = deniedIn(thrown, DEEPEST);
  if (denied === null) return null;
  const { permission, resource, message } = denied as {
    permission?: unknown;
    resource?: unknown;
    message?: unknown;
  };
  const known =
    GRANTS[String(permission)] ??
    Object.values(GRANTS).find(({ flag }) => String(message).includes(`--${flag} `));
  const what = [known?.verb ?? String(permission ?? 'this'), resource].filter(Boolean).join(' ');
  const error = new SchedulerError(
    'FORBIDDEN',
    `${what} is not granted to this job`,
    fixOf(known, resource),
    {
      cause: thrown,
    },
  );
  return Object.assign(error, { retryable: false });
}

function fixOf(known: (typeof GRANTS)[string] | undefined, resource: unknown): string {
  if (!known?.grant) return 'a job in a process of its own cannot be granted that: use isolation: thread';
  if (known.grant === 'net' || known.grant === 'child') return `set permissions.${known.grant}: true`;
  return `add ${typeof resource === 'string' && resource !== '' ? resource : 'it'} to permissions.${known.grant}`;
}

/** The refusal itself, however deep a library has wrapped it. */
function deniedIn(thrown: unknown, depth: number): object | null {
  try {
    if (typeof thrown !== 'object' || thrown === null || depth === 0) return null;
    const { code, cause, errors } = thrown as { code?: unknown; cause?: unknown; errors?: unknown };
    if (code === DENIED) return thrown;
    const inner = [cause, ...(Array.isArray(errors) ? errors.slice(0, DEEPEST) : [])];
    return inner.map((each) => deniedIn(each, depth - 1)).find((found) => found !== null) ?? null;
  } catch {
    return null;
  }
}
