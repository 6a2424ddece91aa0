// What references in input may name here: keys of the ledger, files below allowed roots, settings, named variables.

import path from 'node:path';
import { MASK, masked, namesSecret } from '#config/secrets';
import type { Settings } from '#config/settings';
import type { Json } from '#core/handler';
import { readReferencedFile } from '#runs/reference-files';
import { type ReferenceSources, Refused } from '#runs/references';
import type { Store } from '#store/store';

export function referenceSources(store: Pick<Store, 'key'>, settings: () => Settings): ReferenceSources {
  return {
    storage_kv: async (name) => (await store.key(name))?.value,
    storage_fs: (name) => readReferencedFile(name, foldersOf(settings())),
    config: async (name) => settingOf(settings(), name),
    env: async (name) => variableOf(settings(), name),
  };
}

function foldersOf({ housekeeper, projectDir, stateDir, file, envFiles }: Settings) {
  const closed = [stateDir, file, ...envFiles];
  return { roots: housekeeper.allowedRoots, closed, base: projectDir };
}

/** The effective value where it is one of ours, else what the file says; never one that may be secret. */
function settingOf(settings: Settings, name: string): Json | undefined {
  const steps = name.split('.');
  if (steps.some(namesSecret)) throw new Refused('settings that may be secret are not read by references');
  const effective = settings.values.find((each) => each.path === name);
  const value = effective ? effective.value : stepInto(settings.app, steps);
  if (value === undefined) return undefined;
  const shown = JSON.parse(JSON.stringify(masked(value))) as Json;
  if (JSON.stringify(shown).includes(MASK)) throw new Refused('is secret, or holds something that is');
  return shown;
}

function stepInto(root: unknown, steps: readonly string[]): unknown {
  let at = root;
  for (const step of steps) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string, unknown>)[step];
  }
  return at;
}

function variableOf({ scheduler, namedSecrets, file }: Settings, name: string): string | undefined {
  if (scheduler.secretNames.includes(name)) return namedSecrets[name];
  throw new Refused(`name it in scheduler.secrets of ${path.basename(file)} to let jobs read it`);
}
