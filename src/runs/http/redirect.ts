// What follows an answer that points elsewhere: the next request, without what is meant for the first server only. Pure.

import { SchedulerError } from '#core/errors';
import type { Hop } from './hop.ts';

const REDIRECTS = [301, 302, 303, 307, 308];
/** Nothing else goes to another server: any other header may hold a secret. */
const FOR_ANYBODY = ['accept', 'accept-language', 'user-agent'];

/** Null = the answer is the last. Throws for what must not be followed. */
export function nextHop(hop: Hop, status: number, location: string | undefined): Hop | null {
  if (!REDIRECTS.includes(status) || location === undefined) return null;
  const url = URL.parse(location, hop.url);
  if (!url || !/^https?:$/.test(url.protocol)) throw notFollowed('to what is no http or https address');
  if (hop.url.protocol === 'https:' && url.protocol === 'http:') throw notFollowed('from https to http');
  url.username = '';
  url.password = '';
  const isElsewhere = url.origin !== hop.url.origin;
  const kept = Object.entries(hop.headers).filter(([name]) => !isElsewhere || FOR_ANYBODY.includes(name));
  const becomesGet = status === 303 ? hop.method !== 'HEAD' : status < 307 && hop.method === 'POST';
  if (!becomesGet && hop.body === null) return { ...hop, url, headers: Object.fromEntries(kept) };
  if (!becomesGet && isElsewhere) throw notFollowed('of a request with a body to another server');
  if (!becomesGet) return { ...hop, url, headers: Object.fromEntries(kept) };
  const bare = kept.filter(([name]) => name !== 'content-type' && name !== 'idempotency-key');
  return { ...hop, url, method: 'GET', body: null, headers: Object.fromEntries(bare) };
}

function notFollowed(what: string): Error {
  const message = `a redirect ${what} is not followed`;
  const fix = 'write the address where it ends';
  return Object.assign(new SchedulerError('EXECUTION_ERROR', message, fix), { retryable: false });
}
