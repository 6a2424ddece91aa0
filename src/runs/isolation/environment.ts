// Which variables a job sees: what programs and libraries need, and what it is granted; nothing else that may be a secret. Pure.

const NAMES = new Set(['PATH', 'HOME', 'TZ', 'LANG', 'NODE_EXTRA_CA_CERTS', 'TMPDIR']);

export type Variables = Readonly<Record<string, string | undefined>>;

/** Settings and passwords reach job code by `ctx.config`, where they are known and redacted. `granted` = permissions.env. */
export function allowedEnvironment(env: Variables, granted: readonly string[] = []): Record<string, string> {
  const allowed = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      (NAMES.has(entry[0]) || entry[0].startsWith('LC_') || granted.includes(entry[0])),
  );
  return Object.fromEntries(allowed);
}

/** Names of what is there and not allowed. */
export function withheldNames(env: Variables, allowed: Readonly<Record<string, string>>): string[] {
  return Object.keys(env).filter((name) => env[name] !== undefined && !(name in allowed));
}
