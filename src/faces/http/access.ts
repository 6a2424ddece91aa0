// Who asks over HTTP, and may they? Loopback alone is trusted, anybody else shows a token. Pure.

import { createHash, timingSafeEqual } from 'node:crypto';
import { SchedulerError } from '#core/errors';
import type { Settings } from '#service/host';
import { EFFECTS, type Effect } from '../operations/operation.ts';

export type Token = Settings['server']['tokens'][number];

export interface Caller {
  /** As ledger and audit name it: token or `local`, and the address. */
  by: string;
  /** The name of the token; null where none is asked for. */
  token: string | null;
  scope: Effect;
}

/** What a request says of itself. */
export interface Introduction {
  address: string;
  host: string | undefined;
  origin: string | undefined;
  authorization: string | undefined;
}

/**
 * With tokens: one of them, from anywhere. Without: loopback is admin, but for a page of another origin and for a
 * name that was made to point here. Throws UNAUTHENTICATED, FORBIDDEN.
 */
export function identify(given: Introduction, tokens: readonly Token[]): Caller {
  if (tokens.length > 0) return bearer(given, tokens);
  if (!isLoopback(given.address)) throw forbidden(`${given.address} is not this machine`);
  if (!isLoopback(nameOf(given.host)))
    throw forbidden(`the host ${JSON.stringify(given.host ?? '')} is not this machine`);
  if (given.origin !== undefined && given.origin !== `http://${given.host}`)
    throw forbidden(`a page of ${given.origin} may not ask here`);
  return { by: `api:local@${given.address}`, token: null, scope: 'admin' };
}

/** Throws FORBIDDEN where the caller's scope is too small. */
export function refuseBeyondScope(caller: Caller, effect: Effect): void {
  if (EFFECTS.indexOf(caller.scope) >= EFFECTS.indexOf(effect)) return;
  throw forbidden(`this needs the scope ${effect}, the token has ${caller.scope}`);
}

function bearer({ authorization, address }: Introduction, tokens: readonly Token[]): Caller {
  const [, secret = ''] = /^bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
  const shown = digest(secret);
  // All are compared, each in constant time: how long it takes says nothing.
  const [token] = tokens.filter((each) => timingSafeEqual(digest(each.secret), shown));
  if (token) return { by: `api:${token.name}@${address}`, token: token.name, scope: token.scope };
  throw new SchedulerError(
    'UNAUTHENTICATED',
    secret === '' ? 'a token is missing' : 'the token is not known',
    'send the header Authorization: Bearer <secret>',
  );
}

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function forbidden(message: string): SchedulerError {
  return new SchedulerError(
    'FORBIDDEN',
    message,
    'ask from this machine as localhost, or use a token that may',
  );
}

/** The name in `name:port`; empty where there is none. */
function nameOf(host: string | undefined): string {
  const [, name = ''] = /^(\[[\da-f:]+\]|[^:/@\s]+)(?::\d+)?$/i.exec(host ?? '') ?? [];
  return name;
}

/** `localhost`, `127.…` and `::1`, as names and as addresses. */
export function isLoopback(name: string): boolean {
  const plain = name.toLowerCase().replace(/^\[|\]$/g, '');
  const mapped = plain.replace(/^::ffff:/, '');
  return plain === 'localhost' || plain === '::1' || /^127(\.\d{1,3}){3}$/.test(mapped);
}
