// Where things are: the settings file, its project, the state directory. Pure.

import path from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

export const DEFAULT_SETTINGS_FILE = 'settings/aclarai.config.yaml';

/** `--settings`, else `SCHEDULER_SETTINGS`, else the default; relative to the working directory. Absolute. */
export function settingsPath(flag: string | undefined, env: Environment, cwd: string): string {
  return path.resolve(cwd, flag || env.SCHEDULER_SETTINGS || DEFAULT_SETTINGS_FILE);
}

/** The folder above `settings/`, else the file's own: relative paths in the file count from it. */
export function projectDirOf(settingsFile: string): string {
  const folder = path.dirname(settingsFile);
  return path.basename(folder) === 'settings' ? path.dirname(folder) : folder;
}

/** `--state`, else `SCHEDULER_STATE_DIR`, both relative to the working directory; else `data` in the project. */
export function stateDirOf(
  flag: string | undefined,
  variable: string | undefined,
  cwd: string,
  projectDir: string,
): string {
  const asked = flag || variable;
  return asked ? path.resolve(cwd, asked) : path.join(projectDir, 'data');
}

/** A file's name as messages show it: short where it lies below the working directory. */
export function displayName(file: string, cwd: string): string {
  const relative = path.relative(cwd, file);
  return relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? file : relative;
}

/** True when `inner` is `outer` or lies below it. Both absolute. */
export function isInside(outer: string, inner: string): boolean {
  const relative = path.relative(outer, inner);
  return (
    relative === '' ||
    (relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative))
  );
}
