// Paths in, places out: what a path resolves to on this disk, for the judge of `safety.ts`.

import { realpath, stat } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { SchedulerError } from '#core/errors';
import { type Identity, identityOf } from './open-directory.ts';

/** A path and what is there. A path that does not exist is resolved as far as it does. */
export interface Place {
  /** As written, absolute, without `.` and `..`. */
  path: string;
  /** With every link resolved. */
  real: string;
  /** Null where nothing exists. */
  identity: Identity | null;
  /** Its own identity and that of every folder above it, as far as they exist. */
  chain: readonly Identity[];
}

/** The places of this installation that no rule may touch; absolute paths. */
export interface ProtectedPaths {
  vault: string;
  settingsFile: string | null;
  state: string;
}

/** Everything the judge compares with. */
export interface Fences {
  system: Place[];
  homes: Place[];
  vault: Place;
  /** `closed`: folders inside it are refused too. */
  settings: { place: Place; closed: boolean } | null;
  state: Place;
  /** What the scheduler keeps in the state directory. */
  kept: Place[];
  /** What functions keep there (`config.DATA_DIR`): theirs to clean. */
  modules: Place;
  allowedRoots: Place[];
}

const SYSTEM = ['/etc', '/usr', '/bin', '/sbin', '/lib', '/lib64', '/boot', '/dev', '/proc', '/sys'];
/** Directories of the state directory that are the scheduler's. A new one is added here. */
const KEPT = ['cleanup_plans', 'cleanup_reports', 'jobs', 'logs', 'runs', 'traces'];

/** Resolves a path. Refused with FORBIDDEN: what resolves to a name that is no UTF-8. */
export async function locatePlace(directory: string): Promise<Place> {
  const path = resolve(directory);
  const real = await resolveExisting(path);
  const identity = await identify(real);
  const chain = identity ? [identity] : [];
  for (let at = real; at !== '/'; at = dirname(at)) {
    const above = await identify(dirname(at));
    if (above) chain.push(above);
  }
  return { path, real, identity, chain };
}

/** All fences as they stand now: links may have moved since the last time. */
export async function locateFences(
  { vault, settingsFile, state }: ProtectedPaths,
  allowedRoots: readonly string[],
): Promise<Fences> {
  const settings = settingsFile === null ? null : dirname(settingsFile);
  return {
    system: await locateAll(SYSTEM),
    homes: await locateAll(homes()),
    vault: await locatePlace(vault),
    settings:
      settings === null
        ? null
        : {
            place: await locatePlace(settings),
            closed: basename(settings) === 'settings',
          },
    state: await locatePlace(state),
    kept: await locateAll(KEPT.map((name) => join(state, name))),
    modules: await locatePlace(join(state, 'modules')),
    allowedRoots: await locateAll(allowedRoots),
  };
}

/** Folders that a recursive rule does not enter, even through a mount from elsewhere. */
export function neverEntered({ system, homes, vault, settings, state }: Fences): Set<Identity> {
  const places = [...system, ...homes, vault, state, ...(settings ? [settings.place] : [])];
  return new Set(places.flatMap(({ identity }) => identity ?? []));
}

/** The home of this process, by its environment and by its user, and root's. Those in /home need no list. */
function homes(): string[] {
  const found = new Set(['/root', homedir()]);
  try {
    found.add(userInfo().homedir);
  } catch {
    // A user without an entry in the user database, as in many containers, has no other home.
  }
  return [...found].filter(isAbsolute);
}

function locateAll(paths: readonly string[]): Promise<Place[]> {
  return Promise.all(paths.map(locatePlace));
}

async function resolveExisting(path: string): Promise<string> {
  try {
    const bytes = await realpath(path, { encoding: 'buffer' });
    const text = bytes.toString();
    if (Buffer.from(text).equals(bytes)) return text;
  } catch {
    return path === '/' ? path : join(await resolveExisting(dirname(path)), basename(path));
  }
  throw new SchedulerError(
    'FORBIDDEN',
    `${path} resolves to a name that is not UTF-8`,
    'rename the folder, or name it without the link',
  );
}

async function identify(real: string): Promise<Identity | null> {
  try {
    return identityOf(await stat(real, { bigint: true }));
  } catch {
    return null;
  }
}
