// Addresses and credentials of Neo4j and RabbitMQ, from the file and from variables; null = not configured.

import type { Neo4jConfig, RabbitConfig } from '#core/handler';
import { checkMapping, note, originOf, type Reading, readSection, warnNearMisses } from './read.ts';
import { MASK } from './secrets.ts';
import { NEO4J, RABBITMQ } from './sections.ts';
import { isMapping, valueAt } from './tree.ts';

const NEO4J_PATH = ['databases', 'neo4j'];
const RABBIT_PATH = ['databases', 'rabbitmq'];
const NEO4J_SCHEMES = ['bolt', 'bolt+s', 'bolt+ssc', 'neo4j', 'neo4j+s', 'neo4j+ssc'];
const RABBIT_SCHEMES = ['amqp', 'amqps'];

/** Present as soon as `databases.neo4j` or one of its variables is. */
export function readNeo4j(reading: Reading): Neo4jConfig | null {
  if (!isConfigured(reading, NEO4J_PATH)) return null;
  warnNearMisses(reading, [...Object.keys(NEO4J), 'port'], NEO4J_PATH);
  const inside = withOneAddress(reading, NEO4J_PATH, 'uri', ['host', 'bolt_port', 'port']);
  const values = readSection(inside, NEO4J, NEO4J_PATH);
  const { host, bolt_port: port, user, password = null, database = null } = values;
  const uri = values.uri ?? `bolt://${bracketed(host ?? 'localhost')}:${port ?? 7687}`;
  if (values.uri === undefined) note(inside, [...NEO4J_PATH, 'uri'], uri, originOfHost(inside, NEO4J_PATH));
  else {
    checkAddress(inside, [...NEO4J_PATH, 'uri'], uri, NEO4J_SCHEMES, false);
    tellTwoAddresses(inside, [...NEO4J_PATH, 'uri'], uri, { host, port }, 'bolt_port');
  }
  return { uri, user, password, database };
}

/** Present as soon as `databases.rabbitmq` or one of its variables is. */
export function readRabbit(reading: Reading): RabbitConfig | null {
  if (!isConfigured(reading, RABBIT_PATH)) return null;
  warnNearMisses(reading, Object.keys(RABBITMQ), RABBIT_PATH);
  const inside = withOneAddress(reading, RABBIT_PATH, 'url', ['host', 'port']);
  const { url: whole, host, port, user, password } = readSection(inside, RABBITMQ, RABBIT_PATH);
  if (whole !== undefined) {
    checkAddress(inside, [...RABBIT_PATH, 'url'], whole, RABBIT_SCHEMES, true);
    tellTwoAddresses(inside, [...RABBIT_PATH, 'url'], whole, { host, port }, 'port');
    return { url: whole };
  }
  const server = `${bracketed(host ?? 'localhost')}:${port ?? 5672}`;
  const login = (secret: string) =>
    user ? `${encodeURIComponent(user)}${password ? `:${secret}` : ''}@` : '';
  const origin = originOfHost(inside, RABBIT_PATH);
  note(inside, [...RABBIT_PATH, 'url'], `amqp://${login(MASK)}${server}`, origin);
  return { url: `amqp://${login(encodeURIComponent(password ?? ''))}${server}` };
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
 * An address from a variable stands alone: one that says `host` hides the file's whole address, a whole
 * address hides every host and port.
 */
function withOneAddress(reading: Reading, path: string[], whole: string, parts: string[]): Reading {
  const has = (key: string) => reading.overrides.has([...path, key].join('.'));
  const hidden = has(whole) ? parts : has('host') ? [whole] : [];
  const dotted = hidden.map((key) => [...path, key].join('.'));
  const overrides = new Map([...reading.overrides].filter(([key]) => !dotted.includes(key)));
  const { source } = reading;
  const written = valueAt(source.root, path);
  if (!isMapping(written)) return { ...reading, overrides };
  const kept = Object.fromEntries(Object.entries(written).filter(([key]) => !hidden.includes(key)));
  const databases = { ...(source.root.databases as object), [String(path.at(-1))]: kept };
  const root = { ...source.root, databases };
  return {
    ...reading,
    overrides,
    source: { file: source.file, root, at: (...where) => source.at(...where) },
  };
}

function originOfHost(reading: Reading, path: string[]): string {
  const variable = reading.overrides.get([...path, 'host'].join('.'));
  if (variable) return variable.origin;
  const host = [...path, 'host'];
  return valueAt(reading.source.root, host) === undefined
    ? 'default'
    : originOf(reading.source.at(host, 'key'));
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
  address: string,
  parts: { host: string | undefined; port: number | undefined },
  portKey: string,
): void {
  const url = URL.parse(address);
  const hostDiffers = parts.host !== undefined && bracketed(parts.host) !== url?.hostname;
  const portDiffers = parts.port !== undefined && url?.port !== '' && String(parts.port) !== url?.port;
  if (!hostDiffers && !portDiffers) return;
  const other = [...path.slice(0, -1), hostDiffers ? 'host' : portKey];
  const place = reading.overrides.get(other.join('.'))?.place ?? reading.source.at(other, 'key');
  const first = reading.source.at(path, 'key');
  reading.findings.fault(
    place,
    'TWO_SPELLINGS',
    `names another server than ${first.path} in line ${first.line}`,
    'keep one of the two',
  );
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
