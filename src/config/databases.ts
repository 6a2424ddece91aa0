// Addresses and credentials of Neo4j and RabbitMQ, from the file and from variables; null = not configured.

import type { Neo4jConfig, RabbitConfig } from '#core/handler';
import { isMapping, valueAt } from './findings.ts';
import { checkMapping, MASK, note, type Reading, readSection, warnNearMisses } from './read.ts';
import { NEO4J, RABBITMQ } from './sections.ts';

const NEO4J_PATH = ['databases', 'neo4j'];
const RABBIT_PATH = ['databases', 'rabbitmq'];
const NEO4J_SCHEMES = ['bolt', 'bolt+s', 'bolt+ssc', 'neo4j', 'neo4j+s', 'neo4j+ssc'];
const RABBIT_SCHEMES = ['amqp', 'amqps'];

/** Present as soon as `databases.neo4j` or one of its variables is. */
export function readNeo4j(reading: Reading): Neo4jConfig | null {
  if (!isConfigured(reading, NEO4J_PATH)) return null;
  warnNearMisses(reading, [...Object.keys(NEO4J), 'port'], NEO4J_PATH);
  const values = readSection(
    withoutOverriddenAddress(reading, NEO4J_PATH, 'uri', ['host', 'bolt_port']),
    NEO4J,
    NEO4J_PATH,
  );
  const built = `bolt://${bracketed(values.host ?? 'localhost')}:${values.bolt_port ?? 7687}`;
  const uri = values.uri ?? built;
  checkAddress(reading, [...NEO4J_PATH, 'uri'], uri, NEO4J_SCHEMES, false);
  if (values.uri === undefined)
    note(reading, [...NEO4J_PATH, 'uri'], uri, addressOrigin(reading, NEO4J_PATH));
  else tellTwoAddresses(reading, NEO4J_PATH, 'uri', uri, values.host, values.bolt_port);
  return { uri, user: values.user, password: values.password ?? null, database: values.database ?? null };
}

/** Present as soon as `databases.rabbitmq` or one of its variables is. */
export function readRabbit(reading: Reading): RabbitConfig | null {
  if (!isConfigured(reading, RABBIT_PATH)) return null;
  warnNearMisses(reading, Object.keys(RABBITMQ), RABBIT_PATH);
  const values = readSection(
    withoutOverriddenAddress(reading, RABBIT_PATH, 'url', ['host', 'port']),
    RABBITMQ,
    RABBIT_PATH,
  );
  if (values.url !== undefined) {
    checkAddress(reading, [...RABBIT_PATH, 'url'], values.url, RABBIT_SCHEMES, true);
    const port = valueAt(reading.source.root, [...RABBIT_PATH, 'port']);
    tellTwoAddresses(
      reading,
      RABBIT_PATH,
      'url',
      values.url,
      values.host,
      port === undefined ? undefined : values.port,
    );
    return { url: values.url };
  }
  const password = values.password ? `:${encodeURIComponent(values.password)}` : '';
  const user = values.user ? `${encodeURIComponent(values.user)}${password}@` : '';
  const url = `amqp://${user}${bracketed(values.host ?? 'localhost')}:${values.port}`;
  note(
    reading,
    [...RABBIT_PATH, 'url'],
    password ? url.replace(password, `:${MASK}`) : url,
    addressOrigin(reading, RABBIT_PATH),
  );
  return { url };
}

function isConfigured(reading: Reading, path: string[]): boolean {
  if (!checkMapping(reading, path)) return false;
  const prefix = `${path.join('.')}.`;
  return (
    isMapping(valueAt(reading.source.root, path)) ||
    [...reading.overrides.keys()].some((key) => key.startsWith(prefix))
  );
}

/**
 * An address from a variable stands alone: one that says `host` hides the file's address, one that says the
 * address hides the file's host.
 */
function withoutOverriddenAddress(reading: Reading, path: string[], whole: string, parts: string[]): Reading {
  const has = (key: string) => reading.overrides.has([...path, key].join('.'));
  const hidden = has(whole) ? parts : parts.some(has) ? [whole] : [];
  if (hidden.length === 0) return reading;
  const { root } = reading.source;
  const written = valueAt(root, path);
  if (!isMapping(written))
    return { ...reading, overrides: withoutKeys(reading, path, has(whole) ? parts : []) };
  const kept = Object.fromEntries(Object.entries(written).filter(([key]) => !hidden.includes(key)));
  const databases = { ...(root.databases as Record<string, unknown>), [String(path.at(-1))]: kept };
  return {
    ...reading,
    overrides: withoutKeys(reading, path, has(whole) ? parts : []),
    source: { ...reading.source, at: reading.source.at.bind(reading.source), root: { ...root, databases } },
  };
}

function withoutKeys(reading: Reading, path: string[], keys: string[]): Reading['overrides'] {
  const dropped = new Set(keys.map((key) => [...path, key].join('.')));
  return new Map([...reading.overrides].filter(([key]) => !dropped.has(key)));
}

function addressOrigin(reading: Reading, path: string[]): string {
  const variable = ['host', 'bolt_port', 'port']
    .map((key) => reading.overrides.get([...path, key].join('.')))
    .find((override) => override !== undefined);
  if (variable) return variable.origin;
  const place = reading.source.at(path, 'key');
  const written = valueAt(reading.source.root, [...path, 'host']);
  return written === undefined
    ? 'default'
    : `${place.file}:${reading.source.at([...path, 'host'], 'key').line}`;
}

/** Never shows the address: it may hold a password. */
function checkAddress(
  reading: Reading,
  path: string[],
  address: string,
  schemes: string[],
  mayHoldUser: boolean,
): void {
  const place = reading.overrides.get(path.join('.'))?.place ?? reading.source.at(path);
  const url = URL.parse(address);
  const begins = schemes.map((scheme) => `${scheme}://`).join(', ');
  if (!url?.hostname || !schemes.includes(url.protocol.slice(0, -1)))
    reading.findings.fault(
      place,
      'INVALID_VALUE',
      `is no such address, expected one that begins with ${begins}`,
    );
  else if (!mayHoldUser && (url.username || url.password))
    reading.findings.fault(
      place,
      'INVALID_VALUE',
      'holds a user or password, expected them in keys of their own',
    );
}

function tellTwoAddresses(
  reading: Reading,
  path: string[],
  whole: string,
  address: string,
  host: string | undefined,
  port: number | undefined,
): void {
  const url = URL.parse(address);
  const hostDiffers = host !== undefined && bracketed(host) !== url?.hostname;
  const portDiffers = port !== undefined && url?.port !== '' && String(port) !== url?.port;
  if (!hostDiffers && !portDiffers) return;
  const key = hostDiffers
    ? 'host'
    : valueAt(reading.source.root, [...path, 'bolt_port']) === undefined
      ? 'port'
      : 'bolt_port';
  const place = reading.source.at([...path, key], 'key');
  const other = reading.source.at([...path, whole], 'key');
  reading.findings.fault(
    place,
    'TWO_SPELLINGS',
    `names another server than ${other.path} in line ${other.line}`,
    'keep one of the two',
  );
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
