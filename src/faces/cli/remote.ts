// A service that answers over HTTP, asked by the names of operations.

import { networkInterfaces } from 'node:os';
import type { Clock } from '#core/clock';
import { type ErrorCode, type ErrorRecord, SchedulerError } from '#core/errors';
import { usageError } from './exit.ts';

const PREFIX = '/api/v1/scheduler';
/** A service that is there says so at once; one that is not must not hold up a command that can do without. */
const ANSWERS_WITHIN_MS = 2_000;

export interface RemoteParts {
  url: string;
  /** From `--token` or SCHEDULER_TOKEN. */
  token: string | null;
  /** The token beside the ledger, for a service of this machine that wants one. */
  keptToken(): Promise<string | null>;
  clock: Clock;
  signal: AbortSignal;
}

interface Envelope {
  success: boolean;
  data?: unknown;
  error?: ErrorRecord;
}

export class Remote {
  readonly url: string;
  readonly #parts: RemoteParts;
  #token: string | null;

  constructor(parts: RemoteParts) {
    this.#parts = parts;
    this.url = baseOf(parts.url);
    this.#token = parts.token;
  }

  /** Something answers there as a scheduler does, whether it lets us in or not. */
  async answers(): Promise<boolean> {
    const { clock, signal } = this.#parts;
    const late = new AbortController();
    const stop = clock.timer(ANSWERS_WITHIN_MS, () => late.abort());
    try {
      const answer = await fetch(`${this.url}${PREFIX}/`, { signal: AbortSignal.any([late.signal, signal]) });
      return isEnvelope(await answer.json());
    } catch {
      return false;
    } finally {
      stop();
    }
  }

  /** Throws ENGINE_UNAVAILABLE where nobody answers, and what the service refuses as it says it. */
  async ask(operation: string, input: object): Promise<unknown> {
    const first = await this.#send(operation, input);
    if (first.success || first.error?.code !== 'UNAUTHENTICATED' || this.#token !== null)
      return dataOf(first);
    const kept = isOfThisMachine(this.url) ? await this.#parts.keptToken() : null;
    if (kept === null) return dataOf(first);
    this.#token = kept;
    return dataOf(await this.#send(operation, input));
  }

  async #send(operation: string, input: object): Promise<Envelope> {
    const { signal } = this.#parts;
    const token = this.#token === null ? {} : { authorization: `Bearer ${this.#token}` };
    try {
      const answer = await fetch(`${this.url}${PREFIX}/call/${operation}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...token },
        body: JSON.stringify(input),
        signal,
        // A token is for the service that was named, not for where it sends us.
        redirect: 'error',
      });
      const body: unknown = await answer.json();
      if (isEnvelope(body)) return body;
      throw new Error('its answer is not one of a scheduler');
    } catch (error) {
      if (signal.aborted) throw new SchedulerError('EXECUTION_ERROR', 'stopped before the answer came');
      throw unreachable(this.url, error);
    }
  }
}

function dataOf({ success, data, error }: Envelope): unknown {
  if (success) return data;
  const { code, message, fix } = error ?? { code: 'EXECUTION_ERROR', message: 'refused', fix: null };
  throw new SchedulerError(code as ErrorCode, message, fix);
}

function isEnvelope(body: unknown): body is Envelope {
  return typeof body === 'object' && body !== null && 'success' in body;
}

function unreachable(url: string, error: unknown): SchedulerError {
  const { cause, message } = error as Error;
  const because = (cause as { code?: string } | undefined)?.code ?? message;
  return new SchedulerError(
    'ENGINE_UNAVAILABLE',
    `no scheduler answers at ${url} (${because})`,
    'start it, correct the address, or leave --url out to work on the state directory',
    { cause: error },
  );
}

function baseOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '')
    throw usageError(`"${text}" is not the address of a service`, 'e.g. --url http://127.0.0.1:8787');
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

/** What lies beside a ledger of this machine is not shown to others. */
function isOfThisMachine(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost' || /^127(\.\d+){3}$/.test(host)) return true;
  return Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === host));
}
