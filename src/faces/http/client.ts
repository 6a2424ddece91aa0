// A scheduler over HTTP, for programs: every operation by its name, typed as the table describes it.

import { type ErrorCode, type FieldFault, SchedulerError } from '#core/errors';
import type { OperationTypes } from '../operations/table.ts';

export type OperationName = keyof OperationTypes;
export type OperationInput<N extends OperationName> = OperationTypes[N]['input'];
export type OperationOutput<N extends OperationName> = OperationTypes[N]['output'];

export interface ClientOptions {
  /** Else `http://127.0.0.1:8787`. */
  url?: string;
  /** Of a service that wants one: the secret part. */
  token?: string;
  /** Else that of Node. */
  fetch?: typeof fetch;
}

export interface CallOptions {
  signal?: AbortSignal;
}

/** What the service refuses, as it says it. */
export class RefusedError extends SchedulerError {
  /** Of HTTP. */
  readonly status: number;
  readonly details: readonly FieldFault[];

  constructor(status: number, error: Refused) {
    super(error.code as ErrorCode, error.message, error.fix ?? null);
    this.name = 'RefusedError';
    this.status = status;
    this.details = error.details ?? [];
  }
}

interface Refused {
  code: string;
  message: string;
  fix?: string | null;
  details?: FieldFault[];
}

type Arguments<N extends OperationName> =
  Record<never, never> extends OperationInput<N>
    ? [input?: OperationInput<N>, options?: CallOptions]
    : [input: OperationInput<N>, options?: CallOptions];

const CALL = '/api/v1/scheduler/call/';

export class SchedulerClient {
  readonly #base: string;
  readonly #headers: Record<string, string>;
  readonly #fetch: typeof fetch;

  constructor({ url = 'http://127.0.0.1:8787', token, fetch: own = fetch }: ClientOptions = {}) {
    this.#base = new URL(CALL, url).href;
    this.#headers = {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    this.#fetch = own;
  }

  /** Throws RefusedError, ENGINE_UNAVAILABLE where nobody answers, and the reason of `signal`. */
  async call<N extends OperationName>(
    operation: N,
    ...[input = {} as OperationInput<N>, { signal } = {}]: Arguments<N>
  ): Promise<OperationOutput<N>> {
    const answer = await this.#post(operation, input, signal);
    const body = (await answer.json().catch(() => null)) as Partial<Envelope> | null;
    if (body?.success === true) return body.data as OperationOutput<N>;
    if (body?.error) throw new RefusedError(answer.status, body.error);
    throw unreachable(this.#base, `status ${answer.status}`);
  }

  async #post(operation: string, input: unknown, signal?: AbortSignal): Promise<Response> {
    try {
      return await this.#fetch(`${this.#base}${operation}`, {
        method: 'POST',
        headers: this.#headers,
        body: JSON.stringify(input),
        // A token is for the service that was named, not for where it sends us.
        redirect: 'error',
        ...(signal && { signal }),
      });
    } catch (error) {
      signal?.throwIfAborted();
      const { cause, message } = error as Error;
      throw unreachable(this.#base, (cause as { code?: string } | undefined)?.code ?? message);
    }
  }
}

interface Envelope {
  success: boolean;
  data: unknown;
  error: Refused;
}

function unreachable(base: string, because: string): SchedulerError {
  const { origin } = new URL(base);
  return new SchedulerError(
    'ENGINE_UNAVAILABLE',
    `no scheduler answers at ${origin} (${because})`,
    'start it, or correct the address',
  );
}
