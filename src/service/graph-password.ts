// A vault sync into Neo4j needs a password: refused before the start, not found out at the first run. Pure.

import type { Note, Settings } from '#config/settings';

const HANDLER = 'vault_sync';

/**
 * The fault that keeps `start` (no `job`: any enabled job counts) or `run <job>` (id or name) from going on; null
 * where none of them needs the password or it is there.
 */
export function missingGraphPassword(settings: Settings, job?: string): Note | null {
  const { neo4j } = settings.app.databases;
  if (settings.app.vault.graph !== 'neo4j' || !neo4j || neo4j.password !== null) return null;
  const syncs = settings.jobs.filter((each) => each.handler === HANDLER);
  const needed = syncs.find((each) =>
    job === undefined ? each.enabled : each.id === job || each.name === job,
  );
  if (!needed) return null;
  return {
    file: settings.file,
    line: null,
    column: null,
    path: 'databases.neo4j',
    code: 'PASSWORD_MISSING',
    message: `${needed.id} writes to Neo4j at ${neo4j.uri}, and there is no password`,
    fix: 'set NEO4J_PASSWORD or NEO4J_PASSWORD_FILE, or write vault.graph: embedded to use no server',
  };
}
