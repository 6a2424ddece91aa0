// The handler `http`: one request, its redirects, and whether the answer is what was expected.

import type { IncomingMessage } from 'node:http';
import { SchedulerError } from '#core/errors';
import type { Handler, JobContext, JsonObject } from '#core/handler';
import type { BegunWork, HandlerHost } from '#core/programs';
import { ProgramLines } from '../programs/lines.ts';
import { isPrivateAddress } from './addresses.ts';
import { type Hop, type Network, send, systemResolve } from './hop.ts';
import { lostReference, type RequestInput, RunInput, WrittenInput } from './input.ts';
import { nextHop } from './redirect.ts';

/** Of a body: what is kept with the run, and what is read before the rest is left. */
const KEPT_BYTES = 64 * 1024;
const READ_BYTES = 8 * 1024 * 1024;
const USER_AGENT = 'aclarai-scheduler';
const READS_ONLY = ['GET', 'HEAD', 'OPTIONS'];

export function httpHandler(
  network: Network = { resolve: systemResolve, isPrivate: isPrivateAddress },
): Handler {
  return {
    info: {
      name: 'http',
      description: 'Sends an HTTP request and looks at the status of its answer',
      defaults: {},
      input: WrittenInput,
      file: null,
      canBeEnded: true,
    },
    codeHash: null,
    call() {
      throw new SchedulerError('EXECUTION_ERROR', 'http runs in the service only', 'schedule it as a job');
    },
    begin: (ctx, host) => begin(ctx, host, network),
  };
}

function begin(ctx: JobContext, host: HandlerHost, network: Network): BegunWork {
  const input = inputOf(ctx.input);
  if (ctx.dryRun) {
    ctx.log.info(`would send ${input.method}`, { host: new URL(input.url).host });
    return { result: Promise.resolve({ dry_run: true }), end: () => {} };
  }
  const ender = new AbortController();
  const cancelLimit = host.clock.timer(input.timeout, () => ender.abort(tooSlow(input.timeout)));
  const signal = AbortSignal.any([ctx.signal, ender.signal]);
  const result = ask(input, ctx, host, network, signal)
    .catch((error: unknown) => {
      // Whatever the connection says of it, it was ended for this reason.
      throw signal.aborted ? signal.reason : readable(error, input);
    })
    .finally(cancelLimit);
  return { result, end: () => ender.abort(ctx.signal.reason ?? new Error('the request was ended')) };
}

function inputOf(given: JsonObject): RequestInput {
  const lost = lostReference(given);
  if (lost !== null)
    throw refused(`${lost} stands for nothing`, 'set the variable, and name it in scheduler.secrets');
  const parsed = RunInput.safeParse(given);
  if (parsed.success) return parsed.data;
  // Values may be secret: only what they are is said.
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'input'}: ${message}`);
  throw refused(`invalid input for http: ${faults.join('; ')}`, 'correct the input of the job');
}

async function ask(
  input: RequestInput,
  ctx: JobContext,
  host: HandlerHost,
  network: Network,
  signal: AbortSignal,
): Promise<JsonObject> {
  let hop: Hop = { ...firstHop(input, ctx), privateNetworks: host.http.privateNetworks, signal };
  for (let redirects = 0; ; redirects++) {
    const answer = await send(hop, network);
    const next = nextHop(hop, answer.statusCode ?? 0, answer.headers.location);
    if (next === null) return await resultOf(answer, redirects, input, host);
    answer.destroy();
    if (redirects === input.redirects)
      throw refused(
        `more than ${redirects} redirects`,
        'write the address where it ends, or raise `redirects`',
      );
    hop = next;
  }
}

function firstHop(input: RequestInput, ctx: JobContext): Omit<Hop, 'privateNetworks' | 'signal'> {
  const { method, bearer, basic, body } = input;
  const text = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body);
  const own: Record<string, string> = { 'user-agent': USER_AGENT, accept: '*/*' };
  if (text !== null) own['content-type'] = typeof body === 'string' ? 'text/plain' : 'application/json';
  // The same for every attempt: a server that knows it does the work once.
  if (!READS_ONLY.includes(method)) own['idempotency-key'] = ctx.idempotencyKey;
  if (bearer !== undefined) own.authorization = `Bearer ${bearer}`;
  if (basic) own.authorization = `Basic ${Buffer.from(`${basic.user}:${basic.password}`).toString('base64')}`;
  const given = Object.entries(input.headers).map(([name, value]) => [name.toLowerCase(), value]);
  const headers = { ...own, ...Object.fromEntries(given) };
  return { url: new URL(input.url), method, headers, body: text === null ? null : Buffer.from(text) };
}

async function resultOf(
  answer: IncomingMessage,
  redirects: number,
  input: RequestInput,
  host: HandlerHost,
): Promise<JsonObject> {
  const status = answer.statusCode ?? 0;
  const { bytes, isWhole } = await read(answer, host);
  const statistics = { status, bytes, redirects, ...(!isWhole && { truncated: true }) };
  const { expected_status: expected } = input;
  if (expected ? expected.includes(status) : status >= 200 && status < 300)
    return { success: true, ...statistics };
  const wanted = expected ? expected.join(' or ') : '200 to 299';
  // What the server blames the request for will be the same next time.
  const retryable = status < 400 || status >= 500 || status === 408 || status === 425 || status === 429;
  return { success: false, error: `answered ${status}, expected ${wanted}`, retryable, ...statistics };
}

/** Text of the answer goes into the log of the run, as far as it is kept. */
async function read(
  answer: IncomingMessage,
  host: HandlerHost,
): Promise<{ bytes: number; isWhole: boolean }> {
  const isText = /^(text\/|application\/([\w.-]+\+)?(json|xml)\b)/i.test(
    answer.headers['content-type'] ?? '',
  );
  const lines = new ProgramLines(host.clock, (line) => host.log.written('stdout', line));
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    if (isText && bytes < KEPT_BYTES) lines.take(chunk.subarray(0, KEPT_BYTES - bytes));
    bytes += chunk.length;
    if (bytes > READ_BYTES) break;
  }
  lines.end();
  return { bytes, isWhole: bytes <= READ_BYTES };
}

/** What went wrong below HTTP, without the address: that may hold a secret. */
function readable(error: unknown, { url }: RequestInput): unknown {
  if (error instanceof SchedulerError) return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  const what = typeof code === 'string' ? code : String(message);
  return new SchedulerError(
    'EXECUTION_ERROR',
    `the request to ${new URL(url).host} failed: ${what}`,
    'look whether the server is up and its name and certificate are right',
    { cause: error },
  );
}

function tooSlow(ms: number): SchedulerError {
  return new SchedulerError(
    'EXECUTION_ERROR',
    `no answer within ${ms / 1000} s`,
    'raise `timeout` of the input',
  );
}

function refused(message: string, fix: string): Error {
  return Object.assign(new SchedulerError('INVALID_PARAMETERS', message, fix), { retryable: false });
}
