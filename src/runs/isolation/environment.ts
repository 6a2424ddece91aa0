// Which variables the thread of a job sees: what programs and libraries need, nothing that may be a secret. Pure.

const NAMES = new Set(['PATH', 'HOME', 'TZ', 'LANG', 'NODE_EXTRA_CA_CERTS', 'TMPDIR']);

/** Settings and passwords reach job code by `ctx.config`, where they are known and redacted. */
export function allowedEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const allowed = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && (NAMES.has(entry[0]) || entry[0].startsWith('LC_')),
  );
  return Object.fromEntries(allowed);
}
