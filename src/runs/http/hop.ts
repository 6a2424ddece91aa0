// One request to one address: the name is looked up once, what may not be reached is left out, and only that is connected to.

import { lookup as systemLookup } from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { SchedulerError } from '#core/errors';

export interface Address {
  address: string;
  family: number;
}

/** How names become addresses, and which of these are closed; a test has names of its own. */
export interface Network {
  resolve(hostname: string): Promise<readonly Address[]>;
  isPrivate(address: string): boolean;
}

export interface Hop {
  url: URL;
  method: string;
  headers: Readonly<Record<string, string>>;
  body: Buffer | null;
  /** False = only addresses of the internet. */
  privateNetworks: boolean;
  signal: AbortSignal;
}

export const systemResolve: Network['resolve'] = (hostname) => systemLookup(hostname, { all: true });

/** Resolves with the head of the answer; its body is for the caller to read or to destroy. Throws FORBIDDEN. */
export async function send(hop: Hop, network: Network): Promise<http.IncomingMessage> {
  const { url, method, headers, body, signal } = hop;
  const addresses = await openAddresses(hop, network);
  signal.throwIfAborted();
  const { request } = url.protocol === 'https:' ? https : http;
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const outgoing = request(url, {
    method,
    headers: { ...headers, ...(body !== null && { 'content-length': String(body.length) }) },
    // A connection of its own and no proxy: what was checked is what is connected to.
    agent: false,
    lookup: only(addresses),
    signal,
  });
  outgoing.once('response', resolve);
  outgoing.once('error', reject);
  outgoing.end(body ?? undefined);
  return await promise;
}

async function openAddresses({ url, privateNetworks }: Hop, network: Network): Promise<readonly Address[]> {
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  const literal = isIP(hostname);
  const found = literal ? [{ address: hostname, family: literal }] : await network.resolve(hostname);
  const open = privateNetworks ? found : found.filter(({ address }) => !network.isPrivate(address));
  if (open.length > 0) return open;
  const what = found.map(({ address }) => address).join(', ') || 'no address';
  throw Object.assign(
    new SchedulerError(
      'FORBIDDEN',
      `${url.host} is in a private network (${what})`,
      'scheduler.http.private_networks: true lets jobs send requests there, to every service of this machine and its networks',
    ),
    { retryable: false },
  );
}

/** Answers what was looked up and checked, whatever the name means by now. */
function only(addresses: readonly Address[]): LookupFunction {
  const [first] = addresses;
  return (_hostname, options, done) => {
    if (options.all) done(null, [...addresses]);
    else done(null, first!.address, first!.family);
  };
}
