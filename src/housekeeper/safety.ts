// Which directories the housekeeper may touch: places on disk in, a refusal with its reason out. Judging is pure.

import { SchedulerError } from '#core/errors';
import type { Fences, Place } from './places.ts';

const HOME_PARENTS = /^\/(home|Users)\/[^/]+$/;

/**
 * Why a directory is refused, or null. The code is always FORBIDDEN, the text names the setting. Both the
 * path as written and what it resolves to are looked at, and mounts that show a place under another name.
 */
export function refusal(
  target: Place,
  rule: { source: 'config' | 'api'; recursive: boolean },
  fences: Fences,
): SchedulerError | null {
  const found =
    refusedBySystem(target, fences) ??
    refusedByHome(target, rule.recursive, fences) ??
    refusedByVault(target, fences) ??
    refusedBySettings(target, fences) ??
    refusedByState(target, fences) ??
    (rule.source === 'config' ? null : refusedByRoots(target, fences));
  if (!found) return null;
  const resolved = target.real === target.path ? '' : ` (${target.real})`;
  return new SchedulerError('FORBIDDEN', `${target.path}${resolved} ${found.why}`, found.fix);
}

interface Finding {
  why: string;
  fix: string;
}

function refusedBySystem(target: Place, { system }: Fences): Finding | null {
  const fix = 'name the folder that holds the files in `directory`; system directories are never cleaned';
  if (target.path === '/' || target.real === '/') return { why: 'is the root of the file system', fix };
  const literal = [target.path, target.real].some((path) => /^\/lib[^/]*(\/|$)/.test(path));
  const within = system.find((place) => isWithin(target, place));
  if (!within && !literal) return null;
  return { why: `is or lies in a system directory (${within?.path ?? '/lib*'})`, fix };
}

function refusedByHome(target: Place, recursive: boolean, { homes }: Fences): Finding | null {
  const fix = 'name a folder inside it in `directory`; a home directory as a whole is never cleaned';
  const isHome =
    [target.path, target.real].some((path) => HOME_PARENTS.test(path)) ||
    homes.some((home) => isWithin(target, home) && isWithin(home, target));
  if (isHome) return { why: 'is a home directory', fix };
  const holdsHomes =
    ['/home', '/Users'].includes(target.real) || homes.some((home) => isWithin(home, target));
  return recursive && holdsHomes ? { why: 'holds home directories, and the rule is `recursive`', fix } : null;
}

function refusedByVault(target: Place, { vault }: Fences): Finding | null {
  const how = relation(target, vault);
  return (
    how && { why: `${how} the vault ${vault.path}`, fix: 'the vault is set by `paths.vault` or VAULT_PATH' }
  );
}

/** A folder that is called `settings` is closed altogether; any other may have folders of its own. */
function refusedBySettings(target: Place, { settings }: Fences): Finding | null {
  if (!settings) return null;
  const how = relation(target, settings.place);
  if (!how || (how === 'lies inside' && !settings.closed)) return null;
  return {
    why: `${how} the settings directory ${settings.place.path}`,
    fix: 'the settings file is set by `--settings` or SCHEDULER_SETTINGS',
  };
}

function refusedByState(target: Place, { state, kept }: Fences): Finding | null {
  const fix =
    'the state directory is set by `--state` or SCHEDULER_STATE_DIR; its history has its own retention';
  const how = relation(target, state);
  if (how && how !== 'lies inside') return { why: `${how} the state directory ${state.path}`, fix };
  const own = kept.find((place) => isWithin(target, place) || isWithin(place, target));
  return own ? { why: `is what the scheduler keeps in its state directory (${own.path})`, fix } : null;
}

function refusedByRoots(target: Place, { allowedRoots, modules }: Fences): Finding | null {
  if ([...allowedRoots, modules].some((root) => resolvesWithin(target, root))) return null;
  return {
    why: 'does not lie under an entry of `housekeeper.allowed_roots`',
    fix: `add the directory to \`housekeeper.allowed_roots\`, or use one under ${modules.path}`,
  };
}

function relation(target: Place, place: Place): 'is' | 'contains' | 'lies inside' | null {
  const inside = isWithin(target, place);
  const around = isWithin(place, target);
  if (inside && around) return 'is';
  if (inside) return 'lies inside';
  return around ? 'contains' : null;
}

/** Is `inner` the place itself or below it: as written, resolved, or by inode. */
function isWithin(inner: Place, outer: Place): boolean {
  return isUnder(inner.path, outer.path) || resolvesWithin(inner, outer);
}

function resolvesWithin(inner: Place, outer: Place): boolean {
  return isUnder(inner.real, outer.real) || (outer.identity !== null && inner.chain.includes(outer.identity));
}

function isUnder(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}
