// Variables as values of settings: which variable goes before which key.

import path from 'node:path';
import { flagOf, numberOf, type Variable, type Variables } from './environment.ts';
import type { Findings } from './findings.ts';
import type { Override } from './read.ts';

type Read = (value: string, cwd: string) => unknown;

const asText: Read = (value) => value;
const asPath: Read = (value, cwd) => path.resolve(cwd, value);

/** Variables that stand for a key of the file. Secrets have a twin `<NAME>_FILE`. */
export const KEY_VARIABLES: readonly { name: string; key: string; read: Read; secret?: true }[] = [
  { name: 'VAULT_PATH', key: 'paths.vault', read: asPath },
  { name: 'NEO4J_URI', key: 'databases.neo4j.uri', read: asText },
  { name: 'NEO4J_HOST', key: 'databases.neo4j.host', read: asText },
  { name: 'NEO4J_BOLT_PORT', key: 'databases.neo4j.bolt_port', read: numberOf },
  { name: 'NEO4J_USER', key: 'databases.neo4j.user', read: asText },
  { name: 'NEO4J_PASSWORD', key: 'databases.neo4j.password', read: asText, secret: true },
  { name: 'NEO4J_DATABASE', key: 'databases.neo4j.database', read: asText },
  { name: 'RABBITMQ_URL', key: 'databases.rabbitmq.url', read: asText, secret: true },
  { name: 'RABBITMQ_HOST', key: 'databases.rabbitmq.host', read: asText },
  { name: 'RABBITMQ_PORT', key: 'databases.rabbitmq.port', read: numberOf },
  { name: 'RABBITMQ_USER', key: 'databases.rabbitmq.user', read: asText },
  { name: 'RABBITMQ_PASSWORD', key: 'databases.rabbitmq.password', read: asText, secret: true },
  { name: 'SCHEDULER_TIMEZONE', key: 'scheduler.timezone', read: asText },
];

/** Of the official Neo4j image and of container links: meant for others, and no slips. */
const FOREIGN =
  /^NEO4J_(?:AUTH|PORT|HOME|CONF|EDITION|VERSION|SHA256|TARBALL|ACCEPT|PLUGINS|DEBUG|HTTP|BOLT_PORT|TEST|[a-z]|.*_(?:PORT|ADDR|PROTO|TCP)$)/;

/** A misspelt name would leave the embedded graph in use, and nobody the wiser. */
export function warnOfUnknownNames(variables: Variables, findings: Findings): void {
  const known = KEY_VARIABLES.map(({ name }) => name).filter((name) => name.startsWith('NEO4J_'));
  const all = [...known, ...KEY_VARIABLES.flatMap(({ name, secret }) => (secret ? `${name}_FILE` : []))];
  for (const { name, place } of variables.beginningWith('NEO4J_'))
    if (!all.includes(name) && !FOREIGN.test(name))
      findings.warn(
        place,
        'UNKNOWN_KEY',
        'is no variable of ours and has no effect',
        `known are ${known.join(', ')}`,
      );
}

/** `vault-sync.2` → `VAULT_SYNC_2`: what stands before `_ENABLED` and `_CRON`. */
export function variablePrefix(jobId: string): string {
  return jobId.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
}

/** By dotted path of the key. */
export async function readOverrides(
  variables: Variables,
  jobIds: readonly string[],
  cwd: string,
): Promise<ReadonlyMap<string, Override>> {
  const overrides = new Map<string, Override>();
  const set = (key: string, variable: Variable | undefined, written: (value: string) => unknown) => {
    if (!variable) return;
    const { value, place } = variable;
    overrides.set(key, { written: written(value), origin: place.path, place });
  };
  for (const { name, key, read, secret } of KEY_VARIABLES)
    set(key, secret ? await variables.secret(name) : variables.get(name), (value) => read(value, cwd));
  for (const id of jobIds) {
    const prefix = variablePrefix(id);
    set(`scheduler.jobs.${id}.enabled`, variables.get(`${prefix}_ENABLED`), flagOf);
    set(`scheduler.jobs.${id}.cron`, variables.get(`${prefix}_CRON`), (value) => value);
  }
  return overrides;
}

/** The cluster is another engine: a service that silently ran alone would fire every slot twice beside it. */
export async function refuseCluster(variables: Variables, findings: Findings): Promise<void> {
  const variable = await variables.secret('SCHEDULER_DATABASE_URL');
  if (!variable) return;
  findings.fault(
    variable.place,
    'CLUSTER_UNAVAILABLE',
    'the cluster is not part of this version, the ledger is a file in the state directory',
    'unset the variable',
  );
}
